"""Batches of pictures with caption rows for the CLIP run."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .data import load_set


class CaptionedImages:
    """Sets of captioned pictures, drawn by weight; a set that is not there is left out until `look` finds it.

    `plain` marks captions of colours and patterns: those are true of any texture, so they are never decoys.
    """

    def __init__(self, folder: Path, weights: dict[str, float], lookup: dict[str, int]) -> None:
        self._folder, self._weights, self._lookup = folder, weights, lookup
        self._sets: dict[str, tuple[np.ndarray, list[list[int]]]] = {}
        self.look()

    def look(self) -> None:
        """Take in the sets whose files exist by now."""
        for name in self._weights:
            if name not in self._sets and (self._folder / f"{name}.npy").exists():
                images, captions = load_set(self._folder, name)
                rows = [[self._lookup[c] for c in words if c in self._lookup] for words in captions]
                self._sets[name] = (images, rows)
        if not self._sets:
            raise ValueError(f"{self._folder}: none of {', '.join(self._weights)} is there; run the data step first")

    def draw(self, count: int, rng: np.random.Generator) -> tuple[list[Tensor], Tensor]:
        """Pictures in [0, 1], one tensor per set (sizes differ), and the caption rows (count,)."""
        names = list(self._sets)
        share = np.array([self._weights[name] for name in names])
        images, rows = [], []
        for name, number in zip(names, rng.multinomial(count, share / share.sum()), strict=True):
            if not number:
                continue
            pictures, captions = self._sets[name]
            chosen = rng.integers(0, len(captions), number)
            images.append(torch.from_numpy(pictures[chosen]).permute(0, 3, 1, 2).float() / 255)
            rows += [self._pick(captions[k], rng) for k in chosen]
        return images, torch.tensor(rows)

    @staticmethod
    def _pick(captions: Sequence[int], rng: np.random.Generator) -> int:
        return captions[int(rng.integers(len(captions)))]
