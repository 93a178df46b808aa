"""Computes how far every frame goes towards pictures: those of scenes that gain weight, and those of `guides:`."""

from collections.abc import Collection, Sequence

import numpy as np

from pipeline.curves.array import Array
from pipeline.schedule.sections.guides import Guide
from pipeline.schedule.sections.prompts import Prompt
from render.spec import ImageFile, ImageGuide, Picture, PromptWeight

PACE = 0.3  # seconds in which at most a share of 1 - 1/e of the picture is replaced
ARRIVED = 0.02  # a picture has arrived if its share is this near to its scene's
_LEAST = 1e-6  # smaller shares are rounding errors of weights that stand still

Subject = tuple[str, ImageFile | None]


class Arrivals:
    """The shares of guide pictures that make their mixture follow the prompts' weights.

    A picture that follows them exactly is x(i) = sum of s(i) * g over all scenes, where s is a scene's share of the
    weights and g its picture. It is made from x(i - 1) by keeping k of it, where k is the smallest ratio
    s(i) / s(i - 1), and adding (s(i) - k * s(i - 1)) * g of every scene. While shares stand still, nothing is added.

    At the end of a crossfade k is 0: whatever guidance has painted would vanish within two or three frames. So no frame
    keeps less than `PACE` allows; what is then missing arrives a little later.

    Args:
        prompts: with their weights in every frame.
        cuts: the frames without a predecessor, which start with their own shares.
        fps: of the frames.
    """

    def __init__(self, prompts: Sequence[tuple[Prompt, Array]], cuts: Collection[int], fps: float) -> None:
        weights: dict[Subject, Array] = {}
        for prompt, values in prompts:
            about = (prompt.text, prompt.image)
            weights[about] = weights[about] + values if about in weights else values
        self._subjects = list(weights)
        if not weights:
            return
        pulling = np.maximum(np.array([*weights.values()]), 0.0)  # scenes by frames
        total = pulling.sum(axis=0)
        shares = pulling / np.where(total > 0, total, 1.0)
        first = (shares > shares.max(axis=1, keepdims=True) - _LEAST).argmax(axis=1)
        self._moments = [round(1000 * index / fps) for index in first]
        self._added = _added(shares, cuts, float(np.exp(-1 / (PACE * fps))))

    def at(self, index: int) -> list[tuple[PromptWeight, float, int]]:
        """The prompts that arrive in frame `index`: their shares, and the times of their scenes in milliseconds.

        A scene's time is where its share is largest first.
        """
        if not self._subjects:
            return []
        return [
            (PromptWeight(text=text, image=image, weight=1.0), float(share), moment)
            for (text, image), share, moment in zip(self._subjects, self._added[:, index], self._moments, strict=True)
            if share > _LEAST
        ]

    def over(self, indices: Sequence[int]) -> list[tuple[PromptWeight, float, int]]:
        """What arrives over several frames of which only the last is refined: the same mixture as one after the other.

        Args:
            indices: of the frames, in order; for a single one this is `at`.
        """
        first, *later = indices
        total = {(prompt, moment): share for prompt, share, moment in self.at(first)}
        for index in later:
            added = self.at(index)
            kept = 1.0 - sum(share for _, share, _ in added)
            total = {about: kept * share for about, share in total.items()}
            for prompt, share, moment in added:
                total[prompt, moment] = total.get((prompt, moment), 0.0) + share
        return [(prompt, share, moment) for (prompt, moment), share in total.items() if share > _LEAST]


def _added(shares: Array, cuts: Collection[int], least: float) -> Array:
    """What every frame adds of every scene's picture, so that their mixture follows `shares` (scenes by frames).

    Args:
        least: the smallest share of the picture before that a frame keeps.
    """
    added = np.zeros_like(shares)
    mixture = shares[:, 0]
    for index in range(1, shares.shape[1]):
        wanted = shares[:, index]
        rests = np.abs(wanted - shares[:, index - 1]).max() < _LEAST
        if index in cuts or (rests and np.abs(wanted - mixture).max() < ARRIVED):
            mixture = wanted
            continue
        held = mixture > _LEAST
        kept = float((wanted[held] / mixture[held]).min(initial=1.0))
        part = np.maximum(wanted - kept * mixture, 0.0)
        if kept < least:
            part, kept = part * (1 - least) / (1 - kept), least
        added[:, index] = part
        mixture = kept * mixture + part
    return added


class Approaches:
    """How strongly every frame is pulled towards the pictures of `guides:`, and how much of each is mixed into it.

    A picture's share is its weight, or its part of all weights where they are more than 1; the rest is free for the
    prompts. The frames' mixture of pictures follows the shares as `Arrivals` describes it, so with a weight of 1 a
    picture is alone at its time. If shares fall, guidance paints over what was there.

    Args:
        guides: the pictures of the schedule.
        times: of the frames, in seconds.
    """

    def __init__(self, guides: Sequence[Guide], times: Array) -> None:
        weights: dict[Picture, Array] = {}
        for guide in guides:
            weights[guide.picture] = weights.get(guide.picture, np.zeros_like(times)) + guide.sample(times)
        self._pictures = list(weights)
        self._weights = np.maximum(np.array([*weights.values()]), 0.0).reshape(len(weights), len(times))
        self._shares = self._weights / np.maximum(self._weights.sum(axis=0), 1.0)

    def at(self, index: int, anew: float | None) -> tuple[ImageGuide, ...]:
        """The guides of frame `index`; past the end of a loop, of the frame at its beginning that it replaces.

        Args:
            anew: for a frame without a predecessor, how much of it is free for pictures: 1 if it starts from noise.
        """
        moment = index % self._weights.shape[1]
        shares = self._shares[:, moment]
        mixed = _approached(self._shares[:, moment - 1], shares) if anew is None else anew * shares
        return tuple(
            ImageGuide(picture=picture, weight=float(weight), share=float(share) if share > _LEAST else 0.0)
            for picture, weight, share in zip(self._pictures, self._weights[:, moment], mixed, strict=True)
            if max(weight, share) > _LEAST
        )


def _approached(before: Array, after: Array) -> Array:
    """What a frame adds of every picture, so that its mixture goes from the shares `before` to those `after`."""
    had, has = (np.append(shares, max(0.0, 1.0 - float(shares.sum()))) for shares in (before, after))
    held = had > _LEAST
    kept = float((has[held] / had[held]).min(initial=1.0))
    added: Array = np.maximum(has - kept * had, 0.0)[:-1]
    return added
