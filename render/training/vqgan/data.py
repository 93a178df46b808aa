"""Batches of crops for the VQGAN run, and the pictures that pass through it again and again."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from render.training.augment import resize
from render.training.data.pictures import has_set, load_set


class Crops:
    """Square crops from sets of different sizes, some of them rescaled first; images in [-1, 1].

    A set that the data step did not make is left out, and the others take its share.
    """

    def __init__(self, folder: Path, weights: dict[str, float], side: int) -> None:
        self._sets = {name: load_set(folder, name)[0] for name in weights if has_set(folder, name)}
        if not self._sets:
            raise ValueError(f"{folder}: none of {', '.join(weights)} exists; run the data step first")
        shares = np.array([weights[name] for name in self._sets])
        self._share = shares / shares.sum()
        self._side = side

    def draw(self, count: int, rng: np.random.Generator) -> Tensor:
        """(count, 3, side, side)."""
        names = rng.choice(list(self._sets), count, p=self._share)
        return torch.stack([self._crop(self._sets[name], rng) for name in names]) * 2 - 1

    def _crop(self, images: np.ndarray, rng: np.random.Generator) -> Tensor:
        full = images.shape[1]
        low = min(self._side, full // 2 + 1) if rng.random() < 0.3 else min(self._side, full)
        size = int(rng.integers(low, full + 1)) if rng.random() < 0.4 else min(self._side, full)
        y, x = rng.integers(0, full - size + 1, 2)
        patch = images[rng.integers(len(images)), y : y + size, x : x + size]
        crop = torch.from_numpy(patch.copy()).permute(2, 0, 1).float() / 255
        crop = crop if size == self._side else resize(crop[None], self._side)[0]
        return crop.flip(2) if rng.random() < 0.5 else crop


class Cycles:
    """Pictures that were passed through the model several times, with shifts: they should stay the same."""

    def __init__(self, size: int, longest: int) -> None:
        self._images: list[Tensor] = []
        self._depths: list[int] = []
        self._size, self._longest = size, longest

    def draw(self, count: int, rng: np.random.Generator) -> tuple[list[int], Tensor]:
        """Rows and shifted pictures."""
        rows = [int(k) for k in rng.choice(len(self._images), count, replace=False)]
        moved = [self._images[k].roll((int(rng.integers(-4, 5)), int(rng.integers(-4, 5))), (1, 2)) for k in rows]
        return rows, torch.stack(moved)

    def put(self, rows: list[int], images: Tensor, fresh: Tensor) -> None:
        """Store what came out; chains that are long enough start again from a fresh reconstruction."""
        for k, row in enumerate(rows):
            self._depths[row] += 1
            self._images[row] = images[k]
            if self._depths[row] >= self._longest:
                self._images[row], self._depths[row] = fresh[k], 1
        if len(self._images) < self._size:
            self._images.append(fresh[-1])
            self._depths.append(1)

    def __len__(self) -> int:
        return len(self._images)
