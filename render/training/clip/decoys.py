"""Pictures that only seem to show their caption: negatives like the failures of a renderer."""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from render.training.augment import resize
from render.training.clip.attack import unit
from render.training.clip.painted import PaintedPool
from render.training.config import CLIPConfig
from render.training.scenes.palette import COLOURS

POOL = 64
PATTERN_WORDS = {
    "background",
    "texture",
    "abstract",
    "paint",
    "color",
    "colors",
    "gradient",
    "stripes",
    "spiral",
    "rings",
    "marble",
    "pattern",
    *COLOURS,
}
"""In a caption of colours and patterns: true of any texture, so never faked."""


def worth_faking(caption: str) -> bool:
    """Whether a caption describes things, rather than only colours and patterns."""
    return not PATTERN_WORDS & set(caption.split())


class DecoyPool:
    """Pictures optimised towards a caption without ever showing it: negatives like the failures of a renderer.

    Source: persistent chains of JEM (Grathwohl 2020), attacks on noise of RATIO (Augustin 2020). Starts are
    soft noise and mixtures of unrelated pictures. Steps are coarse: a decoder cannot make pixel noise either.
    """

    def __init__(self, size: int, side: int, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self.images = torch.cat([self._fresh(1, side) for _ in range(size)])
        self.captions = torch.full((size,), -1, dtype=torch.long)
        self._drawn = self.captions[:0]

    def _fresh(self, count: int, side: int) -> Tensor:
        """Soft coloured noise around a grey or coloured mean."""
        g = self._generator
        mean = 0.25 + 0.5 * torch.rand(count, 3, 1, 1, generator=g)
        out = mean.expand(-1, -1, side, side).clone()
        for cells in (2, 4, 8, 16):
            noise = torch.randn(count, 3 if cells < 8 else 1, cells, cells, generator=g) * (0.3 / cells**0.5)
            out += F.interpolate(noise, size=(side, side), mode="bicubic", align_corners=False)
        return out.clamp(0, 1)

    def draw(self, count: int, captions: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures and caption indices of chains; some start anew on one of `captions`."""
        g = self._generator
        rows = torch.randperm(len(self.images), generator=g)[:count]
        anew = (torch.rand(count, generator=g) < 0.04) | (self.captions[rows] < 0)
        for k in torch.nonzero(anew).flatten().tolist():
            row = rows[k]
            self.captions[row] = captions[torch.randint(len(captions), (1,), generator=g)]
            fresh = self._fresh(1, self.images.shape[-1])[0]
            if torch.rand(1, generator=g) < 0.4:
                a, b = torch.randint(len(others), (2,), generator=g)
                fresh = 0.5 * others[a] + 0.5 * others[b].roll(24, -1)
            self.images[row] = fresh
        self._drawn = rows
        return self.images[rows], self.captions[rows]

    def climb(self, gradient: Tensor, length: float) -> None:
        """One L2 step of the given length that increases the loss of the chains, as coarse as a decoder's."""
        cells = int(torch.randint(12, 40, (1,), generator=self._generator))
        coarse = resize(resize(gradient, cells), self.images.shape[-1])
        self.images[self._drawn] = (self.images[self._drawn] + length * unit(coarse)).clamp(0, 1)

    def state_dict(self) -> dict[str, Tensor]:
        """The state to save in a checkpoint."""
        return {
            "images": self.images.half(),
            "captions": self.captions,
            "generator": self._generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore the state from a checkpoint."""
        self.images, self.captions = state["images"].float(), state["captions"]
        self._generator.set_state(state["generator"])


class Decoys:
    """Decoys that are optimised in pixels and, where a VQGAN is given, decoys that are optimised in its latents."""

    def __init__(self, config: CLIPConfig, vqgan: Path | None) -> None:
        painted = config.painted if vqgan else 0
        self._counts = (config.decoys - painted, painted)
        self._length = config.decoy_step * config.radius
        self._drawn = DecoyPool(POOL, config.image_size, config.seed)
        self._painted = PaintedPool(vqgan, POOL, config.image_size, config.seed) if vqgan else None

    def draw(self, captions: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures (N, 3, S, S) and the caption rows (N,) that they were optimised towards."""
        images, rows = self._drawn.draw(self._counts[0], captions, others)
        if self._painted is None:
            return images, rows
        more, more_rows = self._painted.draw(self._counts[1], captions)
        return torch.cat([images, more]), torch.cat([rows, more_rows])

    def climb(self, gradient: Tensor) -> None:
        """A step up the loss for what was drawn last."""
        pixels, latents = torch.split(gradient, list(self._counts))
        self._drawn.climb(pixels, self._length)
        if self._painted is not None:
            self._painted.climb(latents)

    def state_dict(self) -> dict[str, dict[str, Tensor]]:
        """The state to save in a checkpoint."""
        pools = {"drawn": self._drawn, "painted": self._painted}
        return {name: pool.state_dict() for name, pool in pools.items() if pool is not None}

    def load_state_dict(self, state: dict[str, dict[str, Tensor]]) -> None:
        """Restore the state from a checkpoint."""
        self._drawn.load_state_dict(state["drawn"])
        if self._painted is not None:
            self._painted.load_state_dict(state["painted"])
