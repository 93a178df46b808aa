"""Palettes of a frame as tensors: colours that are given, or taken from a picture."""

import functools

import torch
import torch.nn.functional as F
from torch import Tensor

from render.guidance.colour.spaces import from_oklab, oklab
from render.guidance.pictures import pixels
from render.spec.colour import PaletteOf

SIDE = 128  # pixels: a picture is reduced to about this before its colours are counted
RUNS, ROUNDS = 4, 40  # of k-means

Palette = tuple[str, ...] | PaletteOf


@functools.lru_cache(maxsize=64)
def in_srgb(palette: Palette, device: torch.device) -> Tensor:
    """Return a palette's colours in sRGB: (K, 3), multiples of 1/255.

    Raises:
        InputError: its picture cannot be read.
        RunError: its picture has changed since the schedule was read.
    """
    if isinstance(palette, PaletteOf):
        return extracted(pixels(palette.image), palette.count).to(device)
    levels = [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in palette]
    return torch.tensor(levels, dtype=torch.float32, device=device) / 255


@functools.lru_cache(maxsize=64)
def in_oklab(palette: Palette, device: torch.device) -> Tensor:
    """Return a palette's colours in OKLab: (1, K, 3). Raises as `in_srgb` does."""
    return oklab(in_srgb(palette, device).T[None, :, None])[:, :, 0].transpose(1, 2).contiguous()


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
    pixels = oklab(small)[0].flatten(1).T.cpu().double()
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
