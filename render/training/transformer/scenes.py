"""What the transformer learns from: procedural scenes as codes of a coarse codebook, and their captions' embeddings.

The codes are kept in files of `PART` scenes each, so that an interrupted run continues with the next one.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from render.guidance.perceptors import Perceptor
from render.latents import Latent
from render.priors.transformer.coarse import nearest
from render.training.config import TransformerConfig
from render.training.scenes import make_scene, make_sky, make_subject

log = logging.getLogger(__name__)

SEED = 1_000_000
"""Of the first scene: none of the seeds that banks, networks and judges are made with."""

HELD_OUT_SEED, CODEBOOK_SEED = 900_000, 900_500
MAKERS = (make_scene, make_subject, make_scene, make_sky, make_subject)
"""In turn, as in the bank: compositions of every kind, single things, skies over water and land."""

PART = 500
_BATCH = 25
_ROUNDS = 25  # of k-means
_KEY = "made_with"


@dataclass(frozen=True, kw_only=True)
class Scenes:
    """Scenes as codes, and their captions.

    Attributes:
        codes: (N, 2, rows, columns) int16, of each scene and of its mirror image.
        texts: (M, D) float16, the captions' embeddings, unit vectors.
        owners: (M,) int64, which scene each belongs to, in order.
    """

    codes: Tensor
    texts: Tensor
    owners: Tensor

    @property
    def first_text(self) -> Tensor:
        """(N + 1,), the row of each scene's first caption; the last number is M."""
        return torch.searchsorted(self.owners, torch.arange(len(self.codes) + 1))


class Coder:
    """Turns scenes into codes: the encoder of a VQGAN, and the entries of a coarse codebook nearest to its latents.

    Args:
        folder: where codebook and codes are kept.
        made_with: tells apart what was made with other models or settings.
    """

    def __init__(
        self, folder: Path, latents: Latent, perceptor: Perceptor, config: TransformerConfig, made_with: str
    ) -> None:
        self._folder, self._latents, self._perceptor, self._config = folder, latents, perceptor, config
        self._key = f"{made_with} {config.grid} {config.codes} {config.sampled}"
        self._side = config.grid * latents.stride
        folder.mkdir(parents=True, exist_ok=True)
        self.codebook = self._codebook()

    def scenes(self) -> tuple[Scenes, Scenes]:
        """Return the scenes to train on and those to measure with, made now as far as they are not in the folder."""
        config = self._config
        return self._set("train", SEED, config.scenes), self._set("held-out", HELD_OUT_SEED, config.held_out)

    def _set(self, name: str, seed: int, count: int) -> Scenes:
        starts = range(0, count, PART)
        parts = [self._part(f"{name}-{first:06d}", seed + first, min(PART, count - first)) for first in starts]
        owners = torch.cat([part.owners + PART * number for number, part in enumerate(parts)])
        codes, texts = torch.cat([part.codes for part in parts]), torch.cat([part.texts for part in parts])
        return Scenes(codes=codes, texts=texts, owners=owners)

    def _part(self, name: str, seed: int, count: int) -> Scenes:
        found = self._kept(name)
        if found is None or len(found["codes"]) != count:
            made = [self._coded(pictures, captions) for pictures, captions in _batches(seed, count, self._side)]
            codes, texts, counts = zip(*made, strict=True)
            owners = torch.repeat_interleave(torch.arange(count), torch.tensor([n for each in counts for n in each]))
            found = {"codes": torch.cat(codes), "texts": torch.cat(texts), "owners": owners}
            self._keep(name, found)
            log.info("%s: %d scenes as codes", name, count)
        return Scenes(**found)

    @torch.no_grad()
    def _coded(self, pictures: Tensor, captions: list[list[str]]) -> tuple[Tensor, Tensor, list[int]]:
        both = torch.cat((pictures, pictures.flip(-1)))
        latent = self._latents.encode(both).movedim(1, -1)
        codes = nearest(latent.flatten(0, -2), self.codebook).view(2, len(pictures), *latent.shape[1:3])
        said = self._perceptor.encode_text([text for texts in captions for text in texts])
        return codes.transpose(0, 1).to(torch.int16), said.half(), [len(texts) for texts in captions]

    @torch.no_grad()
    def _codebook(self) -> Tensor:
        found = self._kept("codebook")
        if found is None:
            pictures = (batch for batch, _ in _batches(CODEBOOK_SEED, self._config.sampled, self._side))
            latents = torch.cat([self._latents.encode(batch).movedim(1, -1).flatten(0, -2) for batch in pictures])
            found = {"entries": k_means(latents.float(), self._config.codes, _ROUNDS, self._config.seed)}
            lost = (latents - found["entries"][nearest(latents, found["entries"])]).square().sum()
            share = float(lost / (latents - latents.mean(dim=0)).square().sum())
            log.info("%d codes: %.3f of the latents' variance is lost", self._config.codes, share)
            self._keep("codebook", found)
        return found["entries"]

    def _kept(self, name: str) -> dict[str, Tensor] | None:
        path = self._folder / f"{name}.safetensors"
        if not path.exists():
            return None
        with safe_open(path, "pt") as file:
            if (file.metadata() or {}).get(_KEY) != self._key:
                raise ValueError(f"{path}: made with other models or settings; give an empty folder")
        return load_file(path)

    def _keep(self, name: str, tensors: dict[str, Tensor]) -> None:
        path = self._folder / f"{name}.safetensors"
        partial = path.with_suffix(".partial")
        save_file({key: value.contiguous() for key, value in tensors.items()}, partial, {_KEY: self._key})
        partial.replace(path)


def k_means(points: Tensor, count: int, rounds: int, seed: int) -> Tensor:
    """Return `count` centres (count, C) of points (N, C); a centre without points starts again from one of them.

    Source: Lloyd, "Least squares quantization in PCM" (1982).
    """
    generator = torch.Generator().manual_seed(seed)
    centres = points[torch.randperm(len(points), generator=generator)[:count]].clone()
    for _ in range(rounds):
        owner = nearest(points, centres)
        sizes = torch.bincount(owner, minlength=count)
        sums = torch.zeros_like(centres).index_add_(0, owner, points)
        again = points[torch.randint(len(points), (count,), generator=generator)]
        centres = torch.where(sizes[:, None] > 0, sums / sizes.clamp_min(1)[:, None], again)
    return centres


def _batches(seed: int, count: int, side: int) -> Iterator[tuple[Tensor, list[list[str]]]]:
    """Scenes by seed, in batches: pictures (B, 3, side, side) in [0, 1], and the captions of each."""
    for first in range(seed, seed + count, _BATCH):
        seeds = range(first, min(first + _BATCH, seed + count))
        made = [MAKERS[number % len(MAKERS)](number, side) for number in seeds]
        yield _as_tensor([picture for picture, _ in made]), [captions for _, captions in made]


def _as_tensor(pictures: list[NDArray[np.uint8]]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).movedim(-1, 1).float() / 255
