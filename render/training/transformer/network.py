"""The transformer in training: the parameters of the graph that the renderer samples, and a fast pass over them.

What differs from `render.priors.transformer.gpt` while it is trained: the embeddings of codes know from the start which
codes are alike, and those of places which are in one row or column; query, key and value are one product; the pass is
in bf16 over float32 parameters. `plain` gives the renderer's parameters, in which all this is summed up.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from render.models.net2net import GPTShape
from render.priors.transformer.gpt import GPT, Block
from render.priors.transformer.texts import TextStage
from render.training.config import TransformerConfig


def shape_of(config: TransformerConfig) -> GPTShape:
    """The size of the transformer: positions for the text, then a code for each but the last, which is never read."""
    return GPTShape(
        vocab_size=config.codes,
        block_size=config.positions + config.grid**2 - 1,
        n_layer=config.layers,
        n_head=config.heads,
        n_embd=config.width,
    )


class Learner(nn.Module):
    """The transformer and the stage of its condition, with what helps them to learn.

    Args:
        codebook: (K, C), the entries that the codes stand for.
        embed_dim: length of a text's embedding.
    """

    def __init__(self, config: TransformerConfig, codebook: Tensor, embed_dim: int) -> None:
        super().__init__()
        width, self.positions, self.grid = config.width, config.positions, config.grid
        self.gpt = GPT(shape_of(config))
        self.stage = TextStage(embed_dim, width, config.positions)
        self.entries: Tensor
        self.register_buffer("entries", codebook / codebook.std())
        self.looks = nn.Linear(codebook.shape[1], width, bias=False)
        self.looks_out = nn.Linear(codebook.shape[1], width, bias=False)
        self.rows = nn.Parameter(torch.zeros(config.grid, 1, width))
        self.columns = nn.Parameter(torch.zeros(1, config.grid, width))
        self.apply(_initialise)
        for name, weight in self.gpt.named_parameters():
            if name.endswith(("attn.proj.weight", "mlp.2.weight")):
                nn.init.normal_(weight, std=0.02 / (2 * config.layers) ** 0.5)
        nn.init.normal_(self.stage.proj.weight, std=0.1)  # a unit vector's numbers are small
        nn.init.normal_(self.stage.null, std=embed_dim**-0.5)

    def forward(self, texts: Tensor, absent: Tensor, codes: Tensor, dtype: torch.dtype = torch.bfloat16) -> Tensor:
        """Return the logits (B, T, K) of codes (B, T), each given those before it.

        Args:
            texts: (B, D), unit vectors.
            absent: (B,) of bool, of which examples the text is left out.
        """
        gpt = self.gpt
        before = self.stage(torch.where(absent[:, None], self.stage.null, texts))
        x = torch.cat((before, F.embedding(codes[:, :-1], self._tokens())), dim=1) + self._places()
        x = x.to(dtype)
        mask = torch.full((x.shape[1], x.shape[1]), float("-inf"), dtype=dtype).triu(1)
        for block in gpt.blocks:
            assert isinstance(block, Block)
            x = _block(block, x, mask)
        x = _norm(gpt.ln_f, x[:, self.positions - 1 :])
        return F.linear(x, self._head().to(dtype))

    def plain(self) -> dict[str, Tensor]:
        """Return the parameters of the renderer's `GPT`."""
        found = {key: value.detach() for key, value in self.gpt.state_dict().items()}
        found |= {"tok_emb.weight": self._tokens().detach(), "pos_emb": self._places().detach()[None]}
        return found | {"head.weight": self._head().detach()}

    def _tokens(self) -> Tensor:
        summed: Tensor = self.gpt.tok_emb.weight + self.looks(self.entries)
        return summed

    def _head(self) -> Tensor:
        summed: Tensor = self.gpt.head.weight + self.looks_out(self.entries)
        return summed

    def _places(self) -> Tensor:
        """Of every position: beside its number, row and column of the code that is drawn after it."""
        cells = (self.rows + self.columns).flatten(0, 1)
        return self.gpt.pos_emb[0] + F.pad(cells, (0, 0, self.positions - 1, 0))


def _initialise(module: nn.Module) -> None:
    """As minGPT."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)


def _norm(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    return F.layer_norm(x, norm.normalized_shape, norm.weight.to(x.dtype), norm.bias.to(x.dtype), norm.eps)


def _linear(layer: nn.Linear, x: Tensor) -> Tensor:
    return F.linear(x, layer.weight.to(x.dtype), layer.bias.to(x.dtype))


def _block(block: Block, x: Tensor, mask: Tensor) -> Tensor:
    x = x + _attended(block, _norm(block.ln1, x), mask)
    wide, narrow = block.mlp[0], block.mlp[2]
    assert isinstance(wide, nn.Linear)
    assert isinstance(narrow, nn.Linear)
    return x + _linear(narrow, F.gelu(_linear(wide, _norm(block.ln2, x))))


def _attended(block: Block, x: Tensor, mask: Tensor) -> Tensor:
    """Attention by two batched products: on a CPU the fused kernel's backward pass is three times as slow in bf16."""
    attn, heads = block.attn, block.attn.num_heads
    layers = attn.query, attn.key, attn.value
    weight, bias = (torch.cat([getattr(layer, name) for layer in layers]).to(x.dtype) for name in ("weight", "bias"))
    batch, length, width = x.shape
    parts = F.linear(x, weight, bias).view(batch, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4).flatten(1, 2)
    query, key, value = parts.unbind(0)
    scale = (width // heads) ** -0.5
    scores = torch.baddbmm(mask.expand(len(query), -1, -1), query, key.transpose(1, 2), alpha=scale)
    seen = torch.bmm(scores.softmax(dim=-1), value).view(batch, heads, length, width // heads)
    return _linear(attn.proj, seen.transpose(1, 2).flatten(2))
