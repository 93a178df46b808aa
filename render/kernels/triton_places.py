"""`render.kernels.places.added` as one Triton kernel. Import it only where triton is installed.

It adds up integers with atomics: whichever comes first, the sum is the same.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

_PLACES = 256  # of a program


@triton.jit
def _place(x: tl.tensor, side: tl.tensor, reflects: tl.constexpr) -> tl.tensor:
    """Convert a coordinate, [-1, 1] if inside, to pixels of a picture that is `side` long: in [0, side - 1]."""
    place = x * (side * 0.5) + side * 0.5
    if reflects:
        place = place - tl.floor(place / (2 * side)) * (2 * side)
        place = side - tl.abs(place - side)
    return tl.minimum(tl.maximum(place - 0.5, 0.0), side - 1.0)


@triton.jit(do_not_specialize=["num_places", "height", "width"])  # so that one build, the checked one, is all there is
def add_kernel(
    numbers: tl.tensor,
    grid: tl.tensor,
    sums: tl.tensor,
    num_places: tl.tensor,
    height: tl.tensor,
    width: tl.tensor,
    channels: tl.tensor,
    reflects: tl.constexpr,
    block: tl.constexpr,
) -> None:
    """Add the shares of `block` places of a picture to its pixels."""
    picture = tl.program_id(1).to(tl.int64)
    number = tl.program_id(0) * block + tl.arange(0, block)
    inside = number < num_places
    at = grid + (picture * num_places + number) * 2
    x = _place(tl.load(at, inside, 0.0), width.to(tl.float32), reflects)
    y = _place(tl.load(at + 1, inside, 0.0), height.to(tl.float32), reflects)
    left, above = tl.floor(x), tl.floor(y)
    right_share, below_share = x - left, y - above
    column, row = left.to(tl.int32), above.to(tl.int32)
    next_column, next_row = tl.minimum(column + 1, width - 1), tl.minimum(row + 1, height - 1)
    for channel in range(channels):
        plane = picture * channels + channel
        given = tl.load(numbers + plane * num_places + number, inside, 0.0)
        upper, lower = given * (1 - below_share), given * below_share
        to = sums + plane * height * width
        to_upper, to_lower = to + row * width, to + next_row * width
        tl.atomic_add(to_upper + column, (upper * (1 - right_share)).to(tl.int64), inside, sem="relaxed")
        tl.atomic_add(to_upper + next_column, (upper * right_share).to(tl.int64), inside, sem="relaxed")
        tl.atomic_add(to_lower + column, (lower * (1 - right_share)).to(tl.int64), inside, sem="relaxed")
        tl.atomic_add(to_lower + next_column, (lower * right_share).to(tl.int64), inside, sem="relaxed")


def added(numbers: Tensor, grid: Tensor, height: int, width: int, reflects: bool) -> Tensor:
    """Do what `render.kernels.places.added` does."""
    batch, channels, num_places = numbers.shape
    sums = torch.zeros(batch, channels, height * width, dtype=torch.long, device=numbers.device)
    programs = triton.cdiv(num_places, _PLACES), batch
    with torch.cuda.device_of(numbers):  # type: ignore[no-untyped-call]
        add_kernel[programs](
            numbers.contiguous(), grid.contiguous(), sums, num_places, height, width, channels, reflects, _PLACES
        )
    return sums
