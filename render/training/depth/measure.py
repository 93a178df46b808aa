"""How well nearness is found in held-out scenes: by the network, and by the floor of `depth: {from: ground}`."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from render.motion.depth.estimators import Estimate
from render.training.depth.losses import unexplained
from render.training.depth.scenes import DepthScenes

HORIZONS = (0.5, 0.55)
"""Where the language, and its example of a flight, assume the horizon of `ground`."""

Guess = Callable[[int], Tensor]
"""The nearness (S, S) of a scene, by its number."""


def ground(horizon: float, size: int) -> Tensor:
    """The nearness (size, size) of a floor below a horizon, and of the sky."""
    down = (torch.arange(size) + 0.5) / size
    return (down - horizon).clamp_min(0)[:, None].expand(size, size)


def measure_depth(estimate: Estimate, scenes: DepthScenes) -> Iterator[tuple[str, float]]:
    """Yield `unexplained` of everything that guesses, averaged over scenes with and without a horizon."""
    size = scenes.pictures.shape[1]
    true = torch.from_numpy(scenes.nearness).float() / 255
    classes = {"with a horizon": np.isfinite(scenes.horizons), "without": ~np.isfinite(scenes.horizons)}
    for name, guess in _guesses(estimate, scenes, size).items():
        errors = np.array([float(unexplained(guess(k)[None], true[k : k + 1])) for k in range(len(true))])
        for kind, rows in classes.items():
            if rows.any() and not (name == "ground, true horizon" and kind == "without"):
                yield f"{name}, {kind} ({rows.sum()} scenes)", float(errors[rows].mean())


def _guesses(estimate: Estimate, scenes: DepthScenes, size: int) -> dict[str, Guess]:
    def network(pictures: np.ndarray) -> Guess:
        return lambda k: estimate(torch.from_numpy(pictures[k]).movedim(-1, 0)[None].float() / 255)[0]

    def floor(horizon: float) -> Guess:
        return lambda k: ground(horizon, size)

    floors = {f"ground, horizon {where}": floor(where) for where in HORIZONS}
    return {
        "network": network(scenes.pictures),
        "network, as the VQGAN shows them": network(scenes.seen),
        "ground, true horizon": lambda k: ground(float(np.nan_to_num(scenes.horizons[k], nan=0.5)), size),
        **floors,
    }
