"""Keep a canvas beside the picture: what the camera uncovers moves in from it, and is painted a band at a time.

Continued anew in every frame, what enters a few pixels at a time would be a smear. So a band of several cells of the
latent is painted outside the picture at once, and then moves in. Until it does, it follows the picture: whatever
refinement changes at the picture's rim is spread over it.
"""

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from render.motion.canvas.moving import margin, moved_canvas
from render.motion.canvas.spreading import joint, spread
from render.motion.displacements import Displacement

KNOWN = 0.5  # less known than this is painted
STALE = 0.06  # a band is forgotten when its picture's rim has changed by this, in colours from 0 to 1


class Continue(Protocol):
    """Draws what is unknown of a picture."""

    def __call__(self, picture: Tensor, known: Tensor, generator: torch.Generator) -> Tensor:
        """Return a picture (1, 3, H, W) in [0, 1], of a picture and what is known of it (1, 1, H, W), 1 and 0."""


class Painter:
    """Paints and moves canvases.

    Args:
        stride: pixels per cell of the latent.
    """

    def __init__(self, stride: int) -> None:
        self._stride = stride
        self._rim = max(1, stride // 4)  # pixels at the border that a decoder draws worse than others

    @torch.no_grad()
    def moved(
        self,
        image: Tensor,
        canvas: Tensor | None,
        displacement: Displacement,
        continued: Continue,
        generator: torch.Generator,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the picture after a motion, and the canvas that it was seen on.

        Args:
            image: (B, 3, H, W) in [0, 1].
            canvas: as this function returned it for the previous frame, whose middle was `image` before refinement.
            continued: called in a frame that paints, which alone draws from `generator`.

        Returns:
            The moved picture, and a canvas (B, 4, H + 2m, W + 2m), see `moved_canvas`. `image` and `canvas` themselves
            if nothing moves.
        """
        size = image.shape[-2], image.shape[-1]
        if displacement.positions(*size, 1, image.device) is None:
            return image, canvas
        canvas = self._following(image, canvas)
        moved = moved_canvas(canvas, size, displacement)
        if float(_middle(moved, size)[:, 3].min()) < KNOWN:
            moved = moved_canvas(self._painted(canvas, continued, generator), size, displacement)
        return _middle(moved, size)[:, :3], moved

    def _following(self, image: Tensor, canvas: Tensor | None) -> Tensor:
        """Return the canvas with the refined picture in its middle."""
        rim = margin(image.shape[-2], image.shape[-1], self._stride)
        widened = F.pad(image, (rim,) * 4, mode="replicate")
        inside = F.pad(torch.ones_like(image[:, :1]), (rim,) * 4)
        if canvas is None:
            return torch.cat([widened, inside], dim=1)
        found = joint(canvas[:, :3], widened, inside, self._rim)
        changed = found.correction.abs().mean(dim=1, keepdim=True) * (1 - KNOWN) / STALE
        known = torch.maximum(canvas[:, 3:] - changed, inside)
        return torch.cat([found.joined(canvas[:, :3], widened), known], dim=1)

    def _painted(self, canvas: Tensor, continued: Continue, generator: torch.Generator) -> Tensor:
        """Return the canvas with everything painted that is unknown."""
        colours, known = canvas[:, :3], (canvas[:, 3:] >= KNOWN).float()
        begun = spread(colours, known)
        pairs = zip(torch.split(begun, 1), torch.split(known, 1), strict=True)
        outside = torch.cat([continued(picture, there, generator) for picture, there in pairs])
        painted = joint(outside, colours, known, self._rim).joined(outside, colours)
        rim = self._stride  # the decoder draws the outermost cells worst; they are painted again with the next band
        there = F.pad(torch.ones_like(known)[..., rim:-rim, rim:-rim], (rim,) * 4)
        return torch.cat([painted, there], dim=1)


def _middle(canvas: Tensor, size: tuple[int, int]) -> Tensor:
    rim = (canvas.shape[-2] - size[0]) // 2
    return canvas[..., rim : rim + size[0], rim : rim + size[1]]
