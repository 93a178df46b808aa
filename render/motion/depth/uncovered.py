"""Fill what comes into view from behind something, with what is beside it and as far away."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from render.device.copies import on_device

REACH = 64  # pixels
FRINGE = 4  # pixels: a resample reads two, and the next one two more
_NO_NEARER = 1.3  # factor, as what lies behind a hole is only estimated
_DIRECTIONS = 16
_CHUNK = 2048  # pixels that are filled at once


def beside(nearness: Tensor) -> Tensor:
    """Return the highest nearness within `FRINGE` of every pixel: (H, W).

    A resample mixes what is this close to an edge with what is in front. If it comes away from the edge it is filled as
    well, or else every frame would draw a little more of what is in front over what is behind.
    """
    side = 2 * FRINGE + 1
    return F.max_pool2d(nearness[None, None], side, 1, FRINGE)[0, 0]


def continued(positions: Tensor, shown: Tensor, clean: Tensor, nearness: Tensor) -> Tensor:
    """Let pixels that are filled show the mirror image of the nearest pixels beside them that are no nearer.

    A mirror image goes on as what it is beside does; the nearest pixel alone would be drawn out to a streak.

    Args:
        positions: (H, W, 2), where every pixel is sampled.
        shown: (H, W) bool, false for those that are filled.
        clean: (H, W) bool, those that they may be filled with.
        nearness: (H, W).

    Returns:
        (H, W, 2), unchanged where nothing is found within `REACH`.
    """
    hidden = (~shown).flatten().nonzero()[:, 0]
    if not len(hidden):
        return positions
    flat, result = positions.flatten(0, 1), positions.flatten(0, 1).clone()
    for some in torch.split(hidden, _CHUNK):
        found = _beside(some, clean, nearness)
        result[some] = torch.where(found[:, None] >= 0, flat[found.clamp_min(0)], flat[some])
    return result.view_as(positions)


def _beside(some: Tensor, clean: Tensor, nearness: Tensor) -> Tensor:
    """Return which pixel each of `some` shows, by number; -1 for none."""
    width = clean.shape[1]
    offsets = _offsets(some.device)
    row, column = some // width, some % width
    rows, columns = row[:, None] + offsets[:, 1], column[:, None] + offsets[:, 0]
    free = _is_free(rows, columns, clean, nearness, nearness.flatten()[some][:, None])
    first = free.int().argmax(dim=1, keepdim=True)
    near_row, near_column = rows.gather(1, first), columns.gather(1, first)
    # The pixel beside is counted twice, as in a mirror between it and the hole.
    across = offsets[first[:, 0]]
    far_row, far_column = (
        near_row + across[:, 1:] - across[:, 1:].sign(),
        near_column + across[:, :1] - across[:, :1].sign(),
    )
    mirrors = _is_free(far_row, far_column, clean, nearness, nearness.flatten()[some][:, None])
    place = torch.where(mirrors, far_row * width + far_column, near_row * width + near_column)[:, 0]
    return torch.where(free.any(dim=1), place, -1)


def _is_free(rows: Tensor, columns: Tensor, clean: Tensor, nearness: Tensor, own: Tensor) -> Tensor:
    """Whether pixels are in the picture, clean, and no nearer than `own`."""
    height, width = clean.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    place = rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1)
    return inside & clean.flatten()[place] & (nearness.flatten()[place] < _NO_NEARER * own)


def _offsets(device: torch.device) -> Tensor:
    """Return (K, 2) steps across and down, the nearest first."""
    found = {
        (round(reach * math.cos(turn)), round(reach * math.sin(turn)))
        for reach in range(1, REACH + 1)
        for turn in (math.tau * number / _DIRECTIONS for number in range(_DIRECTIONS))
    }
    return on_device(sorted(found, key=lambda step: (step[0] ** 2 + step[1] ** 2, step)), device)
