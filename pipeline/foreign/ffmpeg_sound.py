"""The sound that a script's ffmpeg puts under the video."""

import itertools
import re
from collections.abc import Sequence

from pipeline.foreign.shell import Command
from pipeline.foreign.sound import Sound

_PROGRAMS = ("ffmpeg", "ffmpeg.exe")
_TRACK = re.compile(r"(?i).*\.(aac|aif|aiff|flac|m4a|mp3|oga|ogg|opus|wav|wma)")
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_CLOCK = re.compile(r"([0-9]{1,2}:)?[0-9]{1,2}:[0-9]{1,2}(\.[0-9]{1,6})?")


def runs_ffmpeg(command: Command) -> bool:
    return command.words[0].text.rsplit("/", 1)[-1].lower().lstrip("!@") in _PROGRAMS


def sound_of(commands: Sequence[Command]) -> Sound | None:
    """The first input of an ffmpeg that is sound by its name, from `-ss` on where that stands before it."""
    for command in filter(runs_ffmpeg, commands):
        words = [word.text for word in command.words]
        start = 0.0
        for name, value in itertools.pairwise(words):
            if name == "-ss":
                start = _seconds(value)
            elif name == "-i":
                if _TRACK.fullmatch(value):
                    return Sound(setting=f"line {command.line}: ffmpeg -i", written=value, start=start)
                start = 0.0  # it belonged to this input
    return None


def _seconds(written: str) -> float:
    """Seconds, also as minutes:seconds or hours:minutes:seconds; 0 of anything else."""
    if not (_SECONDS.fullmatch(written) or _CLOCK.fullmatch(written)):
        return 0.0
    total = 0.0
    for part in written.split(":"):
        total = 60 * total + float(part)
    return total
