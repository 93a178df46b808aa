"""Launch the kernels: how a picture is split, and in which order they run."""

from dataclasses import dataclass

import torch
import triton
from torch import Tensor

from render.kernels.triton_norm import backward, forward

_TILE = 2048  # numbers of each tensor that a program has in its registers at a time
_MOST_CHANNELS = 64  # of a tile: in half precision one line of the cache, 128 bytes
_MOST_SPLITS = 512  # of a picture: about eight programs for each processor of a large GPU


@dataclass(frozen=True, kw_only=True)
class _Split:
    """How (B, C, H, W) is split into programs; it depends on a picture's size, not on how many there are."""

    batch: int
    channels: int
    pixels: int
    width: int  # channels of a tile
    rows: int  # pixels of a tile
    chunk: int  # pixels of a program that reads the picture for a partial result

    @classmethod
    def of(cls, x: Tensor) -> "_Split":
        batch, channels, height, width = x.shape
        across = min(triton.next_power_of_2(channels), _MOST_CHANNELS)
        rows = _TILE // across
        chunk = triton.cdiv(triton.cdiv(height * width, _MOST_SPLITS), rows) * rows
        return cls(batch=batch, channels=channels, pixels=height * width, width=across, rows=rows, chunk=chunk)

    @property
    def parts(self) -> int:
        return int(triton.cdiv(self.pixels, self.chunk))

    def grid(self, rows: int) -> tuple[int, int, int]:
        return triton.cdiv(self.pixels, rows), triton.cdiv(self.channels, self.width), self.batch

    def partials(self, x: Tensor) -> Tensor:
        return x.new_empty((2, self.batch, self.parts, self.channels), dtype=torch.float32)

    def combining(self, groups: int) -> dict[str, int]:
        """The tile of a kernel that combines the partial results of a group."""
        width = triton.next_power_of_2(self.channels // groups)
        return {"rows": max(1, _TILE // width), "width": width}


def norm(
    x: Tensor, added: Tensor | None, weight: Tensor, bias: Tensor, groups: int, eps: float, silu: bool
) -> tuple[Tensor, Tensor]:
    """Norm x (B, C, H, W), channels_last, and return with it the statistics (2, B, groups): mean, 1 / deviation."""
    split = _Split.of(x)
    partials = split.partials(x)
    stats = x.new_empty((2, split.batch, groups), dtype=torch.float32)
    made = torch.empty_like(x, memory_format=torch.channels_last)
    tile = {"rows": split.rows, "width": split.width}
    with torch.cuda.device_of(x):  # type: ignore[no-untyped-call]
        forward.moments_kernel[split.grid(split.chunk)](
            x, added, partials, split.pixels, split.channels, split.chunk, **tile
        )
        forward.statistics_kernel[(groups, split.batch)](
            partials, stats, split.pixels, split.channels, split.chunk, split.parts, eps, **split.combining(groups)
        )
        forward.norm_kernel[split.grid(split.rows)](
            x, added, weight, bias, stats, made, split.pixels, split.channels, groups, silu=silu, **tile
        )
    return made, stats


def gradient(
    grad: Tensor, x: Tensor, added: Tensor | None, weight: Tensor, bias: Tensor, stats: Tensor, silu: bool
) -> Tensor:
    """Convert the gradient of `norm`'s result to that of x; both are channels_last."""
    split, groups = _Split.of(x), stats.shape[-1]
    partials, means = split.partials(x), torch.empty_like(stats)
    made = torch.empty_like(x, memory_format=torch.channels_last)
    tile = {"rows": split.rows, "width": split.width}
    with torch.cuda.device_of(x):  # type: ignore[no-untyped-call]
        backward.slopes_kernel[split.grid(split.chunk)](
            grad,
            x,
            added,
            weight,
            bias,
            stats,
            partials,
            split.pixels,
            split.channels,
            groups,
            split.chunk,
            silu=silu,
            **tile,
        )
        backward.means_kernel[(groups, split.batch)](
            partials, weight, means, split.pixels, split.channels, split.parts, **split.combining(groups)
        )
        backward.gradient_kernel[split.grid(split.rows)](
            grad, x, added, weight, bias, stats, means, made, split.pixels, split.channels, groups, silu=silu, **tile
        )
    return made
