"""The transformer of VQGAN's second stage, under its published parameter names, with a cache of keys and values.

Source: Karpathy, minGPT, as taming-transformers ships it (`taming/modules/transformer/mingpt.py`); that module does not
    import beside a current `transformers`. What differs: no dropout, the mask is computed instead of stored, the cache
    is allocated once, and several codes may be appended to it in one call.
"""

import torch
from torch import Tensor, nn

from render.kernels.attention import attend
from render.models.net2net import GPTShape


class Cache:
    """The keys and values of the positions that a transformer has already seen."""

    def __init__(self, shape: GPTShape, batch: int, length: int, like: Tensor) -> None:
        size = (shape.n_layer, batch, shape.n_head, length, shape.n_embd // shape.n_head)
        self.keys = like.new_empty(size)
        self.values = like.new_empty(size)
        self.length = 0

    def clear(self) -> None:
        """Forget every position; the memory is used again."""
        self.length = 0

    def extended(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Append keys and values (B, heads, T, D) to those of a layer and return all of them: (B, heads, length, D)."""
        end = self.length + key.shape[2]
        self.keys[layer, :, :, self.length : end] = key
        self.values[layer, :, :, self.length : end] = value
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]


class SelfAttention(nn.Module):
    """Multi-head attention to earlier positions."""

    def __init__(self, shape: GPTShape, layer: int) -> None:
        super().__init__()
        self.key = nn.Linear(shape.n_embd, shape.n_embd)
        self.query = nn.Linear(shape.n_embd, shape.n_embd)
        self.value = nn.Linear(shape.n_embd, shape.n_embd)
        self.proj = nn.Linear(shape.n_embd, shape.n_embd)
        self.num_heads = shape.n_head
        self.layer = layer

    def forward(self, x: Tensor, mask: Tensor | None, cache: Cache | None) -> Tensor:
        query, key, value = (part(x).unflatten(-1, (self.num_heads, -1)).transpose(1, 2) for part in self._parts)
        if cache is not None:
            key, value = cache.extended(self.layer, key, value)
        mixed: Tensor = self.proj(attend(query, key, value, mask).transpose(1, 2).flatten(2))
        return mixed

    @property
    def _parts(self) -> tuple[nn.Linear, nn.Linear, nn.Linear]:
        return self.query, self.key, self.value


class Block(nn.Module):
    """Attention and a two-layer perceptron, each on a residual path after a layer norm."""

    def __init__(self, shape: GPTShape, layer: int) -> None:
        super().__init__()
        self.ln1 = nn.LayerNorm(shape.n_embd)
        self.ln2 = nn.LayerNorm(shape.n_embd)
        self.attn = SelfAttention(shape, layer)
        self.mlp = nn.Sequential(
            nn.Linear(shape.n_embd, 4 * shape.n_embd), nn.GELU(), nn.Linear(4 * shape.n_embd, shape.n_embd)
        )

    def forward(self, x: Tensor, mask: Tensor | None, cache: Cache | None) -> Tensor:
        x = x + self.attn(self.ln1(x), mask, cache)
        added: Tensor = self.mlp(self.ln2(x))
        return x + added


class GPT(nn.Module):
    """A transformer over codes: the logits of each code, given those before it."""

    def __init__(self, shape: GPTShape) -> None:
        super().__init__()
        self.shape = shape
        self.tok_emb = nn.Embedding(shape.vocab_size, shape.n_embd)
        self.pos_emb = nn.Parameter(torch.zeros(1, shape.block_size, shape.n_embd))
        self.blocks = nn.ModuleList(Block(shape, layer) for layer in range(shape.n_layer))
        self.ln_f = nn.LayerNorm(shape.n_embd)
        self.head = nn.Linear(shape.n_embd, shape.vocab_size, bias=False)

    def cache(self, batch: int, length: int) -> Cache:
        """Return an empty cache for sequences of up to `length` positions."""
        return Cache(self.shape, batch, length, self.pos_emb.data)

    def forward(self, codes: Tensor, embeddings: Tensor | None = None, cache: Cache | None = None) -> Tensor:
        """Return the logits of the code after each position.

        Args:
            codes: (B, T), whole numbers below `vocab_size`.
            embeddings: (B, E, n_embd), of a condition that is no code, such as a text; they stand before the codes.
            cache: what came before them; the new positions are added to it.

        Returns:
            (B, E + T, vocab_size).
        """
        x = self.tok_emb(codes)
        if embeddings is not None:
            x = torch.cat((embeddings.to(x.dtype), x), dim=1)
        start = 0 if cache is None else cache.length
        end = start + x.shape[1]
        if end > self.shape.block_size:
            raise ValueError(f"expected at most {self.shape.block_size} positions, got {end}")
        x = x + self.pos_emb[:, start:end]
        mask = self._mask(start, end) if end - start > 1 else None  # the last position sees every other
        for block in self.blocks:
            x = block(x, mask, cache)
        if cache is not None:
            cache.length = end
        logits: Tensor = self.head(self.ln_f(x))
        return logits

    def _mask(self, start: int, end: int) -> Tensor:
        """Which positions see which: (end - start, end), true if the one of the row sees that of the column."""
        places = torch.arange(end, device=self.pos_emb.device)
        row, unmasked = places[start:, None], self.shape.n_unmasked
        return (places <= row) | ((row < unmasked) & (places < unmasked))
