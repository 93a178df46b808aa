"""Sample and shrink pictures so that, on a GPU, equal inputs give an equal gradient to the bit.

The gradient of `grid_sample` and that of antialiased interpolation add floating-point numbers with atomics on CUDA, in
an order that differs from run to run. Here the first adds integers, whose sum is the same in any order, and the second
is a matrix product.
"""

import functools
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from render.kernels import fused_places, hardware, places

_BITS = 61  # of an int64, for the largest possible sum; the sign, and two to spare for rounding
_SMALLEST = 2.0**-80  # gradients below it are counted in units of it, so that no unit is subnormal


def sampled(image: Tensor, grid: Tensor, padding: str) -> Tensor:
    """Sample a picture bilinearly, as `F.grid_sample` does with `align_corners=False`.

    Only the gradient on CUDA differs: it is the same in every run, and `grid` has none.

    Args:
        image: (B, C, H, W).
        grid: (B, h, w, 2), x and y, [-1, 1] if inside.
        padding: "reflection" or "border".

    Returns:
        (B, C, h, w).
    """
    if not hardware.is_on_cuda(image):
        return F.grid_sample(image, grid, mode="bilinear", padding_mode=padding, align_corners=False)
    return sampled_in_any_order(image, grid, padding)


def sampled_in_any_order(image: Tensor, grid: Tensor, padding: str) -> Tensor:
    """Do what `sampled` does on CUDA, on any device: the gradient does not depend on the order of the places."""
    found: Tensor = _Sampled.apply(image, grid, padding)
    return found


class _Sampled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, image: Tensor, grid: Tensor, padding: str) -> Tensor:
        ctx.save_for_backward(grid)
        ctx.size, ctx.padding = image.shape[-2:], padding
        return F.grid_sample(image, grid, mode="bilinear", padding_mode=padding, align_corners=False)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (grid,) = ctx.saved_tensors
        gradient = gradients[0].flatten(2)
        unit = _unit(gradient)
        added = fused_places.added if fused_places.runs(gradient) else places.added
        height, width = ctx.size
        sums = added(gradient / unit, grid.flatten(1, 2), height, width, ctx.padding == "reflection")
        return (sums.to(gradient.dtype) * unit).view(*sums.shape[:2], height, width), None, None


def _unit(gradient: Tensor) -> Tensor:
    """Return of what size one step of an integer is: (B, 1, 1), powers of two, or NaN if the gradient is not finite.

    No pixel's sum leaves an int64: a place adds at most its gradient to it. Every picture of a batch has its own unit,
    so that its gradient does not depend on the others. Nothing is read back from the device.

    Args:
        gradient: (B, C, N), of N places.
    """
    largest = gradient.abs().amax(dim=(1, 2), keepdim=True).clamp(min=_SMALLEST)
    above = largest / torch.frexp(largest).mantissa  # the next power of two, exactly; NaN for an infinity
    return above * 2.0 ** (gradient.shape[2].bit_length() - _BITS)


def shrunk(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Shrink (B, C, H, W) to (height, width), bilinear and antialiased; on CUDA by two matrix products."""
    if not hardware.is_on_cuda(image):
        return F.interpolate(image, size=size, mode="bilinear", antialias=True, align_corners=False)
    return shrunk_by_products(image, size)


def shrunk_by_products(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Do what `shrunk` does on CUDA, on any device."""
    down, across = (
        _shrinking(have, want, image.dtype, image.device) for have, want in zip(image.shape[-2:], size, strict=True)
    )
    return down @ image @ across.mT


@functools.cache  # never forgotten: a step that is replayed reads it where it is, see `render.device.graphs`
def _shrinking(have: int, want: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return the matrix (want, have) that shrinks a column; made once, not in every step."""
    ones = torch.eye(have, dtype=dtype, device=device)[None, None]
    return F.interpolate(ones, size=(want, have), mode="bilinear", antialias=True, align_corners=False)[0, 0]
