"""Scenes reconstructed by a VQGAN, so that the image tower learns from pictures as the renderer makes them."""

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from render.training.data.pictures import has_set, load_set, save_set
from render.training.networks.drift import reconstruct
from render.training.networks.guiding import load_vqgan
from render.training.networks.vqgan import VQ

SETS = ("scenes", "skies")


def write_reconstructions(folder: Path, stem: Path, count: int, name: str = "reconstructed") -> None:
    """The first `count` scenes and skies, as many of each, through the VQGAN with their captions; once."""
    if has_set(folder, name):
        return
    net = load_vqgan(stem)
    sources = [source for source in SETS if has_set(folder, source)]
    images, captions = [], []
    for source in sources:
        found = load_set(folder, source)[0][: count // len(sources)]
        images.append(_through(net, found))
        captions += json.loads((folder / f"{source}.json").read_text())[: len(found)]
    save_set(folder, name, np.concatenate(images), captions)


def _through(net: VQ, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Every other 64 pictures quantised."""
    out = np.empty_like(images)
    for start in range(0, len(images), 64):
        part = torch.from_numpy(np.array(images[start : start + 64])).permute(0, 3, 1, 2).float() / 255
        made, _ = reconstruct(net, part, quantised=start // 64 % 2 == 0)
        out[start : start + len(made)] = (made * 255).round().byte().permute(0, 2, 3, 1).numpy()
    return out
