"""Find the sound that a script adds to the video with ffmpeg."""

import itertools
import re
from collections.abc import Sequence

from pipeline.importers.scripts.shell import Command
from pipeline.importers.settings import shown
from pipeline.importers.sound import Sound

_PROGRAMS = ("ffmpeg", "ffmpeg.exe")
_TRACK = re.compile(r"(?i).*\.(aac|aif|aiff|flac|m4a|mp3|oga|ogg|opus|wav|wma)")
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_CLOCK = re.compile(r"([0-9]{1,2}:)?[0-9]{1,2}:[0-9]{1,2}(\.[0-9]{1,6})?")


def runs_ffmpeg(command: Command) -> bool:
    return command.words[0].text.rsplit("/", 1)[-1].lower().lstrip("!@") in _PROGRAMS


def sound_of(commands: Sequence[Command]) -> Sound | None:
    """Find ffmpeg's first input whose name is that of an audio file; an `-ss` before it gives the start.

    A second input whose name only a run of the script would give also counts as sound.
    """
    for command in filter(runs_ffmpeg, commands):
        start, inputs = "0", 0
        for name, value in itertools.pairwise(command.words):
            if name.text == "-ss":
                start = value.text
            elif name.text == "-i":
                if _TRACK.fullmatch(value.text) or (value.unknown and inputs):
                    return _sound(f"line {command.line}: ffmpeg", value.text, start)
                start, inputs = "0", inputs + 1  # an `-ss` applies only to the input that follows it
    return None


def _sound(place: str, path: str, start: str) -> Sound:
    seconds = _seconds(start)
    note = f"{place} -ss {shown(start)} is not a time; the track starts at its beginning"
    return Sound(setting=f"{place} -i", written=path, start=seconds or 0.0, note=note if seconds is None else "")


def _seconds(written: str) -> float | None:
    """Read seconds, minutes:seconds or hours:minutes:seconds; None for anything else."""
    if not (_SECONDS.fullmatch(written) or _CLOCK.fullmatch(written)):
        return None
    total = 0.0
    for part in written.split(":"):
        total = 60 * total + float(part)
    return total
