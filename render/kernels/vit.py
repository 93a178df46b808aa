"""open_clip's vision transformer with frozen weights: the same graph, fewer and faster passes.

What differs from open_clip's module: patches are embedded by a reshape and one matrix product; the last block
is computed only for the class token, whose output is the only one used; QuickGELU, x sigmoid(1.702 x), is SiLU
with the factor moved into the layers around it; attention is that of `render.kernels.attention`.

Source: Dosovitskiy et al., "An Image is Worth 16x16 Words" (2021).
"""

from typing import Any

import torch
from open_clip.transformer import LayerNorm, QuickGELU, ResidualAttentionBlock, VisionTransformer
from torch import Tensor, nn

from render.kernels.attention import attend
from render.kernels.linear import FrozenLinear

QUICK = 1.702  # QuickGELU's factor


def fits(visual: nn.Module) -> bool:
    """Whether `visual` is the plain transformer that `FrozenViT` computes; CLIP models have many others."""
    if type(visual) is not VisionTransformer or visual.attn_pool is not None or visual.pool_type != "tok":
        return False
    blocks = list(visual.transformer.resblocks)
    norms = [visual.ln_pre, visual.ln_post, *(norm for block in blocks for norm in (block.ln_1, block.ln_2))]
    return (
        visual.proj is not None
        and not visual.output_tokens
        and isinstance(visual.patch_dropout, nn.Identity)
        and all(type(norm) in (LayerNorm, nn.LayerNorm, nn.Identity) for norm in norms)
        and all(_is_plain(block) for block in blocks)
    )


def _is_plain(block: Any) -> bool:
    return (
        type(block) is ResidualAttentionBlock
        and type(block.attn) is nn.MultiheadAttention
        and block.attn.in_proj_weight is not None
        and all(isinstance(scale, nn.Identity) for scale in (block.ls_1, block.ls_2))
        and type(block.mlp.gelu) in (QuickGELU, nn.GELU)
    )


class FrozenViT(nn.Module):
    """A `VisionTransformer` of open_clip for which `fits` is true: (N, 3, S, S) to (N, D), not normalised."""

    def __init__(self, visual: Any) -> None:
        super().__init__()
        conv = visual.conv1
        self.patch = int(conv.kernel_size[0])
        self.patches = FrozenLinear(conv.weight.flatten(1))
        self.register_buffer("class_token", visual.class_embedding.detach())
        self.register_buffer("positions", visual.positional_embedding.detach())
        self.register_buffer("projection", visual.proj.detach())
        self.ln_pre, self.ln_post = visual.ln_pre, visual.ln_post
        self.blocks = nn.ModuleList(FrozenBlock(block) for block in visual.transformer.resblocks)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.patches(self._cut(images))
        first = self.get_buffer("class_token").expand(len(tokens), 1, -1)
        tokens = self.ln_pre(torch.cat([first, tokens], dim=1) + self.get_buffer("positions"))
        for block in self.blocks[:-1]:
            tokens = block(tokens)
        seen: Tensor = self.ln_post(self.blocks[-1](tokens, num_read=1)[:, 0])
        return seen @ self.get_buffer("projection")

    def _cut(self, images: Tensor) -> Tensor:
        """Cut pictures (N, 3, S, S) into patches (N, patches, 3 * patch * patch)."""
        count, channels, side, _ = images.shape
        across, patch = side // self.patch, self.patch
        cut = images.reshape(count, channels, across, patch, across, patch).permute(0, 2, 4, 1, 3, 5)
        return cut.reshape(count, across * across, channels * patch * patch)


class FrozenBlock(nn.Module):
    """A `ResidualAttentionBlock`: (N, T, D) to (N, T, D), or to its first `num_read` tokens."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        self.heads = int(block.attn.num_heads)
        self.ln_1, self.ln_2 = block.ln_1, block.ln_2
        weight, bias = block.attn.in_proj_weight, block.attn.in_proj_bias
        width = len(weight) // 3
        self.query = FrozenLinear(weight[:width], bias[:width])
        self.key_value = FrozenLinear(weight[width:], bias[width:])
        self.attention_out = FrozenLinear(block.attn.out_proj.weight, block.attn.out_proj.bias)
        quick = isinstance(block.mlp.gelu, QuickGELU)
        factor = QUICK if quick else 1.0
        self.widen = FrozenLinear(block.mlp.c_fc.weight * factor, block.mlp.c_fc.bias * factor)
        self.act: nn.Module = nn.SiLU() if quick else block.mlp.gelu
        self.narrow = FrozenLinear(block.mlp.c_proj.weight / factor, block.mlp.c_proj.bias)

    def forward(self, tokens: Tensor, num_read: int | None = None) -> Tensor:
        tokens = tokens[:, :num_read] + self._attention(self.ln_1(tokens), num_read)
        moved: Tensor = self.narrow(self.act(self.widen(self.ln_2(tokens))))
        return tokens + moved

    def _attention(self, tokens: Tensor, num_read: int | None) -> Tensor:
        count, _, width = tokens.shape
        parts = self.query(tokens[:, :num_read]), *torch.split(self.key_value(tokens), width, dim=-1)
        query, key, value = (self._by_head(part) for part in parts)
        seen = attend(query, key, value)
        attended: Tensor = self.attention_out(seen.transpose(1, 2).reshape(count, -1, width))
        return attended

    def _by_head(self, tokens: Tensor) -> Tensor:
        count, length, width = tokens.shape
        return tokens.view(count, length, self.heads, width // self.heads).transpose(1, 2)
