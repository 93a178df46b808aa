"""Where in the picture something applies: masks, shapes, what a text describes, combinations; one kind per file.

Contract: an entry module defines `mask(region: Region, places: Tensor, frame: Frame) -> Tensor`: the values of the
region, in [0, 1], at places (H, W, 2) of the picture. It sees neither `feather` nor `invert` nor `motion`, which
`render.guidance.masks.Masks` takes care of. To add a kind, add a file, and a reader in
`pipeline.schedule.fields.regions`.

Convention: places are shares of the width and height, x to the right, y down; (0, 0) is the upper left corner of the
picture, (1, 1) the lower right one, so the centre of pixel i of n is at (i + 0.5) / n. They may be outside of the
picture, where a mask is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from render.spec.pictures import ImageFile
from render.spec.regions import Region

if TYPE_CHECKING:  # listing the catalogue must not import torch
    from torch import Tensor


class Draw(Protocol):
    """Draws a part of a region at places (H, W, 2): (H, W)."""

    def __call__(self, part: Region, places: Tensor) -> Tensor: ...


class Read(Protocol):
    """Reads a picture, or the frame of a video at `seconds`, as a grey one, fitted to the frame: (H, W)."""

    def __call__(self, file: ImageFile, seconds: float | None = None) -> Tensor: ...


class Find(Protocol):
    """Finds what a text describes in the picture of the frame: (H, W), how much it is there."""

    def __call__(self, text: str) -> Tensor: ...


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What regions are drawn in: a picture of (width, height) pixels."""

    size: tuple[int, int]
    draw: Draw
    read: Read
    find: Find


def sampled(mask: Tensor, places: Tensor) -> Tensor:
    """Sample a mask (h, w) of the whole picture at places (H, W, 2), 0 outside of it: (H, W)."""
    import torch.nn.functional as F

    found = F.grid_sample(mask[None, None], places[None] * 2 - 1, padding_mode="zeros", align_corners=False)
    return found[0, 0].clamp(0.0, 1.0)


def from_middle(region: Region, places: Tensor, size: tuple[int, int]) -> tuple[Tensor, float]:
    """Return how far places (H, W, 2) are from the middle of a round region, and its radius, both in pixels."""
    x, y, radius = region.numbers
    across, down = (places[..., 0] - x) * size[0], (places[..., 1] - y) * size[1]
    return (across.square() + down.square()).sqrt(), radius * min(size)
