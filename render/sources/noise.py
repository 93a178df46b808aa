"""Start from soft, nearly grey noise, so that any layout can form."""

import torch
import torch.nn.functional as F
from torch import Tensor

from render.sources import Loaded, Start
from render.spec import FrameSpec

OCTAVES = (2, 3, 4, 5)  # exponents: 4, 8, 16, 32 cells along each side
CONTRAST = 0.18
CHROMA = 0.25  # relative to the contrast; with more, the noise's own colours would remain in the picture


def start(spec: FrameSpec, size: tuple[int, int], generator: torch.Generator, loaded: Loaded) -> Start:
    """Return one picture of `soft` noise, independent of the frame's prompts."""
    return Start(image=soft(1, size, generator))


def soft(batch: int, size: tuple[int, int], generator: torch.Generator) -> Tensor:
    """Draw octaves of smooth noise around grey, the coarsest the strongest: (batch, 3, height, width) in [0, 1].

    Args:
        size: (width, height) in pixels.

    Source: value noise, e.g. Ebert et al., "Texturing and Modeling" (2003).
    """
    width, height = size
    device = generator.device
    brightness = 0.35 + 0.3 * torch.rand(batch, 1, 1, 1, generator=generator, device=device)
    picture = brightness.expand(batch, 3, height, width)
    for octave in OCTAVES:
        cells = torch.randn(batch, 4, 2**octave, 2**octave, generator=generator, device=device)
        layer = F.interpolate(cells, size=(height, width), mode="bicubic", align_corners=False)
        picture = picture + CONTRAST / (octave - 1) * (layer[:, :1] + CHROMA * layer[:, 1:])
    return picture.clamp(0.0, 1.0)
