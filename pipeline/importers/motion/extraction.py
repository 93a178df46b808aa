"""Which frames of a clip a tool takes, written as the place where the clip begins and the speed at which it plays."""

import json
from dataclasses import dataclass, replace

from pipeline.importers.files import Entry
from pipeline.importers.motion.clips import FoundClip
from pipeline.importers.notes import Effect, Notes
from pipeline.importers.settings import Settings
from pipeline.importers.values.keys import number
from pipeline.importers.values.series import MAX_FRAMES

SLOWEST, FASTEST = 0.1, 240.0  # frames a second of a video
_LAST = 10**9  # beyond the last frame of any clip that is read


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """Every `nth` frame of a clip, from `first` to `last`, both included, counted from 0."""

    first: int = 0
    nth: int = 1
    last: int = _LAST

    def count(self, clip: FoundClip) -> int:
        """How many frames that are."""
        last = min(self.last, clip.count - 1)
        return max(0, (last - self.first) // self.nth + 1)

    def until(self, last: int) -> "Extraction":
        """The same frames, but none after `last`."""
        return replace(self, last=min(self.last, last))


@dataclass(frozen=True, kw_only=True)
class Footage:
    """A clip, the frames of it that are used, and the clock of the video.

    Attributes:
        clip: None if it was not found.
        every: the rate to which a tool resamples the clip before it takes frames; 0 if it takes them as they are.
    """

    clip: FoundClip | None
    extraction: Extraction
    frames: int
    fps: float
    every: float = 0.0

    @property
    def speed(self) -> float:
        """How fast the clip plays."""
        rate = self.every or (self.clip.fps if self.clip else self.fps)
        return self.extraction.nth * self.fps / rate

    def played(self) -> dict[str, Entry]:
        """The entries that show these frames one after the other. There must be a clip.

        Frame i of the video begins i / fps seconds after the first one, and there shows the clip's frame
        first + i * nth, which begins i * nth / rate seconds after the frame `first`.
        """
        assert self.clip is not None
        entries: dict[str, Entry] = {"video": json.dumps(self.clip.name, ensure_ascii=False)}
        if self.extraction.first:
            entries["from"] = f"{self.extraction.first}f"
        if abs(self.speed - 1) > 1e-9:
            entries["speed"] = number(self.speed)
        return entries

    def silent(self) -> dict[str, Entry]:
        """The entry without which a clip's sound would be taken over, as the tool does not; {} if it has none."""
        return {"sound": "false"} if self.clip is not None and self.clip.has_sound else {}


def read_extraction(settings: Settings, *, nth: str, first: str, last: str, unlimited: int) -> Extraction:
    """Read which frames are taken.

    Args:
        nth, first, last: the names of the settings.
        unlimited: the value of `last`, and all below it, that stand for the end of the clip.
    """
    end = settings.number(last, unlimited, -_LAST, 1e30)
    return Extraction(
        first=settings.integer(first, 0, 0, _LAST),
        nth=settings.integer(nth, 1, 1, MAX_FRAMES),
        last=_LAST if end <= unlimited else int(min(end, _LAST)),
    )


def possible(fps: float) -> float:
    """The frame rate nearest to that of a clip that a video can have."""
    return min(max(fps, SLOWEST), FASTEST)


def count_taken(settings: Settings, name: str, clip: FoundClip, extraction: Extraction, notes: Notes) -> int:
    """How many frames a tool takes, which renders one for each; that is reported if the setting `name` differs.

    Raises:
        InputError: there are no such frames in the clip.
    """
    if not clip.constant:
        notes.add(
            f"{clip.name}: its frames last unequally long; the tool counts frames, here the clip keeps its times",
            Effect.MOTION,
        )
    taken = min(extraction.count(clip), MAX_FRAMES)
    if not taken:
        raise settings.error(name, f"{clip.name} has {clip.count} frames, and none of them is taken")
    given = settings.integer(name, taken, 0, MAX_FRAMES)
    if given and given != taken:
        notes.add(f"{name} = {given}: of {clip.name} {taken} frames are taken, which are rendered", Effect.SIZE)
    return taken


def with_sound(footage: Footage, wanted: bool, notes: Notes) -> dict[str, Entry]:
    """The entry that says whether the clip's sound, if it has any, is taken over: if it plays as fast as the clip."""
    if not footage.silent() or not wanted:
        return footage.silent()
    if abs(footage.speed - 1) > 1e-6:
        line = f"the clip plays {number(footage.speed)} times as fast as its sound, which is left out"
        notes.add(line, Effect.SOUND)
        return footage.silent()
    return {"sound": "true"}
