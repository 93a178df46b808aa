"""Choose the generate.py call of a script to import, with the shell loop around it if that makes the frames."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.importers.notations.source import Source
from pipeline.importers.notes import Notes
from pipeline.importers.scripts.feedback import runs_imagemagick
from pipeline.importers.scripts.ffmpeg_sound import runs_ffmpeg
from pipeline.importers.scripts.generate_call import Call, Script, read_call, runs
from pipeline.importers.scripts.loops import Loop
from pipeline.importers.scripts.shell import Command
from pipeline.importers.scripts.styled_clip import styled_clip
from pipeline.importers.settings import shown
from pipeline.importers.values.series import MAX_FRAMES

_OUTPUT = "output.png"  # generate.py's default
_FFMPEG_RATE = 25.0  # frames per second of picture sequences if no rate is given
_DEFAULT_RATE = 15.0
_SAME = ("prompts", "size", "seed", "num_cuts")


@dataclass(frozen=True, kw_only=True)
class FrameLoop:
    """A loop that makes one frame per turn.

    Attributes:
        first: the call outside the loop that makes the first frame; None if the loop makes it.
        before: the ImageMagick commands between the first frame and the second.
        turn: the ImageMagick commands between any two later frames.
    """

    first: Call | None
    before: Sequence[Command]
    turn: Sequence[Command]
    frames: int
    fps: float


def choose_call(source: Source, tool: str, script: Script, notes: Notes) -> tuple[Call, FrameLoop | None]:
    """Choose the first call, or the call in a loop that continues its picture; other calls are reported.

    Raises:
        InputError: the loop's number of turns is not known.
    """
    first = read_call(source, tool, script.commands[script.calls[0]])
    at = script.calls[0]
    if not first.command.loops and len(script.calls) > 1:
        later = script.commands[script.calls[1]]
        if later.loops and _feeds_itself(read_call(source, tool, later), script, script.calls[1]):
            second = read_call(source, tool, later)
            if second.options.get("init_image") == first.options.get("output", _OUTPUT):
                _report_other_calls(script, 2, notes)
                _report_differences(first, second, notes)
                return second, _frame_loop(source, tool, script, second, script.calls[1], first, at, notes)
    if first.command.loops and _feeds_itself(first, script, at):
        _report_other_calls(script, 1, notes)
        return first, _frame_loop(source, tool, script, first, at, None, at, notes)
    _report_other_calls(script, 1, notes)
    if first.command.loops and styled_clip(script, first) is None:
        loop = first.command.loops[-1]
        turns = f"{loop.count} times" if loop.count is not None else "more than once"
        notes.add(f"line {loop.line}: a loop runs the command {turns}; one run is imported")
    if moved := [command for command in script.commands if runs_imagemagick(command) and _moves(command)]:
        notes.add(f"line {moved[0].line}: ImageMagick moves a picture outside a feedback loop: not converted")
    return first, None


def _report_other_calls(script: Script, used: int, notes: Notes) -> None:
    if len(script.calls) > used:
        line = script.commands[script.calls[0]].line
        notes.add(f"only the first of {len(script.calls) - used + 1} commands is imported, the one at line {line}")


def _report_differences(first: Call, second: Call, notes: Notes) -> None:
    for name in _SAME:
        if first.options.get(name) != second.options.get(name):
            value = shown(second.options.get(name, "its default"))
            notes.add(f"{name}: differs between the first picture and the loop; {value} is used for all")


def _feeds_itself(call: Call, script: Script, at: int) -> bool:
    """Whether each turn of the loop starts from the previous turn's picture, and nothing else is drawn in it."""
    loop = call.command.loops[-1]
    inside = [command for command in script.commands if loop in command.loops and runs(command)]
    begun, made = call.options.get("init_image"), call.options.get("output", _OUTPUT)
    return len(inside) == 1 and begun is not None and begun == made and "zoom_video" not in call.options


def _frame_loop(
    source: Source,
    tool: str,
    script: Script,
    call: Call,
    at: int,
    first: Call | None,
    begin: int,
    notes: Notes,
) -> FrameLoop:
    """Describe the loop around `call`.

    Args:
        at: the index of `call` among the script's commands.
        first: the call that makes the first frame outside the loop, if there is one.
        begin: the index of `first`.

    Raises:
        InputError: the number of turns is not known, or gives too many frames.
    """
    frames = _num_turns(source, tool, call) + (first is not None)
    if not 1 <= frames <= MAX_FRAMES:
        raise source.error(f"{tool}: line {call.command.line}: {frames:,} frames, expected 1 to {MAX_FRAMES:,}")
    loop = call.command.loops[-1]
    used = _used_distortions(script, loop, str(call.options["init_image"]), notes)
    head = [command for place, command in used if loop in command.loops and place < at]
    tail = [command for place, command in used if loop in command.loops and place > at]
    between = [command for place, command in used if not command.loops and begin < place < at]
    turn = [*tail, *head]
    before = [*between, *head] if first else turn
    return FrameLoop(first=first, before=before, turn=turn, frames=frames, fps=_rate(script, notes))


def _num_turns(source: Source, tool: str, call: Call) -> int:
    """Count how often the loops around a call run it. Raises `InputError` if that is not known."""
    count = 1
    for loop in call.command.loops:
        if loop.count is None:
            raise source.error(
                f"{tool}: line {loop.line}: how often this loop runs is only known at run time: "
                f"{shown(loop.header)}; write the number in the file, such as for i in {{1..30}}"
            )
        count *= loop.count
    return count


def _used_distortions(script: Script, loop: Loop, image: str, notes: Notes) -> list[tuple[int, Command]]:
    """The ImageMagick commands that always change `image`, with their indices; skipped ones are reported."""
    found = [(place, command) for place, command in enumerate(script.commands) if runs_imagemagick(command)]
    named = [(place, command) for place, command in found if any(word.text == image for word in command.words[1:])]
    places = {place for place, _ in named}
    for place, command in found:
        if _moves(command) and place not in places:
            notes.add(f"line {command.line}: ImageMagick moves another picture than {shown(image)}: not converted")
    for command in script.commands:
        if loop in command.loops and command.words[0].text in ("break", "continue", "exit", "return"):
            notes.add(
                f"line {command.line}: the loop may end before its {loop.count:,} iterations; all of them are imported"
            )
    for _, command in named:
        if loop in command.loops and command.conditional:
            notes.add(f"line {command.line}: ImageMagick moves the picture only under a condition: not converted")
    return [(place, command) for place, command in named if not command.conditional]


def _moves(command: Command) -> bool:
    return any(word.text in ("-distort", "+distort") for word in command.words)


def _rate(script: Script, notes: Notes) -> float:
    """The frame rate that the script passes to ffmpeg."""
    for command in script.commands:
        words = [word.text for word in command.words]
        if not runs_ffmpeg(command):
            continue
        for name, value in itertools.pairwise(words):
            if (
                name in ("-framerate", "-r")
                and re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", value)
                and float(value) >= 0.1
            ):
                return min(float(value), 240.0)
        if any(name in ("-framerate", "-r") for name in words):
            notes.add(f"line {command.line}: ffmpeg's rate is not a number; {_FFMPEG_RATE:g} frames a second are used")
        return _FFMPEG_RATE
    notes.add(f"the script makes no video; {_DEFAULT_RATE:g} frames a second are used")
    return _DEFAULT_RATE
