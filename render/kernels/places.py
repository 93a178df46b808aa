"""Add up numbers that belong between pixels, in the shares in which bilinear sampling reads these: its transpose."""

import torch
from torch import Tensor


def added(numbers: Tensor, grid: Tensor, height: int, width: int, reflects: bool) -> Tensor:
    """Add up the numbers of every place, each share cut off to an integer: (B, C, height * width), of int64.

    Args:
        numbers: (B, C, N), of N places.
        grid: (B, N, 2), x and y of the places, [-1, 1] if inside.
        reflects: what is outside is reflected; otherwise it is at the border.
    """
    index, share = corners(grid, height, width, reflects)
    parts = (numbers.unsqueeze(3) * share.unsqueeze(1)).flatten(2).long()
    sums = torch.zeros(*numbers.shape[:2], height * width, dtype=torch.long, device=numbers.device)
    return sums.scatter_add_(2, index.flatten(1).unsqueeze(1).expand_as(parts), parts)


def corners(grid: Tensor, height: int, width: int, reflects: bool) -> tuple[Tensor, Tensor]:
    """Return the four pixels around every place, and their shares of it: both (B, N, 4).

    Args:
        grid: (B, N, 2), x and y, [-1, 1] if inside.

    Source: grid_sampler_compute_source_index of PyTorch's `GridSampler.h`.
    """
    sides = torch.full((2,), width, dtype=grid.dtype, device=grid.device)  # filled there: a copy would be waited for
    sides[1].fill_(height)
    if reflects:  # a triangular wave, of half a pixel to the right
        place = torch.addcmul(sides / 2, grid, sides / 2).remainder(2 * sides)
        place = sides - 0.5 - (place - sides).abs()
    else:
        place = torch.addcmul(sides / 2 - 0.5, grid, sides / 2)
    # A place that is not finite must not become a pixel outside: a GPU stops the process for that.
    place = torch.clamp(place, torch.zeros_like(sides), sides - 1).nan_to_num(nan=0.0)
    first = place.floor()
    near_and_far = torch.arange(2, dtype=grid.dtype, device=grid.device).view(2, 1)
    share = (near_and_far - 1 + (place - first).unsqueeze(2)).abs()
    pixel = torch.minimum(first.unsqueeze(2) + near_and_far, sides - 1).long()
    index = torch.add(pixel[:, :, None, :, 0], pixel[:, :, :, None, 1], alpha=width)
    return index.flatten(2), (share[:, :, None, :, 0] * share[:, :, :, None, 1]).flatten(2)
