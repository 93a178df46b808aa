"""Find the clip that settings name. It is used only if the schedule itself may read it; nothing is downloaded."""

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.importers.files import UnusableFileError, path_beside
from pipeline.importers.notes import Effect, Notes
from pipeline.importers.settings import Settings, shown
from render.errors import InputError

_SEPARATORS = re.compile(r"[/\\]+")
_UNTIL_THEN = "until then the pictures are drawn from the prompts alone"


@dataclass(frozen=True, kw_only=True)
class FoundClip:
    """A clip that the schedule can read.

    Attributes:
        name: its path relative to the schedule's folder.
        count: how many frames it has.
        fps: its frames per second, on average.
        size: (width, height) as shown.
        constant: whether all of its frames last equally long.
    """

    name: str
    count: int
    fps: float
    size: tuple[int, int]
    constant: bool
    has_sound: bool


def find_clip(settings: Settings, setting: str, notes: Notes) -> FoundClip | None:
    """Find the clip that a setting names, by its path or else by its name in the schedule's folder.

    What is used instead, and why there is none, is reported.
    """
    written = settings.text(setting).strip()
    if not written:
        notes.add(f"{setting} names no clip: the pictures are drawn from the prompts alone", Effect.MOTION)
        return None
    source = settings.source
    name = _SEPARATORS.split(written.split("?")[0])[-1] if written.isprintable() else ""
    for given, folder in ((written, source.own_folder), (name, source.folder)):
        try:
            relative, path = path_beside(given, folder, source.folder)
        except UnusableFileError:
            continue
        if given != written:
            notes.add(f"{setting} = {shown(written)}: {relative} in the schedule's folder is used", Effect.READING)
        return _opened(setting, relative, path, notes)
    where = f"{name} is not in the schedule's folder" if name else "it names no file"
    advice = f": copy it there and import again; {_UNTIL_THEN}" if name else f": {_UNTIL_THEN}"
    notes.add(f"{setting} = {shown(written)}: {where}{advice}", Effect.MOTION)
    return None


def _opened(setting: str, relative: str, path: Path, notes: Notes) -> FoundClip | None:
    from render.files.videos.clips import facts  # imports PyAV, only if a clip is there

    try:
        found = facts(path)
    except InputError as error:
        why = str(error).replace(str(path), relative)
        notes.add(f"{setting}: {why}: it is not used; the pictures are drawn from the prompts alone", Effect.MOTION)
        return None
    return FoundClip(
        name=relative,
        count=len(found.times),
        fps=float(found.fps),
        size=found.size,
        constant=found.constant,
        has_sound=found.has_sound,
    )
