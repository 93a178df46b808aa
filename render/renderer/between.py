"""Make a frame that is not refined from the refined frames before and after it."""

import torch
from torch import Tensor

from render.motion.displacements import Displace, Displacement
from render.motion.warp import warp
from render.spec import FrameSpec

MARGIN = 8.0  # pixels within the picture's edge over which a neighbour gains its whole weight
_LEAST = 1e-3  # weight of what lies outside of a neighbour, and counts only where the other one lacks it, too


@torch.no_grad()
def between(behind: Tensor, ahead: Tensor, spec: FrameSpec, displace: Displace) -> Tensor:
    """Move both neighbours to the moment of the frame and blend them by their distance in time.

    Where one of them does not show a place, because the motion brings it into the picture or takes it out, the other
    one counts alone.

    Args:
        behind: (B, 3, H, W) in [0, 1], the refined frame before.
        ahead: as `behind`, the refined frame after, which is `spec.key`.

    Returns:
        (B, 3, H, W) in [0, 1].
    """
    key = spec.key
    assert key is not None
    motions = key.motions
    done = len(motions) - (key.index - spec.index)
    forwards = displace(behind, motions[:done])
    backwards = displace(ahead, motions[done:]).inverse()
    share = done / len(motions)
    before, after = (
        weight * _shown(motion, picture, spec.border)
        for weight, motion, picture in ((1 - share, forwards, behind), (share, backwards, ahead))
    )
    moved_on, moved_back = warp(behind, forwards, spec.border), warp(ahead, backwards, spec.border)
    return torch.lerp(moved_on, moved_back, after / (before + after))


def _shown(motion: Displacement, picture: Tensor, border: str) -> Tensor:
    """Return how far each pixel is shown by the moved picture: (B, 1, H, W), from `_LEAST` outside to 1 inside."""
    height, width = picture.shape[-2:]
    positions = motion.positions(height, width, 1, picture.device)
    if positions is None or border == "wrap":
        return picture.new_ones(len(picture), 1, height, width)
    far = positions.new_tensor([width - 1, height - 1])
    inside = torch.minimum(positions, far - positions).amin(dim=-1)  # pixels from the nearest edge
    return ((inside + 1) / MARGIN).clamp(_LEAST, 1.0).to(picture.dtype).unsqueeze(1)
