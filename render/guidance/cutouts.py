"""Sample square cutouts of the picture at a perceptor's input size, all in one resample.

A cutout is a 3x3 matrix from the square's coordinates to the picture's, both in [-1, 1]; crops, flips,
rotations and tilts are multiplied into it, and one grid_sample draws every cutout of a step.
Source: MakeCutouts of crowsonkb's VQGAN+CLIP notebook, which does one crop and one resize per cutout.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from render.guidance.augment import Strength, jitter
from render.kernels.sampling import sampled, shrunk
from render.rng import Generators, around_zero, uniform

WHOLE_SHARE = 0.25  # share of cutouts that show the whole picture squeezed into the square, for the layout
SMALLEST_CROP = 0.45  # of the picture's shorter side


def draw(batch: int, count: int, aspect: float, strength: Strength, generators: Generators) -> Tensor:
    """Draw the cutouts of one step: (batch, count, 3, 3), from square to picture coordinates.

    The first quarter of them show the whole picture, the others show squares of 45 to 100 % of the shorter side
    at random positions; each is then augmented (`render.guidance.augment.jitter`).

    Args:
        aspect: width / height of the picture.
    """
    num_whole = max(1, round(WHOLE_SHARE * count))
    side = SMALLEST_CROP + (1 - SMALLEST_CROP) * uniform((batch, count), generators)
    scale = torch.stack([side * min(1.0, 1 / aspect), side * min(1.0, aspect)], dim=-1)
    scale[:, :num_whole] = 1.0
    place = around_zero((batch, count, 2), generators)
    crop = torch.zeros(batch, count, 3, 3, device=side.device)
    crop[..., :2, :2] = torch.diag_embed(scale)
    crop[..., :2, 2] = place * (1 - scale)
    crop[..., 2, 2] = 1.0
    return crop @ jitter(batch, count, strength, generators)


def sample(image: Tensor, views: Tensor, side: int) -> Tensor:
    """Sample the cutouts of `image` that `views` describe.

    Args:
        image: (B, C, H, W), usually a picture in [0, 1].
        views: (B, N, 3, 3), see `draw`.
        side: width and height of a cutout in pixels.

    Returns:
        (B, N, C, side, side) in the range of `image`, which is reflected at its borders.
    """
    batch, count = views.shape[:2]
    image = prefiltered(image, side)
    grid = _places(views, side).reshape(batch, count * side, side, 2)
    looks = sampled(image, grid, "reflection")
    return looks.view(batch, -1, count, side, side).transpose(1, 2)


def prefiltered(image: Tensor, side: int) -> Tensor:
    """Shrink `image` (B, C, H, W) once for all cutouts of `side` pixels, unless it is small: (B, C, h, w).

    A crop in the middle of the range of sizes then maps pixel to pixel. Shrinking it again changes nothing.
    """
    shrink = min(1.0, 1.4 * side / min(image.shape[-2:]))
    height, width = (round(shrink * pixels) for pixels in image.shape[-2:])
    if shrink == 1.0 or (height, width) == image.shape[-2:]:
        return image
    return shrunk(image, (height, width))


def _places(views: Tensor, side: int) -> Tensor:
    """Return the pixel centres of every cutout in picture coordinates, [-1, 1] if inside: (B, N, side * side, 2)."""
    along = (2 * torch.arange(side, device=views.device, dtype=views.dtype) + 1) / side - 1
    y, x = torch.meshgrid(along, along, indexing="ij")
    centres = torch.stack([x, y, torch.ones_like(x)]).flatten(1)
    places = (views @ centres).mT
    return places[..., :2] / places[..., 2:]


def whole(image: Tensor, side: int) -> Tensor:
    """Squeeze the whole picture into one antialiased square: (B, 1, 3, side, side)."""
    square = F.interpolate(image, size=(side, side), mode="bilinear", antialias=True, align_corners=False)
    return square.unsqueeze(1)
