"""Carry the soundtrack of another tool's video over to `music:`.

Nothing is downloaded. A file is used only if the schedule itself may read it: in its folder or below.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.audio.track import Track
from pipeline.importers.notes import Effect, Note
from pipeline.importers.settings import shown
from pipeline.schedule.document.paths import resolve
from render.errors import InputError

# Also `\\server\share`: checking for a file there would use the network.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(?=//)|//|\\\\")
_INSTEAD = "the sound is not converted; to add it, put a file into the schedule's folder and write music: {file: NAME}"


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A track as given in another tool's settings.

    Attributes:
        setting: the name of the setting, for messages.
        written: its path, relative to the settings or absolute.
        start: the position in the track at which the video begins, in seconds.
        note: what to report if the track is converted.
    """

    setting: str
    written: str
    start: float = 0.0
    note: str = ""

    def beside(self, settings: Path, schedule: Path) -> str | Note:
        """Return the track's path relative to the folder `schedule`, or a note saying why it cannot be used.

        Args:
            settings: the folder of the settings file.
        """
        if not self.written.strip() or not self.written.isprintable():
            return self._lost("names no file")
        if _ADDRESS.match(self.written.strip()):
            return self._lost("is a URL, and nothing is downloaded")
        try:
            path = (settings / self.written.strip()).resolve()
            if not path.is_file():
                return self._lost("there is no such file")
            if not path.is_relative_to(schedule.resolve()):
                return self._lost(f"is outside {schedule.resolve()}, the schedule's folder")
            relative = path.relative_to(schedule.resolve()).as_posix()
            Track.open(resolve(relative, schedule, allow=False))
        except (InputError, OSError, RuntimeError, ValueError) as error:
            return self._lost(str(error))
        return relative

    def _lost(self, why: str) -> Note:
        return Note(f"{self.setting} = {shown(self.written)}: {why}: {_INSTEAD}", Effect.SOUND)
