"""taming's mingpt as it was published, for comparison: `taming/modules/transformer/mingpt.py`, formula by formula.

Written down from the equations of the source, without a cache and without any code of ours.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from render.models.net2net import GPTShape
from render.priors.transformer.gpt import GPT


def logits(state: dict[str, Tensor], num_heads: int, codes: Tensor, n_unmasked: int = 0) -> Tensor:
    """`GPT.forward` in evaluation, from a state dict under the published names: (B, T, vocabulary)."""
    length, width = codes.shape[1], state["tok_emb.weight"].shape[1]
    mask = torch.tril(torch.ones(length, length))
    mask[:n_unmasked, :n_unmasked] = 1
    x = F.embedding(codes, state["tok_emb.weight"]) + state["pos_emb"][:, :length]
    for layer in range(sum(key.endswith("ln1.weight") for key in state)):
        part = {key.split(".", 2)[2]: value for key, value in state.items() if key.startswith(f"blocks.{layer}.")}
        y = F.layer_norm(x, (width,), part["ln1.weight"], part["ln1.bias"])
        heads = []
        for head in torch.arange(width).chunk(num_heads):
            query, key, value = (
                F.linear(y, part[f"attn.{name}.weight"][head], part[f"attn.{name}.bias"][head])
                for name in ("query", "key", "value")
            )
            shares = (query @ key.mT / math.sqrt(len(head))).masked_fill(mask == 0, float("-inf")).softmax(-1)
            heads.append(shares @ value)
        x = x + F.linear(torch.cat(heads, -1), part["attn.proj.weight"], part["attn.proj.bias"])
        y = F.layer_norm(x, (width,), part["ln2.weight"], part["ln2.bias"])
        y = F.gelu(F.linear(y, part["mlp.0.weight"], part["mlp.0.bias"]))
        x = x + F.linear(y, part["mlp.2.weight"], part["mlp.2.bias"])
    return F.linear(F.layer_norm(x, (width,), state["ln_f.weight"], state["ln_f.bias"]), state["head.weight"])


def published_state(
    vocabulary: int, block: int, layers: int, width: int, *, scale: float = 0.3, seed: int = 0
) -> dict[str, Tensor]:
    """Random weights under every name of a published transformer, its buffers among them.

    `scale` is wider than minGPT's 0.02, so that codes depend on each other.
    """
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return scale * torch.randn(*shape, generator=generator)

    state = {"tok_emb.weight": normal(vocabulary, width), "pos_emb": normal(1, block, width)}
    for layer in range(layers):
        prefix = f"blocks.{layer}."
        for norm in ("ln1", "ln2"):
            state |= {f"{prefix}{norm}.weight": 1 + normal(width), f"{prefix}{norm}.bias": normal(width)}
        for name in ("key", "query", "value", "proj"):
            state |= {f"{prefix}attn.{name}.weight": normal(width, width), f"{prefix}attn.{name}.bias": normal(width)}
        state[f"{prefix}attn.mask"] = torch.tril(torch.ones(block, block))[None, None]
        state |= {f"{prefix}mlp.0.weight": normal(4 * width, width), f"{prefix}mlp.0.bias": normal(4 * width)}
        state |= {f"{prefix}mlp.2.weight": normal(width, 4 * width), f"{prefix}mlp.2.bias": normal(width)}
    state |= {"ln_f.weight": 1 + normal(width), "ln_f.bias": normal(width), "head.weight": normal(vocabulary, width)}
    return state


def weights_only(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Without the buffers of masks."""
    return {key: value for key, value in state.items() if not key.endswith("attn.mask")}


def loaded(shape: GPTShape, state: dict[str, Tensor]) -> GPT:
    """Our module with these weights, in double precision: two ways to compute the same then draw the same codes."""
    module = GPT(shape)
    module.load_state_dict(weights_only(state))
    return module.double().eval()


def tiny(vocabulary: int = 12, block: int = 16, *, n_unmasked: int = 0, seed: int = 0) -> tuple[GPT, dict[str, Tensor]]:
    """A transformer of two layers, and its weights in double precision."""
    state = published_state(vocabulary, block, layers=2, width=8, seed=seed)
    shape = GPTShape(vocab_size=vocabulary, block_size=block, n_layer=2, n_head=2, n_embd=8, n_unmasked=n_unmasked)
    return loaded(shape, state), {key: value.double() for key, value in weights_only(state).items()}
