"""Motion between two pictures as it is found and stored: vectors both ways, in steps of 1/64 of a cell."""

import zlib
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from render.device.copies import on_device
from render.motion.flow.estimators import Estimator

STEP = 64  # steps of a cell's side
CELL = 2  # pixels of the pictures on each side of a cell, one vector each
_MOST = 32_767

Steps = NDArray[np.int16]


class DamagedError(Exception):
    """Stored motion cannot be read."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """Motion between two pictures.

    Attributes:
        steps: (2, 2, h, w), first from the first picture to the second, then back; each to the right and down, in
            steps of a cell's side.
    """

    steps: Steps

    def vectors(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return the motion there and back, (1, 2, h, w) float32 each, in cells."""
        there, back = on_device(torch.from_numpy(self.steps), device).float() / STEP
        return there[None], back[None]

    def turned(self) -> "Found":
        """Return the motion between the pictures in the opposite order."""
        return Found(steps=self.steps[::-1].copy())

    def packed(self) -> bytes:
        """Return it as bytes: differences between neighbours, compressed."""
        differences = np.diff(self.steps, axis=-1, prepend=np.int16(0)).astype("<i2")  # wraps around; so does the sum
        halves = differences.view(np.uint8).reshape(-1, 2).T  # the upper bytes are nearly all alike
        return zlib.compress(halves.tobytes(), 1)


def found(first: Tensor, second: Tensor, estimate: Estimator) -> Found:
    """Find the motion between two pictures (1, 3, H, W) in [0, 1], both ways, H and W multiples of `CELL`."""
    both = torch.cat([estimate(first, second), estimate(second, first)])
    cells = F.avg_pool2d(both.float(), CELL) / CELL
    steps = (cells * STEP).round().nan_to_num(0.0).clamp(-_MOST, _MOST).to(torch.int16)
    return Found(steps=steps.cpu().numpy())


def unpacked(data: bytes, size: tuple[int, int]) -> Found:
    """Read what `Found.packed` has written, for (width, height) cells. Raises `DamagedError`."""
    width, height = size
    count = 2 * 2 * height * width * 2
    try:
        halves = zlib.decompressobj().decompress(data, count + 1)
    except zlib.error as error:
        raise DamagedError(str(error)) from error
    if len(halves) != count:
        raise DamagedError(f"{len(halves)} bytes instead of {count}")
    differences = np.frombuffer(halves, np.uint8).reshape(2, -1).T.copy().view("<i2").reshape(2, 2, height, width)
    return Found(steps=np.cumsum(differences, axis=-1, dtype=np.int16))
