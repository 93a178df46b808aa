"""Target vectors of captions: from the teacher's sentence embedding and the colours of the caption's pictures.

For the sentence teacher, a golden sunset and a starry night over the same sea are very similar, and a guide trained on
its vectors has little reason to turn one into the other. So each target vector also encodes the colours of such
pictures from top to bottom; a sentence without pictures gets those of the captions that it is close to.
"""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from render.training.data.pictures import has_set, load_set
from render.training.data.texts import Texts, align, load_texts
from render.training.networks.guiding import load_pair
from render.training.networks.towers import encode_text, tokenize

log = logging.getLogger(__name__)

BANDS = 4
SETS = ("scenes", "skies")
NEARNESS = 25.0
"""Sharpness of the kernel that weights captions for a sentence: e^(25 cosine)."""

OPPONENT = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [-0.5, 1.0, -0.5]])
"""Brightness, warm against cold, green against magenta."""


def colours(images: Tensor) -> Tensor:
    """Mean brightness and two hues of horizontal bands of pictures (N, 3, H, W): (N, 3 * BANDS)."""
    bands = F.adaptive_avg_pool2d(images, (BANDS, 1))[..., 0]
    return torch.einsum("ij,njb->nib", OPPONENT, bands).flatten(1)


def caption_looks(corpus: Texts, data: Path) -> Tensor:
    """Colours of every sentence (N, 3 * BANDS): 0 is the average picture, 1 a standard deviation of pictures.

    Source: kernel regression over captions (Nadaraya 1964, Watson 1964), with the kernel on the teacher's vectors.
    """
    lookup = corpus.lookup()
    sums, counts, everything = torch.zeros(len(corpus.texts), 3 * BANDS), torch.zeros(len(corpus.texts)), []
    for name in (name for name in SETS if has_set(data, name)):
        pictures, captions = load_set(data, name)
        for start in range(0, len(pictures), 512):
            part = torch.from_numpy(np.array(pictures[start : start + 512])).permute(0, 3, 1, 2).float() / 255
            found = colours(part)
            everything.append(found)
            pairs = [(k, lookup[c]) for k in range(len(part)) for c in captions[start + k] if c in lookup]
            places, rows = torch.tensor(pairs).T
            sums.index_add_(0, rows, found[places])
            counts.index_add_(0, rows, torch.ones(len(rows)))
    every = torch.cat(everything)
    known = torch.nonzero(counts).flatten()
    shown = (sums[known] / counts[known, None] - every.mean(0)) / every.std(0).clamp(min=1e-3)
    weight = counts[known].sqrt().log()
    out = [
        F.softmax(NEARNESS * part @ corpus.vectors[known].T + weight, dim=1) @ shown
        for part in torch.split(corpus.vectors, 1024)
    ]
    return torch.cat(out)


def with_looks(corpus: Texts, looks: Tensor, strength: float) -> Texts:
    """The corpus with looks added to its vectors along random orthogonal directions; unit vectors again."""
    directions = torch.randn(corpus.dim, looks.shape[1], generator=torch.Generator().manual_seed(0))
    added = looks @ torch.linalg.qr(directions)[0].T * (strength / looks.shape[1] ** 0.5)
    log.info("looks are %.2f of the vectors they are added to", float(added.norm(dim=1).mean()))
    return replace(corpus, vectors=F.normalize(corpus.vectors + added, dim=1))


def load_targets(data: Path, run: Path, strength: float, start: Path | None) -> Texts:
    """The sentences with the vectors that both towers of a run learn; made once, in run/targets.pt.

    With `start`, an exported pair, the vectors are in the embedding space of its towers.
    """
    path = run / "targets.pt"
    if path.exists():
        return load_texts(path)
    taught = load_texts(data / "texts.pt")
    corpus = align(taught, _embed_texts(start, taught.texts)) if start else taught
    if strength:
        corpus = with_looks(corpus, caption_looks(taught, data), strength)
    path.parent.mkdir(parents=True, exist_ok=True)
    corpus.save(path)
    return corpus


@torch.no_grad()
def _embed_texts(start: Path, texts: list[str]) -> Tensor:
    pair = load_pair(start)
    return torch.cat([encode_text(pair, part) for part in torch.split(tokenize(texts), 512)])
