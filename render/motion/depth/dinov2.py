"""DINOv2's vision transformer, which sees a picture as patches.

Source: Oquab et al., "DINOv2: Learning Robust Visual Features without Supervision" (2023). Modules have the names of
the state dicts that transformers publishes.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Dinov2Shape:
    """The sizes of a transformer.

    Attributes:
        side: of the square pictures that it was trained with, in pixels.
        taken: the layers whose results are taken, from 1.
        is_normed: whether a layer norm is applied to these.
    """

    hidden_size: int
    num_heads: int
    num_layers: int = 12
    mlp_ratio: int = 4
    patch: int = 14
    side: int = 518
    epsilon: float = 1e-6
    taken: tuple[int, ...]
    is_normed: bool = True


class Dinov2(nn.Module):
    """Maps (B, 3, H, W), sides multiples of the patch, to the taken layers' (B, hidden_size, H / patch, W / patch)."""

    def __init__(self, shape: Dinov2Shape) -> None:
        super().__init__()
        self._shape = shape
        self.embeddings = _Embeddings(shape)
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList(_Layer(shape) for _ in range(shape.num_layers))
        self.layernorm = nn.LayerNorm(shape.hidden_size, eps=shape.epsilon)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        rows, columns = (side // self._shape.patch for side in pictures.shape[-2:])
        tokens: Tensor = self.embeddings(pictures)
        found = []
        for number, layer in enumerate(self.encoder.layer, start=1):  # type: ignore[arg-type]
            tokens = layer(tokens)
            if number in self._shape.taken:
                kept = self.layernorm(tokens) if self._shape.is_normed else tokens
                found.append(kept[:, 1:].transpose(1, 2).reshape(len(pictures), -1, rows, columns))
        return found


class _Embeddings(nn.Module):
    def __init__(self, shape: Dinov2Shape) -> None:
        super().__init__()
        self._patch, self._across = shape.patch, shape.side // shape.patch
        self.cls_token = nn.Parameter(torch.zeros(1, 1, shape.hidden_size))
        self.mask_token = nn.Parameter(torch.zeros(1, shape.hidden_size))  # used in training only
        self.position_embeddings = nn.Parameter(torch.zeros(1, self._across**2 + 1, shape.hidden_size))
        self.patch_embeddings = nn.Module()
        self.patch_embeddings.projection = nn.Conv2d(3, shape.hidden_size, shape.patch, stride=shape.patch)

    def forward(self, pictures: Tensor) -> Tensor:
        patches: Tensor = self.patch_embeddings.projection(pictures)  # type: ignore[operator]
        places = self._places(patches.shape[-2], patches.shape[-1])
        first = self.cls_token.expand(len(pictures), -1, -1)
        return torch.cat([first, patches.flatten(2).transpose(1, 2)], dim=1) + places

    def _places(self, rows: int, columns: int) -> Tensor:
        if rows == columns == self._across:
            return self.position_embeddings
        grid = self.position_embeddings[:, 1:].transpose(1, 2).reshape(1, -1, self._across, self._across)
        grid = F.interpolate(grid, size=(rows, columns), mode="bicubic", align_corners=False)
        return torch.cat([self.position_embeddings[:, :1], grid.flatten(2).transpose(1, 2)], dim=1)


class _Layer(nn.Module):
    def __init__(self, shape: Dinov2Shape) -> None:
        super().__init__()
        size = shape.hidden_size
        self.norm1, self.norm2 = (nn.LayerNorm(size, eps=shape.epsilon) for _ in range(2))
        self.attention = _Attention(size, shape.num_heads)
        self.layer_scale1, self.layer_scale2 = _Scale(size), _Scale(size)
        self.mlp = _Mlp(size, size * shape.mlp_ratio)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.layer_scale1(self.attention(self.norm1(tokens)))
        changed: Tensor = self.layer_scale2(self.mlp(self.norm2(tokens)))
        return tokens + changed


class _Attention(nn.Module):
    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self._heads = heads
        self.attention, self.output = nn.Module(), nn.Module()
        for name in ("query", "key", "value"):
            self.attention.add_module(name, nn.Linear(size, size))
        self.output.dense = nn.Linear(size, size)

    def forward(self, tokens: Tensor) -> Tensor:
        query, key, value = (
            self._of_each_head(getattr(self.attention, name)(tokens)) for name in ("query", "key", "value")
        )
        seen = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        result: Tensor = self.output.dense(seen)  # type: ignore[operator]
        return result

    def _of_each_head(self, tokens: Tensor) -> Tensor:
        count, length, size = tokens.shape
        return tokens.view(count, length, self._heads, size // self._heads).transpose(1, 2)


class _Mlp(nn.Module):
    def __init__(self, size: int, wide: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(size, wide), nn.Linear(wide, size)

    def forward(self, tokens: Tensor) -> Tensor:
        result: Tensor = self.fc2(F.gelu(self.fc1(tokens)))
        return result


class _Scale(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.lambda1 = nn.Parameter(torch.ones(size))

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens * self.lambda1
