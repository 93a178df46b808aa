"""What moves the picture from one frame to the next, one kind per file.

Contract: an entry module defines `displacement(image, spec) -> Displacement`: the motion of the frame `spec`, given
the previous picture (B, 3, H, W) in [0, 1]. To add a kind, such as a warp by depth, add a file.

Convention: pixel coordinates, origin at the centre of the top left pixel, x to the right, y down. A position says where
in the previous picture a pixel of the new one is sampled, so the field points backwards in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # listing the catalogue must not import torch
    import torch
    from torch import Tensor

    from render.spec import FrameSpec


class Displacement(Protocol):
    """The motion of one frame, as the positions at which the previous picture is sampled."""

    def positions(self, height: int, width: int, stride: int, device: torch.device) -> Tensor | None:
        """Return the sampling positions for a grid whose cells are `stride` pixels wide; None if nothing moves.

        The latent grid moves by the same field as the picture, which has stride 1.

        Args:
            height: rows of the grid: the picture's height divided by `stride`; likewise `width`.

        Returns:
            (B, height, width, 2) float64, x and y in the grid's coordinates, in units of its cells.
        """

    def inverse(self) -> Displacement:
        """Return the motion back: from the new picture to the previous one."""


class Displace(Protocol):
    """The type of an entry's `displacement`."""

    def __call__(self, image: Tensor, spec: FrameSpec) -> Displacement: ...
