"""Two adversaries: small changes that hide a caption, and long climbs that fake one."""

import torch
from torch import Tensor
from torch.nn import functional as F

from .augment import resize


def unit(x: Tensor) -> Tensor:
    """Each picture scaled to L2 norm 1."""
    scaled: Tensor = x / (x.flatten(1).norm(dim=1)[:, None, None, None] + 1e-9)
    return scaled


def random_start(images: Tensor, radius: float) -> Tensor:
    """A random change of up to half the radius, so that the gradient is not taken at the picture itself."""
    return images + unit(torch.randn_like(images)) * (radius * 0.5 * torch.rand(len(images), 1, 1, 1))


def hide(images: Tensor, gradient: Tensor, radius: float) -> Tensor:
    """One L2 step of `radius` up the loss; every seventh picture stays.

    Source: projected gradient attack (Madry 2018) in one step; the gradient is the training pass's own, as in
    "Adversarial training for free" (Shafahi 2019), so that an attack costs no pass of its own.
    """
    step = radius * (torch.rand(len(images), 1, 1, 1) < 0.85)
    return (images + step * unit(gradient)).clamp(0, 1)


class DecoyPool:
    """Pictures that climb towards a caption and never show it: negatives like the failures of a renderer.

    Source: persistent chains of JEM (Grathwohl 2020), attacks on noise of RATIO (Augustin 2020). Starts are
    soft noise and mixtures of unrelated pictures. Steps are coarse: a decoder cannot make pixel noise either.
    """

    def __init__(self, size: int, side: int, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self.images = torch.cat([self._fresh(1, side) for _ in range(size)])
        self.captions = torch.full((size,), -1, dtype=torch.long)

    def _fresh(self, count: int, side: int) -> Tensor:
        """Soft coloured noise around a grey or coloured mean."""
        g = self._generator
        mean = 0.25 + 0.5 * torch.rand(count, 3, 1, 1, generator=g)
        out = mean.expand(-1, -1, side, side).clone()
        for cells in (2, 4, 8, 16):
            noise = torch.randn(count, 3 if cells < 8 else 1, cells, cells, generator=g) * (0.3 / cells**0.5)
            out += F.interpolate(noise, size=(side, side), mode="bicubic", align_corners=False)
        return out.clamp(0, 1)

    def draw(self, count: int, captions: Tensor, others: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Rows, pictures and caption indices of chains; some start anew on one of `captions`."""
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
        return rows, self.images[rows], self.captions[rows]

    def climb(self, rows: Tensor, images: Tensor, gradient: Tensor, length: float) -> None:
        """Take one step of an L2 length up the loss, as coarse as a decoder would, and store the pictures."""
        cells = int(torch.randint(12, 40, (1,), generator=self._generator))
        coarse = resize(resize(gradient, cells), images.shape[-1])
        self.images[rows] = (images + length * unit(coarse)).clamp(0, 1)

    def state_dict(self) -> dict[str, Tensor]:
        """For a checkpoint."""
        return {
            "images": self.images.half(),
            "captions": self.captions,
            "generator": self._generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """From a checkpoint."""
        self.images, self.captions = state["images"].float(), state["captions"]
        self._generator.set_state(state["generator"])
