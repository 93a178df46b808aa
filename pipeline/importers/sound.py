"""Carry the soundtrack of another tool's video over to `music:`."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.audio.track import Track
from pipeline.importers.files import UnusableFileError, path_beside
from pipeline.importers.notes import Effect, Note
from pipeline.importers.settings import shown
from render.errors import InputError

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
        try:
            relative, path = path_beside(self.written, settings, schedule)
            Track.open(path)
        except (UnusableFileError, InputError, OSError, RuntimeError, ValueError) as error:
            return self._lost(str(error))
        return relative

    def _lost(self, why: str) -> Note:
        return Note(f"{self.setting} = {shown(self.written)}: {why}: {_INSTEAD}", Effect.SOUND)
