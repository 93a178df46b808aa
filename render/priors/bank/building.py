"""Make a bank of pictures: encode each as codes, embed it, and keep the main components of the embeddings."""

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from render.guidance.cutouts import whole
from render.guidance.perceptors import Perceptor
from render.latents import CodedLatent
from render.priors.bank.file import Array, Bank, packed
from render.priors.bank.header import Header
from render.priors.bank.identity import codebook_digest, probes
from render.priors.bank.words import collected

COMPONENTS = 128  # of an embedding that are kept, one byte each
_STEPS = 127.0  # of an int8 from 0

USUAL = (
    "a picture", "a photograph", "a painting", "a drawing", "a landscape", "a person", "an animal", "a building",
    "a room", "a street", "the sky", "water", "trees", "flowers", "food", "a vehicle", "something red",
    "something blue", "something green", "something yellow", "something dark", "something bright", "at night",
    "in the morning", "in winter", "in summer", "in the rain", "an abstract pattern", "a close-up", "a wide view",
    "a crowd", "an old thing", "a new thing", "a mountain", "a face", "a machine",
)  # fmt: skip
"""Texts of every kind; what is common to their embeddings says nothing about a picture."""


class Builder:
    """Collects the codes and embeddings of pictures, batch by batch.

    Args:
        grid: (rows, columns) of codes; pictures that `add` gets have `grid` times the stride as height and width.
    """

    def __init__(self, latents: CodedLatent, perceptor: Perceptor, grid: tuple[int, int], device: torch.device) -> None:
        self._latents, self._perceptor, self._device = latents, perceptor, device
        self._grid = grid
        self._codes: list[Array] = []
        self._embeddings: list[Tensor] = []
        self._captions: list[Sequence[str]] = []

    def __len__(self) -> int:
        return sum(len(codes) for codes in self._codes)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the pictures that `add` expects."""
        return self._grid[1] * self._latents.stride, self._grid[0] * self._latents.stride

    @property
    def key(self) -> str:
        """Equal for builders that make the same of a picture."""
        seen = hashlib.sha256((10_000 * probes(self._perceptor, self._device)).round().numpy().tobytes()).hexdigest()
        return f"{codebook_digest(self._latents)} {seen} {self._grid}"

    @property
    def collected(self) -> tuple[Array, Array, list[Sequence[str]]]:
        """The codes (N, rows, columns) int32, the embeddings (N, D) float32 and the captions of all N pictures so far,
        at least one.
        """
        return np.concatenate(self._codes), torch.cat(self._embeddings).numpy(), self._captions

    def restore(self, codes: Array, embeddings: Array, captions: Sequence[Sequence[str]]) -> None:
        """Add what `collected` returned."""
        self._codes.append(codes)
        self._embeddings.append(torch.from_numpy(embeddings))
        self._captions += captions

    @torch.no_grad()
    def add(self, pictures: Tensor, captions: Sequence[Sequence[str]] = ()) -> None:
        """Add pictures (B, 3, rows * stride, columns * stride) in [0, 1], and any number of captions for each.

        What is embedded is what the bank will show: the picture decoded from its codes, whole, squeezed into a square.
        """
        codes = self._latents.codes(self._latents.encode(pictures.to(self._device)))
        if tuple(codes.shape[1:]) != self._grid:
            raise ValueError(f"expected pictures of {self._grid} codes, got {tuple(codes.shape[1:])}")
        shown = self._latents.decode(self._latents.entries(codes)).float()
        seen = whole(shown, self._perceptor.side)[:, 0]
        self._embeddings.append(self._perceptor.encode_image(seen).float().cpu())
        self._codes.append(codes.int().cpu().numpy())
        self._captions += captions or [()] * len(pictures)

    def bank(self, *, latent: str, perceptor: str, made_of: str, components: int = COMPONENTS) -> Bank:
        """Return the bank of all pictures so far, at least one; see `Header` for the names."""
        header = Header(
            grid=self._grid,
            num_codes=len(self._latents.codebook),
            stride=self._latents.stride,
            codebook=codebook_digest(self._latents),
            latent=latent,
            perceptor=perceptor,
            made_of=made_of,
        )
        centre, basis, scale, numbers = _compressed(torch.cat(self._embeddings), components)
        usual = _text_mean(self._perceptor, USUAL)
        return Bank(
            header=header,
            codes=packed(np.concatenate(self._codes), header.bits),
            embeddings=numbers,
            scale=scale,
            basis=basis,
            centre=centre,
            usual=usual.numpy(),
            probes=probes(self._perceptor, self._device).numpy(),
            words=collected(self._captions),
        )


@torch.no_grad()
def _text_mean(perceptor: Perceptor, texts: Sequence[str]) -> Tensor:
    return perceptor.encode_text(list(texts)).float().cpu().mean(dim=0)


def _compressed(embeddings: Tensor, components: int) -> tuple[Array, Array, Array, Array]:
    """Keep the main components of embeddings (N, D): centre (D,), basis (K, D), scale (K,), numbers (N, K) int8.

    Source: principal component analysis, Pearson (1901).
    """
    centre = embeddings.mean(dim=0)
    away = (embeddings - centre).double()
    directions = torch.linalg.eigh(away.T @ away).eigenvectors.flip(1).T  # the largest first
    basis = directions[: min(components, embeddings.shape[1])].float()
    numbers = (embeddings - centre) @ basis.T
    scale = (numbers.abs().amax(dim=0) / _STEPS).clamp_min(1e-12)
    return centre.numpy(), basis.numpy(), scale.numpy(), (numbers / scale).round().to(torch.int8).numpy()


def cropped(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut the middle of a picture (B, 3, H, W) in the shape of (width, height), and scale it to that size."""
    width, height = size
    share = min(picture.shape[-1] / width, picture.shape[-2] / height)
    across, down = max(1, round(width * share)), max(1, round(height * share))
    left, top = (picture.shape[-1] - across) // 2, (picture.shape[-2] - down) // 2
    middle = picture[..., top : top + down, left : left + across]
    return F.interpolate(middle, size=(height, width), mode="bicubic", antialias=True, align_corners=False).clamp(
        0.0, 1.0
    )
