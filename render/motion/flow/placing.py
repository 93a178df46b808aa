"""Where parts of a picture are in a frame, and found motion as the motion of that frame.

Convention: shares of width and height, origin at the top left corner, x to the right, y down; a pixel's centre is half
a pixel from its edge. Matrices are 3x3 float64 and map points of a picture to points of the frame.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from render.device.copies import on_device
from render.kernels.exact import exact
from render.motion.displacements.flow import sampled
from render.motion.flow.links import Known
from render.spec.footage import SourceImage

Matrix = NDArray[np.float64]
Size = tuple[int, int]
Box = tuple[float, float, float, float]
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
_NEAR = 1e-6  # of the plane behind which a tilted picture has no points


def fitting(picture: Size, image: SourceImage, frame: Size) -> Matrix:
    """Return where a picture is in a frame, before `image.motion`, as `render.footage` shows it.

    Args:
        picture: its (width, height) in pixels; likewise `frame`.
    """
    left, top, width, height = image.window
    wider = (width * picture[0] / (height * picture[1])) / (frame[0] / frame[1])  # than the frame
    across, down = {
        "stretch": (1.0, 1.0),
        "crop": (max(1.0, wider), max(1.0, 1 / wider)),
        "pad": (min(1.0, wider), min(1.0, 1 / wider)),
    }[image.fit]
    return _scaled(across / width, down / height, (left + width / 2, top + height / 2), (0.5, 0.5))


def box_in(box: Box) -> Matrix:
    """Return where the points of a box are in the picture that it is a part of."""
    left, top, width, height = box
    return _scaled(width, height, (0.0, 0.0), (left, top))


def _scaled(across: float, down: float, point: tuple[float, float], becomes: tuple[float, float]) -> Matrix:
    """Return the matrix that scales, and moves one point to another."""
    return np.array(
        [[across, 0.0, becomes[0] - across * point[0]], [0.0, down, becomes[1] - down * point[1]], [0.0, 0.0, 1.0]]
    )


def inverse(matrix: Matrix) -> Matrix:
    """Return the matrix back; NaN if a picture has shrunk to nothing, so that none of its points is known."""
    try:
        back = np.linalg.inv(matrix).astype(np.float64, copy=False)
    except np.linalg.LinAlgError:
        return np.full((3, 3), np.nan)
    return back


def centres(size: Size, device: torch.device) -> Tensor:
    """Return the centres of the pixels of a frame, in shares: (1, H, W, 2) float64, on `exact(device)`."""
    width, height, device = *size, exact(device)
    x = (torch.arange(width, device=device).double() + 0.5) / width
    y = (torch.arange(height, device=device).double() + 0.5) / height
    down, across = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([across, down], dim=-1)[None]


def through(matrix: Matrix, points: Tensor) -> Tensor:
    """Map points (1, h, w, 2); those behind a tilted picture become NaN."""
    if np.array_equal(matrix, np.eye(3)):
        return points
    on = on_device(matrix, points.device)
    moved = points @ on[:2, :2].mT + on[:2, 2]
    if np.array_equal(matrix[2], (0.0, 0.0, 1.0)):
        return moved
    depth = points @ on[2, :2] + on[2, 2]
    return torch.where((depth > _NEAR)[..., None], moved / depth[..., None], torch.nan)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One of two pictures as a frame shows it.

    Attributes:
        fitted: where the part of the picture in which motion was found is in the frame.
        margin: whether what is beside the picture stands still, since it is not part of it (`fit: pad`).
        picture: where the whole picture is in the frame.
    """

    fitted: Matrix
    picture: Matrix
    margin: bool


@dataclass(frozen=True, kw_only=True)
class Change:
    """Motion from one picture to another as a frame shows them.

    Attributes:
        known: the motion in the part of the picture in which it was found; None if it is one picture.
        motion: what has moved both in the frame.
    """

    start: Shown
    end: Shown
    known: Known | None
    motion: Matrix

    def placed(self, size: Size, amount: float, device: torch.device) -> Known:
        """Return how far pixels of the frame move, and how far the other picture shows them.

        Args:
            size: (width, height) of the frame in pixels.
            amount: of the motion in the pictures; what has moved both in the frame comes after it.
        """
        pixels = centres(size, device)
        points = through(inverse(self.motion), pixels)
        there, seen = self._moved(points)
        arrived = through(self.motion, points + amount * (there - points))
        unknown = arrived.isnan().any(dim=-1, keepdim=True)
        moved = torch.where(unknown, 0.0, arrived - pixels) * on_device(size, device)
        seen = torch.where(unknown.movedim(-1, 1), 0.0, seen)
        return Known(vectors=moved.movedim(-1, 1).float().contiguous(), seen=seen.float().contiguous())

    def _moved(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Return where points of the frame, before its motion, move, and how far they are seen there."""
        inside = through(inverse(self.start.fitted), points)
        seen = torch.ones_like(points[..., 0])[:, None]
        if self.known is not None:
            cells = on_device(self.known.vectors.shape[:1:-1], points.device)
            both = torch.cat([self.known.vectors, self.known.seen], dim=1)
            found = sampled(both, (inside * cells - 0.5).nan_to_num(0.0))
            inside, seen = inside + found[:, :2].movedim(1, -1) / cells, found[:, 2:]
        there = through(self.end.fitted, inside)
        if self.start.margin:
            of_picture = through(inverse(self.start.picture), points)
            beside = ((of_picture < 0) | (of_picture > 1)).any(dim=-1, keepdim=True)
            there = torch.where(beside, points, there)
            seen = torch.where(beside.movedim(-1, 1), 1.0, seen)
        return there, seen
