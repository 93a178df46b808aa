"""What the depth network learns from: procedural scenes, how near everything in them is, and where their horizon is."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from render.latents import Latent
from render.training.config import DepthConfig
from render.training.scenes.canvas import Canvas
from render.training.scenes.compose import draw_scene
from render.training.scenes.relief import Relief
from render.training.scenes.skies import draw_sky
from render.training.scenes.subjects import draw_subject

log = logging.getLogger(__name__)

SEED, HELD_OUT_SEED = 20_000_000, 30_000_000
"""Of the first scene of each set: none of the seeds that other networks are made with."""

Drawn = tuple[NDArray[np.uint8], list[str]]

MAKERS: tuple[Callable[[Canvas], Drawn], ...] = (draw_scene, draw_subject, draw_scene, draw_sky)
"""In turn."""

FLAT = frozenset(
    (
        *("colour", "two", "rainbow", "shape", "bokeh", "crystal", "ice", "leaves", "waves", "flames", "lava", "smoke"),
        *("galaxy", "nebula", "planet", "cathedral", "mandala", "tiles", "eye", "record", "koi", "piano"),
    )
)
"""Subjects that are patterns, or of which nobody can say what is nearer."""

_LEAST = 0.05  # spread of nearness, in its largest value, that says anything
_BATCH = 8


@dataclass(frozen=True, kw_only=True)
class DepthScenes:
    """Scenes as arrays.

    Attributes:
        pictures: (N, S, S, 3) uint8.
        nearness: (N, S, S) uint8, 255 for the nearest thing of each.
        horizons: (N,) float32, as a share of the height from the top; NaN for scenes without one.
        seen: (N, S, S, 3) uint8, the pictures as the embedded VQGAN shows them.
    """

    pictures: NDArray[np.uint8]
    nearness: NDArray[np.uint8]
    horizons: NDArray[np.float32]
    seen: NDArray[np.uint8]

    def save(self, path: Path) -> None:
        """Write a temporary file, then rename it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, **vars(self))
        partial.replace(path)


def load_depth_scenes(path: Path) -> DepthScenes:
    """Read what `DepthScenes.save` wrote."""
    with np.load(path) as arrays:
        return DepthScenes(**{name: arrays[name] for name in arrays.files})


def depth_scene(number: int, seed: int, size: int) -> tuple[NDArray[np.uint8], Relief] | None:
    """The picture (size, size, 3) and relief of a scene, by its number; None if its relief says nothing."""
    relief = Relief(size)
    c = Canvas(np.random.default_rng(seed + number), size, relief)
    picture, _ = MAKERS[number % len(MAKERS)](c)
    near = relief.nearness
    if c.subject in FLAT or near.std() <= _LEAST * max(1e-6, float(near.max())):
        return None
    return picture, relief


def make_depth_scenes(count: int, seed: int, size: int, latent: Latent, seen: float) -> DepthScenes:
    """Draw `count` scenes, a share `seen` of which the VQGAN shows anew, not exactly.

    A video's frames are latents that have been moved and optimised, so noise is added to some.
    """
    pictures = np.empty((count, size, size, 3), np.uint8)
    nearness = np.empty((count, size, size), np.uint8)
    horizons = np.full(count, np.nan, np.float32)
    found, number = 0, 0
    while found < count:
        drawn = depth_scene(number, seed, size)
        number += 1
        if drawn is None:
            continue
        pictures[found], relief = drawn
        nearness[found] = np.round(255 * relief.nearness / relief.nearness.max())
        if relief.horizon is not None:
            horizons[found] = relief.horizon
        found += 1
        if found % 1000 == 0:
            log.info("%d of %d scenes, %d drawn", found, count, number)
    shown = pictures.copy()
    for begin in range(0, round(count * seen), _BATCH):
        shown[begin : begin + _BATCH] = reshown(pictures[begin : begin + _BATCH], latent, begin)
    return DepthScenes(pictures=pictures, nearness=nearness, horizons=horizons, seen=shown)


@torch.no_grad()
def reshown(pictures: NDArray[np.uint8], latent: Latent, seed: int) -> NDArray[np.uint8]:
    """Pictures (B, S, S, 3) encoded and decoded, with noise of up to half of the latent's spread in between."""
    drawn = torch.Generator().manual_seed(seed)
    image = torch.from_numpy(pictures).movedim(-1, 1).float() / 255
    codes = latent.encode(image)
    amount = 0.5 * latent.spread * torch.rand(len(codes), 1, 1, 1, generator=drawn)
    noise = torch.randn(codes.shape, generator=drawn)
    decoded = latent.decode(codes + (amount * noise).to(codes.dtype)).float()
    shown: NDArray[np.uint8] = (decoded.clamp(0, 1) * 255).round().byte().movedim(1, -1).numpy()
    return shown


def draw_sets(folder: Path, config: DepthConfig, latent: Latent) -> tuple[DepthScenes, DepthScenes]:
    """The scenes to train with and those held out, drawn unless they lie in the folder."""
    sets = {"scenes": (config.scenes, SEED), "held_out": (config.held_out, HELD_OUT_SEED)}
    for name, (count, seed) in sets.items():
        if not (folder / f"{name}.npz").exists():
            share = 1.0 if name == "held_out" else config.seen
            make_depth_scenes(count, seed, config.size, latent, share).save(folder / f"{name}.npz")
    return load_depth_scenes(folder / "scenes.npz"), load_depth_scenes(folder / "held_out.npz")
