"""Latents that do not come from the encoder: CLIP guides them through the decoder in training, as the renderer does."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from kornia.filters import bilateral_blur
from torch import Tensor

from render.refinement.optimizer import LatentAdam
from render.training.augment import augment
from render.training.clip.painted import CONTINUED
from render.training.networks.guiding import load_pair, noise_latents
from render.training.networks.towers import encode_image, encode_text, tokenize
from render.training.networks.vqgan import VQ

POOL = 8
VIEWS = 4
SMALLEST = 0.45
RESTARTED = 0.02
"""Share of the drawn chains that start again: 50 steps on average."""

LEARNING_RATE = 0.3
"""Of the latent, in the codebook's standard deviation: the schedule's default."""


def flattened(pictures: Tensor) -> Tensor:
    """Pictures (N, 3, H, W) in [0, 1] with ripples in flat areas removed and edges kept.

    Source: Tomasi and Manduchi, "Bilateral filtering for gray and color images" (1998).
    """
    return bilateral_blur(pictures, 17, 0.15, (4.0, 4.0))


class GuidedPool:
    """A pool of pictures (N, 3, S, S) that are being optimised, each towards its own caption.

    They are not part of a checkpoint: a resumed run starts them over.

    Args:
        guide: an exported CLIP pair; it never learns.
        captions: the captions that pictures are painted towards.
        side: of the pictures, in pixels.
    """

    def __init__(self, guide: Path, captions: list[str], side: int, seed: int) -> None:
        pair: Any = load_pair(guide)
        self._visual = pair.visual
        with torch.no_grad():
            self._texts = encode_text(pair, tokenize(captions))
        self._side = side
        self._rng = np.random.default_rng(seed)
        self._generator = torch.Generator().manual_seed(seed)
        self._chains: list[LatentAdam] = []
        self._captions: list[int] = []
        self._drawn: list[int] = []

    def draw(self, count: int, net: VQ) -> Tensor:
        """Latents (count, C, h, w) that require a gradient; some chains restart."""
        while len(self._chains) < POOL:
            self._chains.append(LatentAdam(self._start(net), None))
            self._captions.append(self._caption())
        self._drawn = [int(row) for row in self._rng.choice(POOL, count, replace=False)]
        for row in self._drawn:
            if self._rng.random() < RESTARTED:
                latent = self._chains[row].latent if self._rng.random() < CONTINUED else self._start(net)
                self._chains[row], self._captions[row] = LatentAdam(latent, None), self._caption()
        return torch.cat([self._chains[row].latent.detach() for row in self._drawn]).requires_grad_()

    def climb(self, latents: Tensor, pictures: Tensor, codes: Tensor) -> None:
        """Move the chains last drawn one step towards their captions, within the range of the codes (N, C).

        The graph of `pictures`, (count, 3, S, S) in [0, 1], is retained.
        """
        views = augment(pictures.repeat_interleave(VIEWS, 0), self._visual.image_size, SMALLEST, 0.3, self._rng)
        wanted = self._texts[[self._captions[row] for row in self._drawn]].repeat_interleave(VIEWS, 0)
        alike = (encode_image(self._visual, views) * wanted).sum() / VIEWS
        (gradient,) = torch.autograd.grad(-alike, latents, retain_graph=True)
        chains = [self._chains[row] for row in self._drawn]
        joined = LatentAdam.joined(chains)
        joined.move(gradient, LEARNING_RATE * float(codes.std()))
        low, high = (bound[None, :, None, None] for bound in (codes.amin(0), codes.amax(0)))
        joined.replace(joined.latent.detach().clamp(low, high))
        joined.copy_back(chains)

    def _start(self, net: VQ) -> Tensor:
        return noise_latents(net, 1, self._side, self._generator)

    def _caption(self) -> int:
        return int(self._rng.integers(len(self._texts)))
