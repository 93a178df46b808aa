"""What a camera sees of a surface that is known as another one has seen it: the nearest part of it, pixel by pixel.

Distances are written as nearness, their inverse: along a plane it changes evenly over the picture.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from render.motion.depth.eye import Eye, centres

TEAR = 1.15  # factor between the distances of neighbours that belong to different things
_LEAST = 1e-6  # nearness, and distance ahead of a camera
_FINENESS = 2  # samples per pixel, across and down
_CLOSINGS = 2  # each closes gaps of a pixel where the surface is seen enlarged
_ROUNDS = 2  # of refining
_WIDER = 3  # doublings of the area in which what lies behind a hole is looked for


def seen_by(eye: Eye, origin: Eye, nearness: Tensor, *, goes_on: bool = False) -> Tensor:
    """Return the nearness of what `eye` sees in the centre of every pixel: (H, W).

    Where it sees nothing of the surface, because something hid it from `origin`, this is the nearness of what is
    farthest around there.

    Args:
        nearness: as `origin` sees it, (H, W) above 0, with sharp edges (see `sharpened`).
        goes_on: whether the result will be seen by the next eye. Then what is filled in must not be of what hid it, or
            that would grow from frame to frame.
    """
    found, covered = _refined(_closed(_nearest(eye, origin, nearness)), eye, origin, nearness)
    filled = _filled(torch.where(covered, found, 0.0), goes_on)
    return torch.where(covered, found, _refined(filled, eye, origin, nearness)[0])


def sharpened(nearness: Tensor) -> Tensor:
    """Give the pixels of an edge (H, W) that is soft the value on either of its sides."""
    low, high = _around(nearness)
    sharp = torch.where(nearness * nearness > low * high, high, low)
    return torch.where(high > TEAR * low, sharp, nearness)


def sampled(nearness: Tensor, points: Tensor) -> Tensor:
    """Interpolate (H, W) linearly at points (h, w, 2) in pixels, but not across edges: (h, w)."""
    height, width = nearness.shape
    flat = nearness.flatten()
    x, y = points[..., 0].clamp(0, width - 1), points[..., 1].clamp(0, height - 1)
    left, top = x.floor(), y.floor()
    right, down = x - left, y - top
    place = (top * width + left).long()
    aside, below = (left < width - 1).long(), (top < height - 1).long() * width
    a, b, c, d = flat[place], flat[place + aside], flat[place + below], flat[place + below + aside]
    mean = torch.lerp(torch.lerp(a, b, right), torch.lerp(c, d, right), down)
    nearest = torch.where(down < 0.5, torch.where(right < 0.5, a, b), torch.where(right < 0.5, c, d))
    low, high = (
        torch.minimum(torch.minimum(a, b), torch.minimum(c, d)),
        torch.maximum(torch.maximum(a, b), torch.maximum(c, d)),
    )
    return torch.where(high > TEAR * low, nearest, mean)


def _around(field: Tensor) -> tuple[Tensor, Tensor]:
    """The lowest and the highest value around every pixel of (H, W)."""
    wide = F.pad(field[None, None], (1, 1, 1, 1), mode="replicate")
    return -F.max_pool2d(-wide, 3, 1)[0, 0], F.max_pool2d(wide, 3, 1)[0, 0]


def _nearest(eye: Eye, origin: Eye, nearness: Tensor) -> Tensor:
    """Return the nearness of the nearest sample that falls into every pixel; 0 where none does.

    A maximum does not depend on the order of the samples, so this is the same on every device.
    """
    height, width = nearness.shape
    fine = centres(height * _FINENESS, width * _FINENESS, nearness.device).to(nearness.dtype)
    points = (fine + 0.5) / _FINENESS - 0.5
    samples = sampled(nearness, points)
    seen = origin.as_seen_by(eye, points, samples)
    ahead = seen[..., 2] > _LEAST
    there = eye.points(seen).round()
    x, y = there.unbind(-1)
    counts = ahead & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    cell = (y.clamp(0, height - 1) * width + x.clamp(0, width - 1)).long()
    values = torch.where(counts, samples / seen[..., 2].clamp_min(_LEAST), 0.0)
    empty = nearness.new_zeros(height * width)
    return empty.scatter_reduce(0, cell.flatten(), values.flatten(), "amax").view(height, width)


def _closed(found: Tensor) -> Tensor:
    """Close gaps through which nothing, or something behind, is seen between two pixels of the same surface."""
    height, width = found.shape
    for _ in range(_CLOSINGS):
        wide = F.pad(found[None, None], (1, 1, 1, 1))[0, 0]

        def beside(down: int, right: int, wide: Tensor = wide) -> Tensor:
            return wide[1 + down : 1 + down + height, 1 + right : 1 + right + width]

        result = found
        for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
            one, other = beside(down, right), beside(-down, -right)
            low, high = torch.minimum(one, other), torch.maximum(one, other)
            gap = (low > TEAR * result) & (high < TEAR * low)
            result = torch.where(gap, (one + other) / 2, result)
        found = result
    return found


def _refined(found: Tensor, eye: Eye, origin: Eye, nearness: Tensor) -> tuple[Tensor, Tensor]:
    """Replace samples from anywhere in a pixel by what is in its centre, and return where that is the same thing."""
    points = centres(found.shape[0], found.shape[1], found.device).to(found.dtype)
    result, same = found.clamp_min(_LEAST), found > 0
    for _ in range(_ROUNDS):
        there = origin.points(eye.as_seen_by(origin, points, result))
        surface = sampled(nearness, there)
        better = surface / origin.as_seen_by(eye, there, surface)[..., 2].clamp_min(_LEAST)
        same = (found > 0) & (better < TEAR * result) & (result < TEAR * better)
        result = torch.where(same, better, result)
    return result, same


def _filled(found: Tensor, on_all_sides: bool) -> Tensor:
    """Fill unknown pixels, which are 0, with the lowest value known in growing surroundings.

    These are blocks of a fixed grid, or such a block and those on all sides of it.
    """
    levels = [torch.where(found > 0, found, torch.inf)[None, None]]
    while max(levels[-1].shape[-2:]) > 1:
        levels.append(-F.max_pool2d(-levels[-1], 2, ceil_mode=True))
    height, width = found.shape
    result = found.new_full((height, width), torch.inf)
    for number in range(len(levels)):
        is_known = _spread(levels[number], height, width, number).isfinite()
        behind = min(number + (1 if on_all_sides else _WIDER), len(levels) - 1)
        around = -F.max_pool2d(-levels[behind], 3, 1, 1) if on_all_sides else levels[behind]
        value = _spread(around, height, width, behind)
        result = torch.where(result.isinf() & is_known, value, result)
    result = torch.where(result.isinf(), _LEAST, result)  # nothing is seen at all
    return torch.where(found > 0, found, result)


def _spread(level: Tensor, height: int, width: int, halvings: int) -> Tensor:
    """Enlarge a level (1, 1, h, w), so that it covers (H, W)."""
    rows = torch.arange(height, device=level.device) >> halvings
    columns = torch.arange(width, device=level.device) >> halvings
    return level[0, 0][rows][:, columns]
