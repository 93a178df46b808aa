"""Palettes: colours taken from a picture, the distance of pixels to them, and pictures that have no other colours."""

import torch
import torch.nn.functional as F
from torch import Tensor

from render.colour.spaces import from_oklab, oklab

MAX_COLOURS = 32
SIDE = 128  # pixels: a picture is reduced to about this before its colours are counted
RUNS, ROUNDS = 4, 40  # of k-means
STRIP = 1 << 18  # pixels whose distances to the palette are held at once
PENALTY = 0.05  # what a pair of colours to dither costs for being far apart, relative to missing the colour
BAYER = 8  # side of the threshold matrix


def in_oklab(colours: Tensor) -> Tensor:
    """Convert sRGB colours (B, K, 3) in [0, 1] to OKLab, same shape."""
    return oklab(colours.transpose(1, 2).unsqueeze(2)).squeeze(2).transpose(1, 2)


@torch.no_grad()
def extracted(image: Tensor, count: int) -> Tensor:
    """Find the colours that describe a picture best: sRGB (count, 3), multiples of 1/255, the most frequent first.

    The same picture always has the same colours. Fewer are found if the picture has fewer.

    Args:
        image: (1, 3, H, W) in [0, 1].

    Source: k-means by Lloyd (1982) with the seeding of Arthur and Vassilvitskii, "k-means++" (2007), in OKLab; the best
    of four runs.
    """
    scale = min(1.0, SIDE / max(image.shape[-2:]))
    size = [max(1, round(side * scale)) for side in image.shape[-2:]]
    small = F.interpolate(image, size=size, mode="area")
    pixels = oklab(small)[0].flatten(1).T.double().cpu()
    generator = torch.Generator().manual_seed(0)
    runs = [_clustered(pixels, _spread_out(pixels, count, generator)) for _ in range(RUNS)]
    centres, nearest = min(runs, key=lambda run: float((pixels - run[0][run[1]]).square().sum()))
    shares = torch.bincount(nearest, minlength=len(centres))
    kept = shares.argsort(descending=True, stable=True)[: int((shares > 0).sum())]
    colours = from_oklab(centres[kept].T.view(1, 3, 1, -1)).view(3, -1).T
    return ((colours * 255).round() / 255).to(image)


def _spread_out(pixels: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Draw pixels to start from, each with a probability that grows with the distance to those before."""
    chosen = pixels[torch.randint(len(pixels), (1,), generator=generator)]
    for _ in range(count - 1):
        distances = torch.cdist(pixels, chosen).square().amin(dim=1)
        if not bool(distances.max() > 1e-9):
            break
        chosen = torch.cat([chosen, pixels[torch.multinomial(distances, 1, generator=generator)]])
    return chosen


def _clustered(pixels: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Move centres (K, 3) to the means of their pixels (N, 3) until none changes; return them and each pixel's."""
    nearest = torch.cdist(pixels, centres).argmin(dim=1)
    for _ in range(ROUNDS):
        counts = torch.bincount(nearest, minlength=len(centres)).clamp(min=1).unsqueeze(1)
        sums = torch.zeros_like(centres).index_add_(0, nearest, pixels)
        centres = torch.where(sums.abs().sum(dim=1, keepdim=True) > 0, sums / counts, centres)
        before, nearest = nearest, torch.cdist(pixels, centres).argmin(dim=1)
        if torch.equal(before, nearest):
            break
    return centres, nearest


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
    palette = in_oklab(colours.unsqueeze(0))[0]
    thresholds = _thresholds(height, width, image.device).flatten()
    strips = zip(pixels.split(STRIP), thresholds.split(STRIP), strict=True)
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
