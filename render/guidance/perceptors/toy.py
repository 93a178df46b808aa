"""A scorer without weights, for tests: it embeds colour names and the mean colours of pictures."""

import hashlib
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from render.models.model import ModelFiles

COLOURS = {
    "black": (0.0, 0.0, 0.0),
    "white": (1.0, 1.0, 1.0),
    "red": (1.0, 0.0, 0.0),
    "green": (0.0, 1.0, 0.0),
    "blue": (0.0, 0.0, 1.0),
    "yellow": (1.0, 1.0, 0.0),
    "cyan": (0.0, 1.0, 1.0),
    "magenta": (1.0, 0.0, 1.0),
}


class Toy:
    """Embeds a colour as the unit vector of (r, g, b), relative to middle grey, and a small constant."""

    side = 16

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        return self._embed(torch.tensor([_colour(text) for text in texts], device=self._device))

    def encode_image(self, images: Tensor) -> Tensor:
        return self._embed(images.mean(dim=(2, 3)))

    def _embed(self, colours: Tensor) -> Tensor:
        constant = torch.full_like(colours[:, :1], 0.1)
        return F.normalize(torch.cat([colours - 0.5, constant], dim=1), dim=1)


def _colour(text: str) -> tuple[float, ...]:
    """Return the mean of the colours that a text names; if it names none, a colour from its hash."""
    named = [COLOURS[word] for word in text.lower().split() if word in COLOURS]
    if not named:
        return tuple(byte / 255 for byte in hashlib.sha256(text.encode()).digest()[:3])
    return tuple(sum(channel) / len(named) for channel in zip(*named, strict=True))


def load(files: ModelFiles, device: torch.device, dtype: torch.dtype) -> Toy:
    """Return the scorer; it has no files, and its few numbers stay in float32 at any model precision."""
    return Toy(device)
