"""The sound that another tool puts under its video, as the track of `music:`.

Nothing is fetched, and a file is named only where the schedule itself may read it: in its folder.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.audio.track import Track
from pipeline.importers.notes import Effect, Note
from pipeline.importers.settings import shown
from pipeline.schedule.document.paths import resolve
from render.errors import InputError

# Also `\\server\share`: looking for a file there asks the network.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(?=//)|//|\\\\")
_INSTEAD = "no sound is carried; put a file into the schedule's folder and write music: {file: NAME}"


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A track as another tool's settings name it.

    Attributes:
        setting: the name of the setting, for messages.
        written: its path, relative to the settings or absolute.
        start: where in the track the video begins, in seconds.
        remark: what is to be said where it is carried.
    """

    setting: str
    written: str
    start: float = 0.0
    note: str = ""

    def beside(self, settings: Path, schedule: Path) -> str | Note:
        """The path for a schedule in the folder `schedule`; a note where it can have none.

        Args:
            settings: the folder of the settings file.
        """
        if not self.written.strip() or not self.written.isprintable():
            return self._lost("names no file")
        if _ADDRESS.match(self.written.strip()):
            return self._lost("is an address, and nothing is fetched")
        try:
            path = (settings / self.written.strip()).resolve()
            if not path.is_file():
                return self._lost("there is no such file")
            if not path.is_relative_to(schedule.resolve()):
                return self._lost(f"lies outside {schedule.resolve()}, the schedule's folder")
            relative = path.relative_to(schedule.resolve()).as_posix()
            Track.open(resolve(relative, schedule, allow=False))
        except (InputError, OSError, RuntimeError, ValueError) as error:
            return self._lost(str(error))
        return relative

    def _lost(self, why: str) -> Note:
        return Note(f"{self.setting} = {shown(self.written)}: {why}: {_INSTEAD}", Effect.SOUND)
