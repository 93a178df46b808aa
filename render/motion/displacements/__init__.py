"""What moves the picture from one frame to the next, one kind per file.

Contract: an entry module defines `displacement(motion, size, count, fields) -> Displacement | None`: its part of a
frame's `motion` for `count` pictures of `size`, (width, height) in pixels; None if `motion` has no such part; and
`ORDER`: of several parts, the lower one moves the picture first. To add a kind, add a file.

Convention: pixel coordinates, origin at the centre of the top left pixel, x to the right, y down. A position says where
in the previous picture a pixel of the new one is sampled, so the field points backwards in time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from render.spec.footage import Flow
from render.spec.pictures import ImageFile

if TYPE_CHECKING:  # listing the catalogue must not import torch
    import torch
    from torch import Tensor

    from render.spec import FrameMotion


class Displacement(Protocol):
    """The motion of one frame, as the positions at which the previous picture is sampled."""

    def positions(self, height: int, width: int, stride: int, device: torch.device) -> Tensor | None:
        """Return the sampling positions for a grid whose cells are `stride` pixels wide; None if nothing moves.

        The latent grid moves by the same field as the picture, which has stride 1.

        Args:
            height: rows of the grid: the picture's height divided by `stride`; likewise `width`.

        Returns:
            (B, height, width, 2) float64, x and y in the grid's coordinates, in units of its cells. It is on
            `exact(device)`, as everything is that a displacement takes and returns.
        """

    def at(self, points: Tensor) -> Tensor:
        """Return where points of the new picture were in the previous one: (B, h, w, 2) float64, in pixels, both.

        A single grid of points, (1, h, w, 2), is that of all pictures.
        """

    def visible(self, points: Tensor) -> Tensor | None:
        """Return how far the previous picture shows what is at points of the new one; None if it shows all of it.

        Where another thing was in front of it, or the motion is not known, it is hidden.

        Returns:
            (B, 1, h, w) float32 in [0, 1]. Places outside of the previous picture count as shown.
        """

    def inverse(self) -> Displacement:
        """Return the motion back: from the new picture to the previous one."""


@dataclass(frozen=True, kw_only=True)
class Fields:
    """What entries need besides a motion's numbers.

    Attributes:
        flow: returns the motion of footage for a frame of (width, height) pixels; None if no schedule uses any.
        grey: reads a grey picture, or a video's frame at a time in seconds, as (H, W) in [0, 1] for such a frame; None
            if none is needed.
        nearness: of what the pictures show before the motion, as a model has estimated it, (B, H, W) float32; None if
            none has.
    """

    flow: Callable[[Flow, tuple[int, int]], Displacement] | None = None
    grey: Callable[[tuple[int, int], ImageFile, float | None], Tensor] | None = None
    nearness: Tensor | None = None


NO_FIELDS = Fields()


class Kind(Protocol):
    """The type of an entry's `displacement`."""

    def __call__(
        self, motion: FrameMotion, size: tuple[int, int], count: int, fields: Fields
    ) -> Displacement | None: ...


class Displace(Protocol):
    """Returns the displacement of several frames' motion, one after the other, for pictures (B, 3, H, W).

    `nearness` is that of what they show, (B, H, W), if a model has estimated it.
    """

    def __call__(
        self, image: Tensor, motions: Sequence[FrameMotion], nearness: Tensor | None = None
    ) -> Displacement: ...


def on_grid(at: Callable[[Tensor], Tensor], height: int, width: int, stride: int, device: torch.device) -> Tensor:
    """Return the sampling positions for a grid, see `Displacement.positions`, of a displacement that has an `at`."""
    return (at(pixels(height, width, stride, device)) + 0.5) / stride - 0.5


def pixels(height: int, width: int, stride: int, device: torch.device) -> Tensor:
    """Return the centres of the cells of a grid, in pixels: (1, height, width, 2) float64."""
    import torch  # a plan needs the names of the entries only

    from render.kernels.exact import exact

    device = exact(device)
    down, across = torch.meshgrid(
        torch.arange(height, device=device), torch.arange(width, device=device), indexing="ij"
    )
    cells = torch.stack([across, down], dim=-1).double()
    return ((cells + 0.5) * stride - 0.5).unsqueeze(0)
