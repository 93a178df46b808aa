"""Keep a canvas beside the picture: what the camera uncovers moves in from it, and is painted a band at a time.

Continued anew in every frame, what enters a few pixels at a time would be a smear. So a band of several cells of the
latent is painted outside the picture at once, and then moves in. Until it does, it follows the picture: whatever
refinement changes at the picture's rim is spread over it.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from render.canvas.continuing import continued
from render.canvas.moving import margin, moved_canvas
from render.canvas.spreading import joint, spread
from render.latents import Latent
from render.motion.displacements import Displacement

KNOWN = 0.5  # less known than this is painted
STALE = 0.06  # a band is forgotten when its picture's rim has changed by this, in colours from 0 to 1
Continue = Callable[[Tensor, Tensor, torch.Generator], Tensor]


class Painter:
    """Paints and moves canvases.

    Args:
        continued: draws the unknown cells of a latent, see `render.canvas.continuing.continued`.
    """

    def __init__(self, latents: Latent, continued: Continue = continued) -> None:
        self._latents = latents
        self._continued = continued

    @torch.no_grad()
    def moved(
        self, image: Tensor, canvas: Tensor | None, displacement: Displacement, generator: torch.Generator
    ) -> tuple[Tensor, Tensor | None]:
        """Return the picture after a motion, and the canvas that it was seen on.

        Args:
            image: (B, 3, H, W) in [0, 1].
            canvas: as this function returned it for the previous frame, whose middle was `image` before refinement.
            generator: only a frame that paints draws from it.

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
            moved = moved_canvas(self._painted(canvas, generator), size, displacement)
        return _middle(moved, size)[:, :3], moved

    def _following(self, image: Tensor, canvas: Tensor | None) -> Tensor:
        """Return the canvas with the refined picture in its middle."""
        rim = margin(image.shape[-2], image.shape[-1], self._latents.stride)
        widened = F.pad(image, (rim,) * 4, mode="replicate")
        inside = F.pad(torch.ones_like(image[:, :1]), (rim,) * 4)
        if canvas is None:
            return torch.cat([widened, inside], dim=1)
        found = joint(canvas[:, :3], widened, inside, self._rim)
        changed = found.correction.abs().mean(dim=1, keepdim=True) * (1 - KNOWN) / STALE
        known = torch.maximum(canvas[:, 3:] - changed, inside)
        return torch.cat([found.joined(canvas[:, :3], widened), known], dim=1)

    def _painted(self, canvas: Tensor, generator: torch.Generator) -> Tensor:
        """Return the canvas with everything painted that is unknown."""
        stride, colours = self._latents.stride, canvas[:, :3]
        known = (canvas[:, 3:] >= KNOWN).float()
        latent = self._latents.encode(spread(colours, known))
        unknown = F.max_pool2d(1 - known, stride)[:, 0] > 0
        drawn = [self._continued(one[None], new, generator) for one, new in zip(latent, unknown, strict=True)]
        outside = self._latents.decode(torch.cat(drawn))
        painted = joint(outside, colours, known, self._rim).joined(outside, colours)
        return torch.cat([painted, torch.ones_like(known)], dim=1)

    @property
    def _rim(self) -> int:
        return max(1, self._latents.stride // 4)


def _middle(canvas: Tensor, size: tuple[int, int]) -> Tensor:
    rim = (canvas.shape[-2] - size[0]) // 2
    return canvas[..., rim : rim + size[0], rim : rim + size[1]]
