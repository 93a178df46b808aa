"""Find the clip whose frames a script extracts with ffmpeg and restyles one by one in a loop, as video_styler.sh does.

Source: nerdyrodent/VQGAN-CLIP, video_styler.sh.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.importers.motion.clips import find_clip
from pipeline.importers.motion.extraction import Extraction, Footage
from pipeline.importers.notations.source import Source
from pipeline.importers.notes import Effect, Notes
from pipeline.importers.scripts.ffmpeg_sound import runs_ffmpeg
from pipeline.importers.scripts.generate_call import Call, Script
from pipeline.importers.scripts.shell import Command
from pipeline.importers.settings import Settings, shown
from pipeline.importers.values.series import MAX_FRAMES

_FFMPEG_RATE = 25.0  # frames per second of picture sequences if no rate is given
_SETTING = "ffmpeg -i"
_NUMBERED = re.compile(r"%0?[0-9]*d")
_RATE = re.compile(r"(?:^|[,:])fps=([0-9]{1,3}(?:\.[0-9]{1,6})?)")


@dataclass(frozen=True, kw_only=True)
class StyledClip:
    """A clip whose frames a script restyles.

    Attributes:
        written: its path as the script writes it, which may be a variable such as $1.
        every: the rate at which frames are extracted; 0 for each of them.
        fps: of the video that is made of them.
    """

    written: str
    every: float
    fps: float


def styled_clip(script: Script, call: Call) -> StyledClip | None:
    """The clip whose extracted frames a call in a loop begins with; None if it begins with anything else."""
    begun = call.options.get("init_image")
    if not call.command.loops or not isinstance(begun, str):
        return None
    folder = begun.rpartition("/")[0]
    at = script.commands.index(call.command)
    for command in script.commands[:at]:
        words = [word.text for word in command.words]
        if runs_ffmpeg(command) and _NUMBERED.search(words[-1]) and words[-1].rpartition("/")[0] == folder:
            inputs = [value for name, value in itertools.pairwise(words) if name == "-i"]
            if inputs:
                return StyledClip(written=inputs[0], every=_rate(words) or 0.0, fps=_made(script.commands[at:]))
    return None


def footage_of(source: Source, tool: str, styled: StyledClip, notes: Notes) -> Footage:
    """The frames of the clip, each of which makes one of the video. A name that only a run would tell is reported."""
    clip = None
    if "$" in styled.written or "%" in styled.written:
        notes.add(
            f"{_SETTING} {shown(styled.written)}: the script is told its clip when it runs: write its name there and"
            " import again; until then one frame is drawn from the prompts alone",
            Effect.MOTION,
        )
    else:
        clip = find_clip(Settings(source, tool, {_SETTING: styled.written}), _SETTING, notes)
    frames = max(1, round(clip.count * (styled.every / clip.fps if styled.every else 1))) if clip else 1
    return Footage(
        clip=clip, extraction=Extraction(), frames=min(frames, MAX_FRAMES), fps=styled.fps, every=styled.every
    )


def _made(later: Sequence[Command]) -> float:
    """The rate at which the first ffmpeg command that reads numbered pictures shows them."""
    for command in later:
        words = [word.text for word in command.words]
        inputs = [at for at, word in enumerate(words) if word == "-i"]
        if runs_ffmpeg(command) and inputs:
            return _rate(words[: inputs[0]]) or _FFMPEG_RATE
    return _FFMPEG_RATE


def _rate(words: Sequence[str]) -> float | None:
    """The rate that the words of a command give, as an option or in a filter."""
    for name, value in itertools.pairwise(words):
        found = value if name in ("-r", "-framerate") else ""
        if name in ("-vf", "-filter:v") and (match := _RATE.search(value)):
            found = match[1]
        if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", found) and 0.1 <= float(found) <= 240:
            return float(found)
    return None
