"""Images to arrays, uint8 (N, S, S, 3) beside their captions: procedural scenes, and a tar of photographs."""

import io
import json
import logging
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from render.training.scenes import make_scene

log = logging.getLogger(__name__)

Maker = Callable[[int, int], tuple[NDArray[np.uint8], list[str]]]
"""A picture (S, S, 3) and its captions, of a seed and S."""

LABELS: dict[str, list[str]] = {
    "buildings": [
        "buildings in a city",
        "a building",
        "city buildings",
        "a tall building",
        "architecture under the sky",
    ],
    "forests": ["a forest", "a green forest", "trees in the woods", "a forest of tall trees", "woodland"],
    "glacier": [
        "a glacier",
        "snow and ice",
        "a snowy mountain glacier",
        "an icy landscape",
        "snow covered mountains",
    ],
    "mountains": [
        "mountains",
        "a mountain landscape",
        "a mountain peak",
        "a rocky mountain range",
        "mountains under the sky",
    ],
    "sea": ["the sea", "the ocean", "a beach by the sea", "ocean waves", "the sea under the sky"],
    "street": [
        "a street in a city",
        "a city street",
        "a street with buildings",
        "people and cars on a street",
        "a town street",
    ],
}
"""Captions for the folders of scenes-64px.tar (its README states CC0)."""

SEEDS = {"scenes": 0, "large": 5_000_000, "skies": 7_000_000, "held_out": 9_000_000}
"""First seed of each set: the sets never share a scene."""


def has_set(folder: Path, name: str) -> bool:
    """Whether the set exists; photographs and artwork are optional."""
    return (folder / f"{name}.npy").exists()


def save_set(folder: Path, name: str, images: NDArray[np.uint8], captions: list[list[str]]) -> None:
    """folder/NAME.npy, uint8 (N, S, S, 3), last, so that a set that is there is whole; and folder/NAME.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(captions))
    partial = folder / f"{name}.partial.npy"
    np.save(partial, images)
    partial.replace(folder / f"{name}.npy")
    log.info("%s: %d images of %d px", name, len(images), images.shape[1])


def write_scenes(folder: Path, name: str, count: int, size: int, first_seed: int, make: Maker = make_scene) -> None:
    """Make `count` scenes with the seeds from `first_seed` on."""
    images = np.empty((count, size, size, 3), np.uint8)
    captions = []
    for k in range(count):
        images[k], words = make(first_seed + k, size)
        captions.append(words)
        if (k + 1) % 5000 == 0:
            log.info("%s: %d of %d", name, k + 1, count)
    save_set(folder, name, images, captions)


def write_photos(folder: Path, tar: Path) -> None:
    """Unpack split/label/*.jpg from a tar into photos.npy (train) and photos_held_out.npy (val)."""
    images: dict[str, list[NDArray[np.uint8]]] = {"train": [], "val": []}
    captions: dict[str, list[list[str]]] = {"train": [], "val": []}
    with tarfile.open(tar) as archive:
        for member in sorted(archive.getmembers(), key=lambda m: m.name):
            split, _, rest = member.name.partition("/")
            label = rest.partition("/")[0]
            stream = archive.extractfile(member) if member.isfile() else None
            if stream is None or split not in images or label not in LABELS:
                continue
            picture = Image.open(io.BytesIO(stream.read())).convert("RGB").resize((64, 64), Image.Resampling.LANCZOS)
            images[split].append(np.asarray(picture))
            captions[split].append(LABELS[label])
    for split, name in (("train", "photos"), ("val", "photos_held_out")):
        if not images[split]:
            raise ValueError(f"{tar}: no {split}/LABEL/*.jpg with a label of {', '.join(LABELS)}")
        save_set(folder, name, np.stack(images[split]), captions[split])


def load_set(folder: Path, name: str, most: int = 4) -> tuple[NDArray[np.uint8], list[list[str]]]:
    """Images (memory-mapped) and at most `most` captions of each, the same ones every time."""
    captions: list[list[str]] = json.loads((folder / f"{name}.json").read_text())
    rng = np.random.default_rng(0)
    chosen = [[words[k] for k in sorted(rng.permutation(len(words))[:most])] for words in captions]
    return np.load(folder / f"{name}.npy", mmap_mode="r"), chosen
