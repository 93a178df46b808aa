"""Batches of pictures with caption rows for the CLIP run."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from render.training.data.pictures import has_set, load_set


class CaptionedImages:
    """Sets of captioned pictures, sampled by weight; a missing set is left out until `load_new_sets` finds it.

    Pictures whose captions have no vectors are never sampled: they were added after the sentences were embedded.
    """

    def __init__(self, folder: Path, weights: dict[str, float], lookup: dict[str, int]) -> None:
        self._folder, self._weights, self._lookup = folder, weights, lookup
        self._sets: dict[str, tuple[np.ndarray, np.ndarray, list[list[int]]]] = {}
        self.load_new_sets()

    def load_new_sets(self) -> None:
        """Load the sets whose files exist now and that are not loaded yet."""
        for name in self._weights:
            if self._weights[name] > 0 and name not in self._sets and has_set(self._folder, name):
                images, captions = load_set(self._folder, name)
                rows = [[self._lookup[c] for c in words if c in self._lookup] for words in captions]
                known = np.array([k for k, found in enumerate(rows) if found])
                if len(known):
                    self._sets[name] = (images, known, rows)
        if not self._sets:
            raise ValueError(f"{self._folder}: none of {', '.join(self._weights)} exists; run the data step first")

    def draw(self, count: int, rng: np.random.Generator) -> tuple[list[Tensor], Tensor]:
        """Pictures in [0, 1], one tensor per set (sizes differ), and the caption rows (count,)."""
        names = list(self._sets)
        share = np.array([self._weights[name] for name in names])
        images, rows = [], []
        for name, number in zip(names, rng.multinomial(count, share / share.sum()), strict=True):
            if not number:
                continue
            pictures, known, captions = self._sets[name]
            chosen = rng.choice(known, number)
            images.append(torch.from_numpy(pictures[chosen]).permute(0, 3, 1, 2).float() / 255)
            rows += [self._pick(captions[k], rng) for k in chosen]
        return images, torch.tensor(rows)

    @staticmethod
    def _pick(captions: Sequence[int], rng: np.random.Generator) -> int:
        return captions[int(rng.integers(len(captions)))]
