"""The motion preview of a schedule as frames that can be asked for in any order, in bounded memory.

A frame depends on all motion since the last cut, so where the picture has moved to is kept every few seconds. Frames
that follow each other are drawn as a preview draws them. After a jump, what had entered at the borders before is not
known: a stretch of frames draws that again for a moment before it begins, a single frame does without.
"""

import io
from dataclasses import replace
from pathlib import Path

from PIL import Image

from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from pipeline.studio.folder.reading import read
from pipeline.studio.folder.refused import RefusedError
from pipeline.views.moving import Moving
from pipeline.views.pictures import Pictures
from pipeline.views.preview import draw_card
from pipeline.views.regions import Outlines

MOST_FRAMES = 200_000
_KEPT_EVERY = 4.0  # seconds between the places that are kept
_WARM_UP = 1.5  # seconds that are drawn before a stretch of frames after a jump
_SOFT = 96  # pixels of the longest side at which what enters at the borders is drawn
QUALITY = 82  # of the JPEG pictures
_MOST_FILMS = 4  # that are kept


class Film:
    """One schedule's motion at one width."""

    def __init__(self, schedule: Schedule, width: int) -> None:
        sized = fitted(schedule, width)
        self.size, self.fps, self.count = sized.output.size, sized.output.fps, sized.output.num_frames
        self._timeline = Timeline(sized)
        self._outlines = Outlines()
        begun = Moving(self._timeline, draw_card(*self.size), Pictures(), _SOFT)
        self._every = max(1, round(_KEPT_EVERY * self.fps))
        self._kept = {0: begun}  # before the frame of that number has been gone to
        self._live, self._next = begun.here(), 0

    def frames(self, first: int, last: int) -> list[bytes]:
        """Frames `first` to `last`, both included, as JPEG files."""
        if first != self._next:
            self._jump(first, last > first)
        return [self._frame() for _ in range(first, last + 1)]

    def _frame(self) -> bytes:
        self._keep()
        spec = self._timeline.at(self._next)
        pixels = self._outlines.over(self._live.frame(spec), spec)
        self._next += 1
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=QUALITY)
        return file.getvalue()

    def _jump(self, index: int, warm: bool) -> None:
        begin = max(0, index - round(_WARM_UP * self.fps)) if warm else index
        start = max(number for number in self._kept if number <= begin)
        self._live, self._next = self._kept[start].here(), start
        while self._next < begin:
            self._keep()
            self._live.go(self._next, self._timeline.motion.at(self._next), self.size)
            self._next += 1
        while self._next < index:
            self._frame()

    def _keep(self) -> None:
        if self._next % self._every == 0 and self._next not in self._kept:
            self._kept[self._next] = self._live.here()


def fitted(schedule: Schedule, width: int) -> Schedule:
    """The schedule with frames of at most this width, in the same shape."""
    across, down = schedule.output.size
    share = min(1.0, width / across)
    size = max(2, round(across * share / 2) * 2), max(2, round(down * share / 2) * 2)
    return replace(schedule, output=replace(schedule.output, size=size))


class Films:
    """The films that are open in a process, the latest ones."""

    def __init__(self) -> None:
        self._films: dict[str, Film] = {}

    def open(self, name: str, text: str, file: Path, width: int) -> tuple[int, float, tuple[int, int]]:
        """Open a film under a name, and return its number of frames, frames per second and size.

        Raises:
            RefusedError: the text has problems.
        """
        if name not in self._films:
            film = Film(read(text, file), width)
            if film.count > MOST_FRAMES:
                raise RefusedError(400, f"a preview has at most {MOST_FRAMES:,} frames")
            self._films[name] = film
        film = self._films[name] = self._films.pop(name)  # the latest is the last
        for oldest in list(self._films)[:-_MOST_FILMS]:
            del self._films[oldest]
        return film.count, film.fps, film.size

    def frames(self, name: str, text: str, file: Path, width: int, first: int, last: int) -> list[bytes]:
        """Frames of a film, which is opened again if it has been closed."""
        self.open(name, text, file, width)
        return self._films[name].frames(first, last)
