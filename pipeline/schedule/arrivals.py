"""Computes how far every frame goes towards the pictures of the scenes whose prompts are gaining weight."""

from collections.abc import Sequence

import numpy as np

from pipeline.curves.array import Array
from pipeline.schedule.sections.prompts import Prompt
from render.spec import ImageFile, PromptWeight


class Arrivals:
    """The shares of guide pictures such that their mixture follows the weights of the prompts.

    A picture that follows the weights is x(i) = sum of s(i) * g over the scenes, of which s is the share of a scene and
    g its picture. To get it from x(i - 1), keep k of that, the smallest ratio s(i) / s(i - 1), and add
    (s(i) - k * s(i - 1)) * g of every scene. While shares stand still, nothing is added, and the picture is free.
    """

    def __init__(self, prompts: Sequence[tuple[Prompt, Array]], count: int) -> None:
        weights: dict[tuple[str, ImageFile | None], Array] = {}
        for prompt, values in prompts:
            about = (prompt.text, prompt.image)
            weights[about] = weights.get(about, np.zeros(count)) + values
        self._subjects = list(weights)
        pulling = np.maximum(np.array(list(weights.values())).reshape(len(weights), count), 0.0)
        total = pulling.sum(axis=0)
        self._shares = pulling / np.where(total > 0, total, 1.0)
        self._times = self._shares.argmax(axis=1) if count else np.zeros(0, int)

    def at(self, index: int) -> list[tuple[PromptWeight, float, int]]:
        """The prompts that arrive in frame `index`, the share of each, and the frame of its time."""
        now, before = self._shares[:, index], self._shares[:, index - 1]
        held = before > 0
        if index == 0 or not held.any():
            return []
        kept = min(1.0, float((now[held] / before[held]).min()))
        added = now - kept * before
        return [
            (PromptWeight(text=text, image=image, weight=1.0), float(share), int(time))
            for (text, image), share, time in zip(self._subjects, added, self._times, strict=True)
            if share > 1e-6
        ]
