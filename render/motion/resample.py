"""Sample a picture between its pixels: Catmull-Rom interpolation, with every kind of border.

Source: Keys, "Cubic convolution interpolation for digital image processing" (1981), a = -0.5, the
    only cubic that reproduces a linear ramp, so a motion of 1/50 pixel moves the picture by 1/50 pixel.
    PyTorch's bicubic has a = -0.75, which moves the picture half as far again in every frame.

Convention: pixel coordinates, origin in the centre of the top left pixel, x to the right, y down.
"""

import torch
from torch import Tensor

from render.motion.borders import inside
from render.spec import BORDERS


def catmull_rom(image: Tensor, points: Tensor, border: str) -> Tensor:
    """Sample `image` at `points`, 4 x 4 taps each.

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
    batch, channels, height, width = image.shape
    first = points.floor()
    across, down = _weights((points - first).to(image.dtype)).unbind(dim=-2)
    column, row = first.long().unbind(dim=-1)
    flat = image.flatten(2)
    columns = [inside(column + i - 1, width, border) for i in range(4)]
    result = image.new_zeros(batch, channels, *points.shape[1:3])
    for j in range(4):
        y, inside_y = inside(row + j - 1, height, border)
        line = torch.zeros_like(result)
        for i, (x, inside_x) in enumerate(columns):
            places = (y * width + x).flatten(1).unsqueeze(1).expand(-1, channels, -1)
            line = line + flat.gather(2, places).view_as(result) * (across[..., i] * inside_x).unsqueeze(1)
        result = result + line * (down[..., j] * inside_y).unsqueeze(1)
    return result


def _weights(share: Tensor) -> Tensor:
    """Return the weights of the four neighbours of points `share` in [0, 1) past the second: (...) to (..., 4)."""
    square, cube = share.square(), share**3
    return torch.stack(
        [
            (-cube + 2 * square - share) / 2,
            (3 * cube - 5 * square + 2) / 2,
            (-3 * cube + 4 * square + share) / 2,
            (cube - square) / 2,
        ],
        dim=-1,
    )
