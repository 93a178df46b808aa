"""What every frame takes from footage: the picture of its shot's source, and the motion between two pictures."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipeline.curves.array import Array
from pipeline.schedule.footage.playing import Playing
from pipeline.schedule.footage.source import Source
from pipeline.schedule.footage.still import Still
from pipeline.schedule.over_time.played import Played, played_in
from pipeline.schedule.sections.motion import Motion
from pipeline.schedule.sections.motion_flow import ClipMotion
from pipeline.schedule.sections.shots import Shot
from render.spec.camera import RoomMove
from render.spec.footage import Flow, SourceFrame, SourceImage

Matrix = tuple[float, ...]
MOST_STEPS = 60
"""A first frame takes no more than this, however much of the last result is kept, unless every frame does."""

_STILL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


class FootageOverTime:
    """The footage of every frame.

    Args:
        times: of the frames, in seconds.
        numbers: of the frames' shots.
        size: (width, height) of the frame.
        cuts: the frames without a predecessor.
        moved: return the matrix that has moved the picture of a frame since the last cut, see `Travel.at`, and how a
            camera in a room has.
        method: what finds motion.
    """

    def __init__(
        self,
        shots: Sequence[Shot],
        times: Array,
        numbers: NDArray[np.intp],
        size: tuple[int, int],
        cuts: Collection[int],
        moved: tuple[Callable[[int], Matrix], Callable[[int], RoomMove | None]],
        method: str,
    ) -> None:
        self._numbers, self._method = numbers, method
        self._moved, self._room = moved
        self._cuts = cuts
        self._since = times - np.array([shot.start for shot in shots])[numbers]
        self._sources: list[Source | None] = [shot.sections["source"] for shot in shots]
        motions: list[Motion] = [shot.sections["motion"] for shot in shots]
        self._motions: list[ClipMotion | None] = [motion.flow for motion in motions]
        filmed = any(shot.sections["camera"].moves for shot in shots)
        self._moves = filmed or any(motion.rates or motion.shake for motion in motions)
        played, moving = (played_in(shots, parts, times, numbers) for parts in (self._sources, self._motions))
        self._shown = _pictures(played, len(times), size)
        self._moving = _pictures(moving, len(times), size)
        self._mix = np.zeros(len(times))
        for own in played:
            if isinstance(own.part, Source):
                self._mix[own.frames] = np.clip(own.part.mix.sample(own.times), 0, 1)

    def source(self, index: int) -> SourceFrame | None:
        """The source of frame `index`; past the end of a loop, that of the frame at its beginning."""
        moment = index % len(self._numbers)
        image = self._image(moment)
        if image is None:
            return None
        return SourceFrame(image=image, mix=0.0 if self._begins(index) else round(float(self._mix[moment]), 9) + 0.0)

    def alone(self, index: int) -> SourceFrame | None:
        """The source of frame `index` if it had no predecessor."""
        source = self.source(index)
        return None if source is None else replace(source, mix=0.0)

    def follows(self, index: int, losses: Collection[str]) -> bool:
        """Whether a refined frame needs the motion from the frame before: not if it begins from its source alone."""
        source = self.source(index)
        return source is None or source.mix > 0 or "temporal" in losses

    def first_steps(self, moment: int, steps: float) -> int:
        """The steps of a frame without a predecessor, so that it is as far from the footage as those that follow.

        Of each frame's `steps` the next one keeps a share of `mix`, so they add up to steps / (1 - mix).
        """
        return round(min(steps / max(1 - float(self._mix[moment]), 1e-6), max(steps, MOST_STEPS)))

    def flow(self, index: int) -> Flow | None:
        """What moves in the footage between frame `index` - 1 and frame `index`; None if nothing does.

        From the last frame of a loop to the first one past its end, it is what moves between the clip's pictures there.
        """
        count = len(self._numbers)
        moment, before = index % count, (index - 1) % count
        if self._begins(index):
            return None
        return self._of_source(moment, before) or self._of_motion(moment, before)

    def _of_source(self, moment: int, before: int) -> Flow | None:
        first, second = self._image(before), self._image(moment)
        if first is None or second is None or not self._is_moving(self._sources, before, moment, first, second):
            return None
        return Flow(before=first, after=replace(second, motion=first.motion, camera=first.camera), method=self._method)

    def _of_motion(self, moment: int, before: int) -> Flow | None:
        clip, first, second = self._motions[self._numbers[moment]], self._moving[before], self._moving[moment]
        if clip is None or first is None or second is None:
            return None
        if not self._is_moving(self._motions, before, moment, first, second):
            return None
        since = float(self._since[moment])
        moved: Flow | None = clip.at(since, lambda: self._moved(moment), first, second, self._method)
        return moved

    def _is_moving(
        self, parts: Sequence[Source | ClipMotion | None], before: int, moment: int, *pictures: SourceImage
    ) -> bool:
        """Whether anything can move between two pictures: they are of the same footage, and differ."""
        one, other = (parts[self._numbers[at]] for at in (before, moment))
        first, second = (replace(picture, motion=(), camera=None) for picture in pictures)
        return first != second and (one is other or _same(one, other))

    def _begins(self, index: int) -> bool:
        """Whether a frame has no predecessor; the first one past the end of a loop has one."""
        moment = index % len(self._numbers)
        return index in self._cuts or (moment in self._cuts and moment > 0)

    def _image(self, moment: int) -> SourceImage | None:
        """What the source shows, as the frame's motion has moved it."""
        image = self._shown[moment]
        if image is None or not self._moves:
            return image
        matrix = tuple(float(f"{round(part, 12):.9g}") + 0.0 for part in self._moved(moment))  # equal on all machines
        return replace(image, motion=() if matrix == _STILL else matrix, camera=self._room(moment))


def _pictures(played: Sequence[Played], count: int, size: tuple[int, int]) -> list[SourceImage | None]:
    """What is shown in each of `count` frames; None where there is no footage."""
    found: list[SourceImage | None] = [None] * count
    for own in played:
        for moment, image in zip(own.frames.tolist(), _images(own, size), strict=True):
            found[moment] = image
    return found


def _same(one: Source | ClipMotion | None, other: Source | ClipMotion | None) -> bool:
    """Whether two shots show the same footage."""
    if one is None or other is None:
        return False
    if isinstance(one.shows, Playing) and isinstance(other.shows, Playing):
        return one.shows.clip == other.shows.clip
    return isinstance(one.shows, Still) and isinstance(other.shows, Still) and one.shows.file == other.shows.file


def _images(own: Played, size: tuple[int, int]) -> list[SourceImage]:
    """The pictures that a shot's footage shows in its frames."""
    fitted = partial(replace, fit=own.part.fit, background=own.part.background)
    numbers = own.numbers
    if numbers is not None and isinstance(own.part.shows, Playing):
        clip = own.part.shows.clip
        known = {number: fitted(clip.picture(number)) for number in set(numbers.tolist())}
        return [known[number] for number in numbers.tolist()]
    assert isinstance(own.part.shows, Still)
    still, whole = own.part.shows, fitted(own.part.shows.picture())
    if still.is_whole:
        return [whole] * len(own.times)
    return [replace(whole, window=window) for window in still.windows(own.times, size, own.part.fit)]
