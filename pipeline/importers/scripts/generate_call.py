"""Find the calls of nerdyrodent's generate.py in a script, and read the options of a call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.importers.notations.source import Source
from pipeline.importers.scripts.shell import Command, commands
from pipeline.importers.scripts.shell_words import Dialect, ShellError
from pipeline.importers.scripts.variables import Expanded, Unknown, notebook_variables
from pipeline.importers.settings import shown

PROGRAM = "generate.py"
MAX_SHELL = 200_000  # characters
SHORT = {
    **{"p": "prompts", "ip": "image_prompts", "i": "iterations", "se": "save_every", "s": "size", "ii": "init_image"},
    **{"in": "init_noise", "iw": "init_weight", "m": "clip_model", "conf": "vqgan_config", "ckpt": "vqgan_checkpoint"},
    **{"nps": "noise_prompt_seeds", "npw": "noise_prompt_weights", "lr": "learning_rate", "cutm": "cut_method"},
    **{"cuts": "num_cuts", "cutp": "cut_power", "sd": "seed", "opt": "optimiser", "o": "output", "vid": "video"},
    **{"zvid": "zoom_video", "zs": "zoom_start", "zse": "zoom_save_every", "zsc": "zoom_scale", "zsx": "zoom_shift_x"},
    **{"zsy": "zoom_shift_y", "cpe": "change_prompt_every", "vl": "video_length", "ofps": "output_video_fps"},
    **{"ifps": "input_video_fps", "d": "deterministic", "aug": "augments", "vsd": "video_style_dir"},
    "cd": "cuda_device",
}
_EXPECTED = f'expected a command such as {PROGRAM} -p "a calm sea" -zvid'
_CONTINUED = 1000  # continuation lines of one command
_FLAGS = {"video", "zoom_video"}
_OPTIONAL = {"deterministic"}
_MULTI_VALUED = {"size", "noise_prompt_seeds", "noise_prompt_weights", "augments"}
_MENTIONING = {
    *(
        "echo",
        "printf",
        "cat",
        "less",
        "head",
        "tail",
        "grep",
        "ls",
        "dir",
        "cp",
        "copy",
        "mv",
        "move",
        "ln",
        "rm",
        "del",
    ),
    *("vi", "vim", "nano", "sed", "awk", "touch", "chmod", "test", "[", "[[", "git", "wget", "curl", "diff", "type"),
}


@dataclass(frozen=True, kw_only=True)
class Call:
    """One command that runs generate.py.

    Attributes:
        options: maps long names to values as text, and switches to True.
        unknown: for each option, the variables in its value that only a run of the script would know.
    """

    command: Command
    options: Mapping[str, str | bool]
    unknown: Mapping[str, tuple[Unknown, ...]]


@dataclass(frozen=True, kw_only=True)
class Script:
    """All commands of a source, the positions of the calls, and what was assumed while reading."""

    commands: Sequence[Command]
    calls: Sequence[int]
    notes: tuple[str, ...]


def dialect(source: Source) -> Dialect:
    if source.notebook:
        return Dialect.NOTEBOOK
    batch = source.name.lower().endswith((".bat", ".cmd")) or source.text.lstrip().lower().startswith("@echo off")
    return Dialect.BATCH if batch else Dialect.BASH


def read_script(source: Source, tool: str) -> Script:
    """Read the commands of a source.

    If the source as a whole is not a script, its commands are read line by line and the text around them is ignored.

    Raises:
        InputError: the source is not a script, and no line of it is a command.
    """
    if len(source.script) > MAX_SHELL:
        raise source.error(f"{tool}: a script of more than {MAX_SHELL:,} characters is not read")
    values = notebook_variables(source.settings) if source.notebook else {}
    try:
        found, notes = commands(source.script, dialect(source), values)
        problem = None
    except ShellError as error:
        found, notes, problem = [], (), error
    if not any(map(runs, found)):
        found, problem = _line_by_line(source, problem)
    calls = [at for at, command in enumerate(found) if runs(command)]
    if not calls:
        raise source.error(f"{tool}: {problem or _EXPECTED}")
    return Script(commands=found, calls=calls, notes=notes)


def runs(command: Command) -> bool:
    """Whether a command runs generate.py rather than only mentioning it."""
    names = [_base(word.text) for word in command.words]
    return PROGRAM in names and names[0].lower().lstrip("@!") not in _MENTIONING and len(names) > names.index(PROGRAM)


def _line_by_line(source: Source, problem: ShellError | None) -> tuple[list[Command], ShellError | None]:
    found: list[Command] = []
    lines = source.script.split("\n")
    at = 0
    while at < len(lines):
        text, first = lines[at], at
        while text.rstrip().endswith(("\\", "^")) and at + 1 < min(len(lines), first + _CONTINUED):
            at += 1
            text += "\n" + lines[at]
        at += 1
        if PROGRAM in text:
            try:
                found += filter(runs, commands(text, dialect(source), line=first + 1)[0])
            except ShellError as error:
                problem = problem or error
    return found, problem


def read_call(source: Source, tool: str, command: Command) -> Call:
    """Read the options of a call.

    Raises:
        InputError: an option is unknown, or a word belongs to no option.
    """
    names = [_base(word.text) for word in command.words]
    words = command.words[names.index(PROGRAM) + 1 :]
    options: dict[str, str | bool] = {}
    unknown: dict[str, tuple[Unknown, ...]] = {}
    at = 0
    while at < len(words):
        name, equals, value = words[at].text.partition("=")
        option = _option(name)
        if option is None:
            raise source.error(f"{tool}: {_stray(words[at])}")
        stop = at + 1
        while (
            not equals
            and stop < len(words)
            and _option(words[stop].text.partition("=")[0]) is None
            and _takes(option, stop - at - 1, words[stop])
        ):
            stop += 1
        values = words[at:stop] if equals else words[at + 1 : stop]
        given = value if equals else " ".join(word.text for word in values)
        if option not in _FLAGS | _OPTIONAL and not values:
            raise source.error(f"{tool}: line {words[at].line}: {shown(words[at].text)} has no value")
        options[option] = True if option in _FLAGS or not values else given
        unknown[option] = tuple(each for word in values for each in word.unknown)
        at = stop
    return Call(command=command, options=options, unknown=unknown)


def _stray(word: Expanded) -> str:
    if word.unknown:
        return f"line {word.line}: {word.unknown[0]}; write its value in the file"
    what = "unknown option" if word.text.startswith("-") else "a word that belongs to no option (a text needs quotes):"
    return f"line {word.line}: {what} {shown(word.text)}"


def _takes(option: str, count: int, word: Expanded) -> bool:
    """Whether an option takes one more value."""
    if option in _OPTIONAL:
        return count == 0 and word.text.lower() in ("true", "false", "1", "0", "yes", "no")
    return option not in _FLAGS and (count == 0 or option in _MULTI_VALUED)


def _option(word: str) -> str | None:
    name = word.lstrip("-")
    if word.startswith("--") and name in SHORT.values():
        return name
    return SHORT.get(name) if word.startswith("-") and not word.startswith("--") else None


def _base(word: str) -> str:
    return word.replace("\\", "/").rsplit("/", 1)[-1].lstrip("!@")
