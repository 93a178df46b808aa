"""Draws what the border brings into a preview.

A render moves the previous picture, fills what enters from outside according to `motion.border`, and refines the
result. In a preview no model repaints the filling, so it fades into the test picture.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from render.motion.displacements.homography import Homography
from render.motion.transforms import Matrix
from render.motion.warp import move, warp
from render.spec import FrameSpec

HALF_LIFE = 0.5  # seconds until what entered has faded to a half
_FAINT = 1 / 255
LONGEST = 320


class Entering:
    """Draws what has recently entered from outside over each frame.

    Args:
        fps: frames per second.
        longest: pixels of the longest side at which it is drawn: fading content need not be sharp.
    """

    def __init__(self, fps: float, longest: int = LONGEST) -> None:
        self._longest = longest
        self._left = 0.5 ** (1 / (HALF_LIFE * fps))  # share of the entered content that remains after one frame
        self._last = torch.zeros(0)
        self._entered = torch.zeros(0)
        self._share = torch.zeros(0)  # how much entered content covers each pixel of the latest frame

    def over(self, picture: Tensor, spec: FrameSpec, moves: Matrix) -> Tensor:
        """The next frame, (1, 3, H, W) in [0, 1].

        Args:
            picture: the frame without any entered content, (1, 3, H, W) in [0, 1].
            moves: the motion from the previous frame to this one.
        """
        small, moves = _smaller(picture, moves, self._longest)
        last, self._last = self._last, small
        if spec.cut or not len(last) or (self._share.max() < _FAINT and _stays_inside(moves, small)):
            self._entered, self._share = torch.zeros_like(small), torch.zeros_like(small[:, :1])
            return picture
        motion = Homography(matrices=moves[None])
        new = warp(last, motion, spec.border).nan_to_num(0.0)
        known = torch.cat([self._entered, self._share, torch.ones_like(self._share)], 1)
        kept = move(known, motion, "black").nan_to_num(0.0).clamp(0, 1)
        old, share, inside = kept[:, :3], kept[:, 3:4], kept[:, 4:]
        self._entered = torch.lerp(new, old, inside)
        self._share = torch.maximum(share * self._left, 1 - inside)
        return torch.lerp(picture, _resized(self._entered, picture), _resized(self._share, picture))


def _smaller(picture: Tensor, moves: Matrix, longest: int) -> tuple[Tensor, Matrix]:
    """The picture at a size that is quick to move, and the matrix for that size."""
    height, width = picture.shape[-2:]
    share = min(1.0, longest / max(height, width))
    small = F.interpolate(
        picture, (max(2, round(height * share)), max(2, round(width * share))), mode="bilinear", antialias=True
    )
    shrink = np.diag([(small.shape[-1] - 1) / (width - 1), (small.shape[-2] - 1) / (height - 1), 1.0])
    return small, shrink @ moves @ np.linalg.inv(shrink)


def _resized(field: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(field, like.shape[-2:], mode="bilinear", align_corners=True)


def _stays_inside(moves: Matrix, frame: Tensor) -> bool:
    """Whether every corner of the frame was inside the previous frame."""
    height, width = frame.shape[-2:]
    corners = np.array([[x, y, 1.0] for x in (0, width - 1) for y in (0, height - 1)])
    mapped = corners @ np.linalg.inv(moves).T
    if (mapped[:, 2] <= 0).any():
        return False
    places = mapped[:, :2] / mapped[:, 2:]
    return bool((places > -1e-6).all() and (places < np.array([width, height]) - 1 + 1e-6).all())
