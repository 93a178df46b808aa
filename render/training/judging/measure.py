"""Figures of an exported pair: reconstruction, drift, retrieval on held-out scenes, photo classes."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from render.training.augment import resize
from render.training.data.pictures import LABELS, has_set, load_set
from render.training.networks.drift import measure_drift, psnr, reconstruct
from render.training.networks.guiding import load_pair, load_vqgan
from render.training.networks.towers import encode_image, encode_text, tokenize

log = logging.getLogger(__name__)


def pictures(folder: Path, name: str, count: int) -> Tensor:
    """The first `count` images of a shuffled set, (N, 3, S, S) in [0, 1]."""
    images, _ = load_set(folder, name)
    rows = np.random.default_rng(0).permutation(len(images))[:count]
    return torch.from_numpy(images[np.sort(rows)]).permute(0, 3, 1, 2).float() / 255


def measure_vqgan(stem: Path, data: Path) -> dict[str, float]:
    """PSNR of quantised and continuous reconstructions, codes used, drift after 100 cycles."""
    net = load_vqgan(stem)
    figures: dict[str, float] = {}
    met = []
    for name, count in (("photos_held_out", 200), ("artwork_held_out", 60), ("held_out", 100)):
        if not has_set(data, name):
            continue
        images = pictures(data, name, count)
        for quantised in (True, False):
            made, rows = reconstruct(net, images, quantised)
            figures[f"{name} psnr {'quantised' if quantised else 'continuous'}"] = psnr(made, images)
            met.append(rows)
    figures["codes used"] = float(len(torch.unique(torch.cat(met))))
    for quantised in (True, False):
        drift = measure_drift(net, pictures(data, "held_out", 16), 100, quantised)
        figures |= {f"drift {'quantised' if quantised else 'continuous'} {k}": v for k, v in drift.items()}
    return figures


class Scorer:
    """An exported CLIP pair."""

    def __init__(self, stem: Path) -> None:
        self.pair: Any = load_pair(stem)
        size = self.pair.visual.image_size
        self._side = size if isinstance(size, int) else size[0]

    @torch.no_grad()
    def images(self, images: Tensor) -> Tensor:
        """Unit vectors (N, D)."""
        return torch.cat([encode_image(self.pair.visual, resize(part, self._side)) for part in torch.split(images, 64)])

    @torch.no_grad()
    def texts(self, texts: list[str]) -> Tensor:
        """Unit vectors (N, D)."""
        return torch.cat([encode_text(self.pair, tokenize(texts[k : k + 256])) for k in range(0, len(texts), 256)])


def measure_clip(stem: Path, data: Path) -> dict[str, float]:
    """Retrieval among held-out scenes (same generator, other seeds) and, where there are, labels of photographs."""
    scorer = Scorer(stem)
    count = 400
    images, captions = load_set(data, "held_out")
    first = [words[0] for words in captions[:count]]
    made = scorer.images(torch.from_numpy(images[:count]).permute(0, 3, 1, 2).float() / 255)
    similar = made @ scorer.texts(first).T
    same = torch.tensor([[a == b for b in first] for a in first])
    figures = {f"image to text R@{k}": _recall(similar, same, k) for k in (1, 5, 10)}
    figures |= {f"text to image R@{k}": _recall(similar.T, same, k) for k in (1, 5, 10)}
    return figures | (_photo_class(scorer, data) if has_set(data, "photos_held_out") else {})


def _photo_class(scorer: Scorer, data: Path) -> dict[str, float]:
    """Share of 600 held-out photographs whose folder's captions are the nearest."""
    photos, labels = load_set(data, "photos_held_out", most=99)
    rows = np.sort(np.random.default_rng(0).permutation(len(photos))[:600])
    classes = F.normalize(torch.stack([scorer.texts(words).mean(0) for words in LABELS.values()]), dim=1)
    wanted = torch.tensor([list(LABELS.values()).index(labels[k]) for k in rows])
    guess = (scorer.images(torch.from_numpy(photos[rows]).permute(0, 3, 1, 2).float() / 255) @ classes.T).argmax(1)
    return {"photo class": float((guess == wanted).float().mean())}


def _recall(similar: Tensor, same: Tensor, k: int) -> float:
    return float(same.gather(1, similar.topk(k, 1).indices).any(1).float().mean())
