"""Sample a picture between its pixels: Catmull-Rom interpolation, with every kind of border.

Source: Keys, "Cubic convolution interpolation for digital image processing" (1981), a = -0.5, the
    only cubic that reproduces a linear ramp, so a motion of 1/50 pixel moves the picture by 1/50 pixel.
    PyTorch's bicubic has a = -0.75, which moves the picture half as far again in every frame.

Convention: pixel coordinates, origin in the centre of the top left pixel, x to the right, y down.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from render.motion.borders import inside
from render.spec import BORDERS

MOST = 1 << 27  # values of taps that are gathered at once: half a gigabyte, for a picture in Full HD


def catmull_rom(image: Tensor, points: Tensor, border: str) -> Tensor:
    """Sample `image` at `points`, 4 x 4 taps each.

    On a GPU, whose time goes into starting operators, all taps are gathered at once; on a CPU, where it goes into
    memory, one after the other. Both give the same to the bit.

    Args:
        image: (B, C, H, W).
        points: (B, h, w, 2), x and y in pixels.
        border: how the area outside is filled: reflect (about the outermost pixels' centres), wrap, edge, black.

    Returns:
        (B, C, h, w); near sharp edges it overshoots the range of the picture by up to a tenth.

    Raises:
        ValueError: the border is unknown.
    """
    if border not in BORDERS:
        raise ValueError(f"expected one of the borders {BORDERS}, got '{border}'")
    taps = Taps.of(image, points, border).on(image.device)
    gathered = 16 * image.shape[1] * points.shape[:3].numel()
    return one_by_one(image, taps) if image.device.type == "cpu" or gathered > MOST else at_once(image, taps)


@dataclass(frozen=True, kw_only=True)
class Taps:
    """The pixels that samples are made of, in four columns and four rows.

    Attributes:
        columns, rows: (B, 4, h, w), numbers of pixels.
        across, down: (B, 4, h, w), the weights of the columns and of the rows; 0 for what is outside of a black border.
    """

    columns: Tensor
    rows: Tensor
    across: Tensor
    down: Tensor

    @classmethod
    def of(cls, image: Tensor, points: Tensor, border: str) -> "Taps":
        """Return the taps of samples of `image` (B, C, H, W) at `points` (B, h, w, 2)."""
        height, width = image.shape[-2:]
        first = points.floor()
        across, down = _weights((points - first).to(image.dtype)).unbind(dim=-1)
        beside = torch.arange(-1, 3, device=points.device).view(4, 1, 1)
        column, row = first.long().unsqueeze(1).unbind(dim=-1)
        columns, inside_x = inside(column + beside, width, border)
        rows, inside_y = inside(row + beside, height, border)
        return cls(columns=columns, rows=rows, across=across * inside_x, down=down * inside_y)

    def on(self, device: torch.device) -> "Taps":
        """Return the taps on a device: where there is no float64, they are computed beside it."""
        if self.rows.device == device:
            return self
        return Taps(**{name: value.to(device) for name, value in vars(self).items()})


def one_by_one(image: Tensor, taps: Taps) -> Tensor:
    """Add up the taps (B, C, h, w), one after the other: little memory, many operators."""
    flat = image.flatten(2)
    result = image.new_zeros(*image.shape[:2], *taps.rows.shape[-2:])
    for j in range(4):
        line, begin = torch.zeros_like(result), taps.rows[:, j] * image.shape[-1]
        for i in range(4):
            places = (begin + taps.columns[:, i]).flatten(1).unsqueeze(1).expand(-1, image.shape[1], -1)
            line += flat.gather(2, places).view_as(result) * taps.across[:, i : i + 1]
        result += line * taps.down[:, j : j + 1]
    return result


def at_once(image: Tensor, taps: Taps) -> Tensor:
    """Gather all taps, and add them up in the same order: few operators, 16 times the result in memory."""
    batch, channels = image.shape[:2]
    places = (taps.rows[:, :, None] * image.shape[-1] + taps.columns[:, None]).flatten(1)
    values = image.flatten(2).gather(2, places.unsqueeze(1).expand(-1, channels, -1))
    lines = (values.view(batch, channels, 4, *taps.rows.shape[1:]) * taps.across[:, None, None]).sum(dim=3)
    return (lines * taps.down[:, None]).sum(dim=2)


def _weights(share: Tensor) -> Tensor:
    """Return the weights of the four neighbours of points `share` (B, ...) in [0, 1) past the second: (B, 4, ...)."""
    square, cube = share.square(), share**3
    return torch.stack(
        [
            (-cube + 2 * square - share) / 2,
            (3 * cube - 5 * square + 2) / 2,
            (-3 * cube + 4 * square + share) / 2,
            (cube - square) / 2,
        ],
        dim=1,
    )
