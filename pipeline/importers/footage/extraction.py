"""Which frames of a clip a tool takes, written as the place where the clip begins and the speed at which it plays."""

import json
from dataclasses import dataclass

from pipeline.importers.files import Entry
from pipeline.importers.footage.clips import FoundClip
from pipeline.importers.notes import Effect, Notes
from pipeline.importers.settings import Settings
from pipeline.importers.values.keys import number
from pipeline.importers.values.series import MAX_FRAMES

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

    def played(self, clip: FoundClip, fps: float) -> dict[str, Entry]:
        """The entries that show these frames one after the other, at `fps` frames a second.

        Frame i of the video begins i / fps seconds after the first one, and there shows the clip's frame
        first + i * nth, which begins i * nth / clip.fps seconds after the frame `first`.
        """
        speed = self.nth * fps / clip.fps
        entries: dict[str, Entry] = {"video": json.dumps(clip.name, ensure_ascii=False)}
        if self.first:
            entries["from"] = f"{self.first}f"
        if abs(speed - 1) > 1e-9:
            entries["speed"] = number(speed)
        return entries


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


def report_uneven(setting: str, clip: FoundClip, notes: Notes) -> None:
    """Report that a clip of a variable rate is played by its times, where the tool counts its frames."""
    if not clip.constant:
        notes.add(
            f"{setting}: the clip's frames last unequally long; the tool counts frames, here the clip keeps its times",
            Effect.MOTION,
        )
