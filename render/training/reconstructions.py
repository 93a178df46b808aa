"""Scenes after a VQGAN: the image tower should read a picture the way the renderer will show it."""

import json
from pathlib import Path

import numpy as np
import torch

from .data import has_set, load_set, save_set
from .drift import reconstruct
from .guiding import load_vqgan


def write_reconstructions(folder: Path, stem: Path, count: int, name: str = "reconstructed") -> None:
    """The first `count` scenes through the VQGAN, half of them quantised, with their captions; once."""
    if has_set(folder, name):
        return
    net = load_vqgan(stem)
    images, _ = load_set(folder, "scenes")
    captions = json.loads((folder / "scenes.json").read_text())[:count]
    out = np.empty((len(captions), *images.shape[1:]), np.uint8)
    for start in range(0, len(captions), 64):
        some = np.array(images[start : start + 64][: len(captions) - start])
        part = torch.from_numpy(some).permute(0, 3, 1, 2).float() / 255
        made, _ = reconstruct(net, part, quantised=start // 64 % 2 == 0)
        out[start : start + len(made)] = (made * 255).round().byte().permute(0, 2, 3, 1).numpy()
    save_set(folder, name, out, captions)
