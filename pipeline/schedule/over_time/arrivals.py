"""Computes how far every frame goes towards pictures: those of scenes that gain weight, and those of `guides:`."""

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from pipeline.curves.array import Array
from pipeline.schedule.sections.guides import Guide
from pipeline.schedule.sections.prompts import Prompt
from render import catalogue
from render.motion import transforms
from render.spec.guides import ImageGuide
from render.spec.pictures import ImageFile
from render.spec.prompts import PromptWeight

PACE = 0.3  # seconds in which at most a share of 1 - 1/e of the picture is replaced
ARRIVED = 0.02  # a picture has arrived if its share is this near to its scene's
FARTHEST = {
    **dict.fromkeys(("zoom", "stretch_x", "stretch_y"), math.log(2)),
    **dict.fromkeys(("pan_x", "pan_y"), 0.5),
    **dict.fromkeys(("shear_x", "shear_y"), 1.0),
    **dict.fromkeys(("tilt_x", "tilt_y"), 30.0),
}
"""How far a guide moves away from its place: beyond that, little of it would be seen, or many mirror images."""
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
        travel: by transform, how far the picture has moved since the beginning at `times` and, in a loop, at the end;
            of multiplicative ones the logarithm.
    """

    def __init__(self, guides: Sequence[Guide], times: Array, travel: Mapping[str, Array]) -> None:
        self._guides, weights = _distinct(guides, times, bool(travel))
        self._weights = weights.reshape(-1, len(times))
        self._shares = self._weights / np.maximum(self._weights.sum(axis=0), 1.0)
        self._travel = travel
        step = times[1] - times[0] if len(times) > 1 else 1.0
        self._reached = [
            {name: float(np.interp(guide.time / step, np.arange(len(far)), far)) for name, far in travel.items()}
            for guide in self._guides
        ]

    def at(self, index: int, anew: float | None, before: int = -1) -> tuple[ImageGuide, ...]:
        """The guides of frame `index`; past the end of a loop, of the frame at its beginning that it replaces.

        Args:
            before: the frame that it starts from, if it has a predecessor.
            anew: for a frame without a predecessor, how much of it is free for pictures: 1 if it starts from noise.
        """
        count = self._weights.shape[1]
        moment = index % count
        shares = self._shares[:, moment]
        mixed = _approached(self._shares[:, before % count], shares) if anew is None else anew * shares
        return tuple(
            ImageGuide(
                picture=guide.picture,
                weight=float(self._weights[number, moment]),
                share=float(mixed[number]) if mixed[number] > _LEAST else 0.0,
                transforms=self._transforms(number, moment),
            )
            for number, guide in enumerate(self._guides)
            if max(self._weights[number, moment], mixed[number]) > _LEAST
        )

    def _transforms(self, number: int, moment: int) -> dict[str, float]:
        """How far guide `number` has moved since its time; no further than `FARTHEST`, where it stops."""
        if not self._guides[number].moves:
            return {}
        far = {name: float(values[moment]) - self._reached[number][name] for name, values in self._travel.items()}
        part = min([1.0, *(FARTHEST[name] / abs(moved) for name, moved in far.items() if name in FARTHEST and moved)])
        found = {name: part * moved for name, moved in far.items() if abs(moved) > _LEAST}
        return {
            name: math.exp(moved) if catalogue.load(transforms, name).TRANSFORM.multiplicative else moved
            for name, moved in found.items()
        }


def _distinct(guides: Sequence[Guide], times: Array, moving: bool) -> tuple[list[Guide], Array]:
    """The guides and their weights; those that show the same picture in the same place throughout are one."""
    found: dict[object, Guide] = {}
    weights: dict[object, Array] = {}
    for guide in guides:
        key = (guide.picture, guide.time) if moving and guide.moves else guide.picture
        found.setdefault(key, guide)
        weights[key] = weights.get(key, np.zeros_like(times)) + np.maximum(guide.sample(times), 0.0)
    return list(found.values()), np.array([*weights.values()])


def _approached(before: Array, after: Array) -> Array:
    """What a frame adds of every picture, so that its mixture goes from the shares `before` to those `after`."""
    had, has = (np.append(shares, max(0.0, 1.0 - float(shares.sum()))) for shares in (before, after))
    held = had > _LEAST
    kept = float((has[held] / had[held]).min(initial=1.0))
    added: Array = np.maximum(has - kept * had, 0.0)[:-1]
    return added
