"""Make a frame that is not refined from the refined frames before and after it."""

import torch
from torch import Tensor

from render.motion.composed import carried
from render.motion.displacements import Displace, Displacement, pixels
from render.motion.shown import inside, trusted
from render.motion.warp import warp
from render.spec import FrameSpec

MARGIN = 8.0  # pixels within the picture's edge over which a neighbour gains its whole weight
_LEAST = 1e-3  # weight of what a neighbour does not show, and counts only where the other one lacks it, too


@torch.no_grad()
def between(
    behind: Tensor,
    ahead: Tensor,
    spec: FrameSpec,
    displace: Displace,
    source: Tensor | None = None,
    nearness: Tensor | None = None,
) -> Tensor:
    """Move both neighbours to the moment of the frame and blend them by their distance in time.

    Where one of them does not show a place, because the motion brings it into the picture or takes it out, or because
    something else is in front of it, the other one counts alone.

    Args:
        behind: (B, 3, H, W) in [0, 1], the refined frame before.
        ahead: as `behind`, the refined frame after, which is `spec.key`.
        source: as `behind`, what is seen where neither of them shows a place; None to make do with them.
        nearness: (B, H, W), of what `behind` shows, if a model has estimated it.

    Returns:
        (B, 3, H, W) in [0, 1].
    """
    key = spec.key
    assert key is not None
    motions = key.motions
    done = len(motions) - (key.index - spec.index)
    forwards = displace(behind, motions[:done], nearness)
    here = None if nearness is None else carried(forwards, nearness)
    backwards = displace(ahead, motions[done:], here).inverse()
    share = done / len(motions)
    before, after = (
        weight * _weight(motion, picture, spec.border)
        for weight, motion, picture in ((1 - share, forwards, behind), (share, backwards, ahead))
    )
    moved_on, moved_back = warp(behind, forwards, spec.border), warp(ahead, backwards, spec.border)
    made = torch.lerp(moved_on, moved_back, after / (before + after))
    if source is None:
        return made
    return torch.lerp(source, made, torch.maximum(trusted(forwards, behind), trusted(backwards, ahead)))


def _weight(motion: Displacement, picture: Tensor, border: str) -> Tensor:
    """Return how far each pixel is shown by the moved picture: (B, 1, H, W), at least `_LEAST`."""
    height, width = picture.shape[-2:]
    if border == "wrap":
        shown = picture.new_ones(len(picture), 1, height, width)
    else:
        shown = inside(motion, picture, MARGIN, _LEAST)
    seen = motion.visible(pixels(height, width, 1, picture.device))
    return shown if seen is None else (shown * seen.to(shown)).clamp(min=_LEAST)
