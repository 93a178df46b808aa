"""Launch the kernels: how a picture is split, and in which order they run."""

import functools
from dataclasses import dataclass

import torch
from torch import Tensor

from render.kernels.triton_norm import backward, forward

_TILE = 2048  # numbers of each tensor that a program has in its registers at a time
_MOST_CHANNELS = 64  # of a tile: in half precision one line of the cache, 128 bytes
_MOST_SPLITS = 512  # of a picture: about eight programs for each processor of a large GPU


@dataclass(frozen=True, kw_only=True)
class _Split:
    """How (B, C, H, W) is split into programs; it depends on a picture's size, not on how many there are."""

    pixels: int
    channels: int
    chunk: int  # pixels of a program that reads the picture for a partial result
    parts: int  # how many such programs a picture has
    reading: tuple[int, int, int]  # the grid of a kernel that reads the picture for partial results
    combining: tuple[int, int]  # of one that combines those of a group
    writing: tuple[int, int, int]  # of one that writes a picture
    tile: dict[str, int]  # pixels and channels of a tile
    combined: dict[str, int]  # partial results and channels of a tile while combining


@functools.lru_cache(maxsize=256)
def _split(batch: int, channels: int, pixels: int, groups: int) -> _Split:
    across = min(_power_of_2(channels), _MOST_CHANNELS)
    rows = _TILE // across
    of_group = _power_of_2(channels // groups)
    chunk = _up(_up(pixels, _MOST_SPLITS), rows) * rows
    blocks, parts = _up(channels, across), _up(pixels, chunk)
    return _Split(
        pixels=pixels,
        channels=channels,
        chunk=chunk,
        parts=parts,
        reading=(parts, blocks, batch),
        combining=(groups, batch),
        writing=(_up(pixels, rows), blocks, batch),
        tile={"rows": rows, "width": across},
        combined={"rows": max(1, _TILE // of_group), "width": of_group},
    )


def norm(
    x: Tensor, added: Tensor | None, weight: Tensor, bias: Tensor, groups: int, eps: float, silu: bool
) -> tuple[Tensor, Tensor]:
    """Norm x (B, C, H, W), channels_last, and return with it the statistics (2, B, groups): mean, 1 / deviation."""
    batch, channels, height, width = x.shape
    s = _split(batch, channels, height * width, groups)
    partials = x.new_empty((2, batch, s.parts, channels), dtype=torch.float32)
    stats = x.new_empty((2, batch, groups), dtype=torch.float32)
    made = torch.empty_like(x, memory_format=torch.channels_last)
    with torch.cuda.device_of(x):  # type: ignore[no-untyped-call]
        forward.moments_kernel[s.reading](x, added, partials, s.pixels, channels, s.chunk, **s.tile)
        forward.statistics_kernel[s.combining](partials, stats, s.pixels, channels, s.chunk, s.parts, eps, **s.combined)
        forward.norm_kernel[s.writing](
            x, added, weight, bias, stats, made, s.pixels, channels, groups, silu=silu, **s.tile
        )
    return made, stats


def gradient(
    grad: Tensor, x: Tensor, added: Tensor | None, weight: Tensor, bias: Tensor, stats: Tensor, silu: bool
) -> Tensor:
    """Convert the gradient of `norm`'s result to that of x; both are channels_last."""
    batch, channels, height, width = x.shape
    groups = stats.shape[-1]
    s = _split(batch, channels, height * width, groups)
    partials = x.new_empty((2, batch, s.parts, channels), dtype=torch.float32)
    means, made = torch.empty_like(stats), torch.empty_like(x, memory_format=torch.channels_last)
    inputs = grad, x, added, weight, bias, stats
    with torch.cuda.device_of(x):  # type: ignore[no-untyped-call]
        backward.slopes_kernel[s.reading](*inputs, partials, s.pixels, channels, groups, s.chunk, silu=silu, **s.tile)
        backward.means_kernel[s.combining](partials, weight, means, s.pixels, channels, s.parts, **s.combined)
        backward.gradient_kernel[s.writing](*inputs, means, made, s.pixels, channels, groups, silu=silu, **s.tile)
    return made


def _up(number: int, step: int) -> int:
    """Divide, rounding up."""
    return -(-number // step)


def _power_of_2(number: int) -> int:
    """The smallest power of two that is not less."""
    return 1 << (number - 1).bit_length()
