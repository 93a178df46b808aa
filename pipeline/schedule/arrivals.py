"""Computes how far every frame goes towards the pictures of the scenes whose prompts gain weight."""

from collections.abc import Collection, Sequence

import numpy as np

from pipeline.curves.array import Array
from pipeline.schedule.sections.prompts import Prompt
from render.spec import ImageFile, PromptWeight

QUICKEST = 0.5  # seconds that a picture takes to arrive, if a scene's weight jumps
_LEAST = 1e-6  # smaller shares are rounding errors of weights that stand still


class Arrivals:
    """The shares of guide pictures that make their mixture follow the prompts' weights.

    A picture that follows them exactly is x(i) = sum of s(i) * g over all scenes, where s is a scene's share of the
    weights and g its picture. It is made from x(i - 1) by keeping k of it, where k is the smallest ratio
    s(i) / s(i - 1), and adding (s(i) - k * s(i - 1)) * g of every scene. While the shares stand still, nothing is added.

    Args:
        prompts: with their weights in every frame.
        cuts: the frames without a predecessor, which start with their own shares.
        fps: of the frames.
    """

    def __init__(self, prompts: Sequence[tuple[Prompt, Array]], cuts: Collection[int], fps: float) -> None:
        weights: dict[tuple[str, ImageFile | None], Array] = {}
        for prompt, values in prompts:
            about = (prompt.text, prompt.image)
            weights[about] = weights[about] + values if about in weights else values
        self._subjects = list(weights)
        pulling = np.maximum(np.array([*weights.values()]), 0.0)  # scenes by frames
        total = pulling.sum(axis=0) if weights else np.zeros(0)
        shares = pulling / np.where(total > 0, total, 1.0)
        self._times = shares.argmax(axis=1) if weights else np.zeros(0, dtype=int)
        self._shares = _limited(shares, cuts, 1 / (QUICKEST * fps)) if weights else shares

    def at(self, index: int) -> list[tuple[PromptWeight, float, int]]:
        """The prompts that arrive in frame `index`, which has a predecessor: their shares, and the frames of their times.

        A scene's time is where its share is largest first.
        """
        if not self._subjects:
            return []
        now, before = self._shares[:, index], self._shares[:, index - 1]
        held = before > 0
        kept = float((now[held] / before[held]).min(initial=1.0))
        added = now - kept * before
        return [
            (PromptWeight(text=text, image=image, weight=1.0), float(share), int(time))
            for (text, image), share, time in zip(self._subjects, added, self._times, strict=True)
            if share > _LEAST
        ]


def _limited(shares: Array, cuts: Collection[int], most: float) -> Array:
    """Follow the shares (scenes by frames), none of which changes by more than `most` from one frame to the next."""
    followed = shares.copy()
    for index in range(1, shares.shape[1]):
        if index not in cuts:
            before = followed[:, index - 1]
            missing = shares[:, index] - before
            followed[:, index] = before + missing * min(1.0, most / max(float(np.abs(missing).max()), most))
    return followed
