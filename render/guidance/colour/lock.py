"""Draw a picture with the colours of a palette alone, and measure how far it is from that."""

import torch
from torch import Tensor

from render.guidance.colour.spaces import oklab

STRIP = 1 << 18  # pixels whose distances to the palette are held at once
PENALTY = 0.05  # what a pair of colours to dither costs for being far apart, relative to missing the colour
BAYER = 8  # side of the threshold matrix


def squared_distances(lab: Tensor, palette: Tensor) -> Tensor:
    """Return the squared distance of OKLab pixels (B, N, 3) to every colour of OKLab palettes (B, K, 3): (B, N, K)."""
    products = lab @ palette.transpose(1, 2)
    squares = lab.square().sum(dim=2, keepdim=True), palette.square().sum(dim=2).unsqueeze(1)
    return (squares[0] - 2 * products + squares[1]).clamp(min=0.0)


@torch.no_grad()
def locked(image: Tensor, colours: Tensor, dither: float) -> Tensor:
    """Replace every pixel of a picture by a colour of a palette.

    Args:
        image: (1, 3, H, W) in [0, 1].
        colours: sRGB (K, 3) in [0, 1].
        dither: 0 takes the nearest colour in OKLab; up to 1, a pixel between two colours takes either of them, as often
            as it takes to look like it, in the order of Bayer's matrix.

    Returns:
        (1, 3, H, W), of which every pixel is one of `colours` to the bit.

    Source: Bayer (1973); the pair of colours as in Yliluoma, "Joel Yliluoma's arbitrary-palette positional dithering
    algorithm", with the nearest colour as one of the two.
    """
    height, width = image.shape[-2:]
    pixels = oklab(image)[0].flatten(1).T
    palette = oklab(colours.T[None, :, None])[0, :, 0].T
    thresholds = _thresholds(height, width, image.device).flatten()
    strips = zip(torch.split(pixels, STRIP), torch.split(thresholds, STRIP), strict=True)
    chosen = torch.cat([_chosen(strip, palette, dither, threshold) for strip, threshold in strips])
    return colours[chosen].T.reshape(1, 3, height, width)


def _chosen(pixels: Tensor, palette: Tensor, dither: float, thresholds: Tensor) -> Tensor:
    """Return the numbers of the colours (N,) that OKLab pixels (N, 3) take."""
    nearest = torch.cdist(pixels, palette, compute_mode="donot_use_mm_for_euclid_dist").argmin(dim=1)
    if dither <= 0 or len(palette) == 1:
        return nearest
    first = palette[nearest]
    least = torch.full_like(pixels[:, 0], torch.inf)
    other, share = nearest.clone(), torch.zeros_like(least)
    for number, colour in enumerate(palette):
        across = colour - first
        length = across.square().sum(dim=1)
        part = ((pixels - first) * across).sum(dim=1).div(length.clamp(min=1e-12)).clamp(0.0, 0.5)
        cost = (first + part.unsqueeze(1) * across - pixels).square().sum(dim=1) + PENALTY * length * part
        better = (length > 0) & (cost < least)
        least = torch.where(better, cost, least)
        other = torch.where(better, number, other)
        share = torch.where(better, part, share)
    return torch.where(dither * share > thresholds, other, nearest)


def _thresholds(height: int, width: int, device: torch.device) -> Tensor:
    """Tile Bayer's matrix over (height, width): thresholds inside (0, 1)."""
    matrix = torch.zeros(1, 1, device=device)
    while len(matrix) < BAYER:
        quarter = 4 * matrix
        matrix = torch.cat(
            [torch.cat([quarter, quarter + 2], dim=1), torch.cat([quarter + 3, quarter + 1], dim=1)], dim=0
        )
    matrix = (matrix + 0.5) / BAYER**2
    return matrix.repeat(-(-height // BAYER), -(-width // BAYER))[:height, :width]
