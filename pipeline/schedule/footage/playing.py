"""How a clip is played: where it begins, how fast, and what comes after its end."""

from dataclasses import dataclass

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.curve import Curve
from pipeline.schedule.footage.clip import EARLY, Clip, Numbers
from render.errors import InputError

ENDS = ("hold", "repeat", "bounce")


@dataclass(frozen=True, kw_only=True)
class Playing:
    """A clip over time.

    Attributes:
        begin: the number of the picture that it begins with.
        speed: how fast it plays: the clip's time is its integral. Negative backwards.
        end: what comes after its last picture, or played backwards after its first: it is held; what was played
            repeats; or it plays back and forth.
        goes_on: in a shot, it goes on where it was at the end of the shot before, if that shows the same clip.
    """

    clip: Clip
    begin: int = 0
    speed: Curve = Curve.constant(1.0)
    end: str = "hold"
    goes_on: bool = False

    def played(self, times: Array) -> Array:
        """How much of it has been played at ascending `times` since the shot's start, in seconds of the clip.

        Raises:
            InputError: a formula has no value somewhere between.
        """
        found = self.speed.accumulate(np.append(0.0, times))[1:]
        if not np.isfinite(found).all():
            raise InputError(f"speed of '{self.clip.name}': its integral is not a number")
        return found

    def numbers(self, played: Array) -> Numbers:
        """The number of the picture that is shown after so much has been played."""
        clip, begin = self.clip, float(self.clip.times[self.begin])
        if self.end == "hold":
            return clip.at(begin + played)
        last = float(clip.times[-1])
        ahead, back = (last - begin, begin) if self.end == "bounce" else (clip.length - begin, self._behind)
        turned = _bounced if self.end == "bounce" else self._repeated
        forth = played >= 0
        return clip.at(begin + np.where(forth, turned(played, ahead), -turned(-played, back)))

    @property
    def _behind(self) -> float:
        """The length of what is played backwards, the picture that it begins with included."""
        return float(self.clip.times[self.begin]) + self.clip.duration(self.begin)

    def _repeated(self, far: Array, span: float) -> Array:
        early = EARLY * self.clip.duration(self.begin)
        return np.mod(far + early, span) - early

    def over_at(self, times: Array, passed: float = 0.0) -> float | None:
        """The first of `times` at which nothing of it is left, or None. `passed` was played before the first."""
        begin, played = float(self.clip.times[self.begin]), passed + self.played(times)
        early = EARLY * self.clip.duration(len(self.clip) - 1)
        over = (begin + played >= self.clip.length - early) | (begin + played < -early)
        return float(times[int(over.argmax())]) if over.any() else None


def _bounced(far: Array, span: float) -> Array:
    """Go back and forth between 0 and `span`."""
    if span <= 0:
        return np.zeros_like(far)
    return span - np.abs(np.mod(far, 2 * span) - span)
