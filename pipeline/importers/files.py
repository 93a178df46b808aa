"""Files that another tool's settings name: used only if the schedule itself may read them, in its folder or below.

Nothing is downloaded.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pipeline.importers.notes import Effect, Note, Notes
from pipeline.importers.settings import shown
from pipeline.importers.values.keys import Keys
from pipeline.schedule.document.paths import resolve
from render.errors import InputError

# Also `\\server\share`: checking for a file there would use the network.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(?=//)|//|\\\\")
_STRENGTH = "0.8"  # of a picture that a video begins with, if the tool has no such number
_VIDEOS = (".mp4", ".mov", ".webm", ".mkv", ".avi", ".gif")


class UnusableFileError(Exception):
    """The schedule cannot read a file; the message says why."""


def path_beside(written: str, settings: Path, schedule: Path) -> tuple[str, Path]:
    """Return the path of a file relative to the folder `schedule`, and its absolute path.

    Args:
        written: its path as given, relative to the folder `settings` or absolute.

    Raises:
        UnusableFileError: it is no file there.
    """
    name = written.strip()
    if not name or not written.isprintable():
        raise UnusableFileError("names no file")
    if _ADDRESS.match(name):
        raise UnusableFileError("is a URL, and nothing is downloaded")
    try:
        path = (settings / name).resolve()
        if not path.is_file():
            raise UnusableFileError("there is no such file")
        if not path.is_relative_to(schedule.resolve()):
            raise UnusableFileError(f"is outside {schedule.resolve()}, the schedule's folder")
        relative = path.relative_to(schedule.resolve()).as_posix()
        return relative, resolve(relative, schedule, allow=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise UnusableFileError(str(error)) from error


@dataclass(frozen=True, kw_only=True)
class File:
    """A picture or video as given in another tool's settings.

    Attributes:
        setting: the name of the setting, for messages.
        written: its path, relative to the settings or absolute.
        optional: whether what it belongs to is converted without it.
    """

    setting: str
    written: str
    optional: bool = False

    @property
    def is_video(self) -> bool:
        return self.written.strip().lower().endswith(_VIDEOS)

    def beside(self, settings: Path, schedule: Path) -> str | Note:
        """Return its path relative to the folder `schedule`, or a note saying why it cannot be used.

        Args:
            settings: the folder of the settings file.
        """
        try:
            relative, path = path_beside(self.written, settings, schedule)
            self._require_readable(path)
        except (UnusableFileError, InputError, OSError) as error:
            return Note(f"{self.setting} = {shown(self.written)}: {error}: it is not used", Effect.PROMPTS)
        return relative

    def _require_readable(self, path: Path) -> None:
        if self.is_video:
            from render.files.videos import require_video  # imports PyAV, only if a video is named

            require_video(path)
        else:
            from render.files.images import require_image

            require_image(path)


Entry: TypeAlias = Keys | File | str | Mapping[str, "Entry"]
"""A value in YAML: numbers over time, a file, a word or number as written, or a map of these."""


def begun_with(setting: str, written: str, notes: Notes) -> Mapping[str, Entry]:
    """Return `start:` for a tool that refines a picture itself, without noise; that ours has a strength is reported."""
    notes.add(f"{setting}: the tool begins with the picture itself; here it has a strength of {_STRENGTH}")
    return {"image": File(setting=setting, written=written), "strength": _STRENGTH}
