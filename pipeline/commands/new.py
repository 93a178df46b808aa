"""`render new`: write a schedule to start from."""

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import click

from pipeline.storage.atomic import write_text
from pipeline.storage.did_you_mean import SUFFIXES
from pipeline.terminal import show
from render.errors import InputError, suggestion

_DEFAULT = "story"
# How the lines of the template `song` begin that are replaced if a track is given.
_FILE, _LENGTH, _BPM = "  # file: track.mp3 ", "  length: 8 bars ", "  bpm: 120 "
_VIDEO = "  video: clip.mp4 "  # likewise, of the template `clip`
_CLIP = "clip"
_SIZE = "  size: [256, 144] "  # likewise
_LONGER, _SHORTEST, _STRIDE = 256, 64, 8  # of the frame in pixels; it is a multiple of the last one


def _templates() -> dict[str, str]:
    """Map the name of every template to its text."""
    found = (entry for entry in files("pipeline.commands.templates").iterdir() if entry.name.endswith(".yaml"))
    return {entry.name.removesuffix(".yaml"): entry.read_text(encoding="utf-8") for entry in found}


@click.command()
@click.argument("name", metavar="NAME", required=False)
@click.option("--template", metavar="NAME", default=None, help=f"clip, loop, song or story [{_DEFAULT}].")
@click.option("--track", metavar="FILE", help="The track of a song, in the folder of the new schedule.")
@click.option("--clip", metavar="FILE", help="The clip to repaint, in the folder of the new schedule.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@click.option("--list", "listed", is_flag=True, help="List the templates.")
def new(name: str | None, template: str | None, track: str | None, clip: str | None, force: bool, listed: bool) -> None:
    """Write a commented schedule to start from, NAME.yaml.

    \b
    render new sea
    render new sea --template loop
    render new video --track track.mp3
    render new dance --clip dance.mp4
    """
    templates = _templates()
    if listed:
        for known, text in sorted(templates.items()):
            show(f"{known:<6} {text.splitlines()[0].removeprefix('# ')}")
        return
    if name is None:
        raise click.UsageError("expected a NAME for the new schedule, such as `render new sea`")
    template = template or ("song" if track else _CLIP if clip else _DEFAULT)
    if template not in templates:
        raise InputError(f"unknown template '{template}'; {suggestion(template, templates)}")
    path = Path(name if name.endswith(SUFFIXES) else f"{name}.yaml")
    text = templates[template] if track is None else _with_track(templates[template], template, track, path)
    text = _with_clip(text, template, clip, path)
    try:
        _write(path, text, force)
    except FileExistsError as error:
        raise InputError(f"{path}: already exists; choose another name, or overwrite it with --force") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
    show(f"{path}: written from the template {template}; next: render check {path}, then render {path}")


def _write(path: Path, text: str, force: bool) -> None:
    """Write the schedule; with `force`, an existing file is replaced as a whole. Raises `OSError`."""
    if force:
        write_text(path.resolve(), text)
        return
    with path.open("x", encoding="utf-8") as stream:
        stream.write(text)


def _with_track(text: str, template: str, track: str, path: Path) -> str:
    if _FILE not in text:
        raise InputError(f"--track: the template {template} has no music; use --template song")
    replaced = {
        _FILE: f"  file: {_beside(path, track, '--track')}",
        _LENGTH: "  length: music       # as long as the track; 8 bars, for example, also works",
        _BPM: "  bpm: auto           # detected in the track; write a number if it is wrong",
    }
    return _replaced(text, replaced)


def _with_clip(text: str, template: str, clip: str | None, path: Path) -> str:
    if clip is None and template == _CLIP:
        raise InputError("the template clip needs a clip; name one with --clip FILE")
    if clip is not None and _VIDEO not in text:
        raise InputError(f"--clip: the template {template} has no clip; use --template clip, and write music in it")
    if clip is None:
        return text
    written = _beside(path, clip, "--clip")
    size = _size_like(path.parent / json.loads(written))
    return _replaced(text, {_VIDEO: f"  video: {written}", _SIZE: f"  {size:<19} # like the clip, in pixels"})


def _size_like(clip: Path) -> str:
    """The line of a small frame that has the clip's shape, as nearly as multiples of the stride allow.

    Raises:
        InputError: the clip cannot be read, or PyAV is missing.
    """
    from render.files.videos.clips import facts  # imports PyAV, only if a clip is named

    sides = facts(clip).size
    scale = _LONGER / max(sides)
    width, height = (max(_SHORTEST, round(side * scale / _STRIDE) * _STRIDE) for side in sides)
    return f"size: [{width}, {height}]"


def _replaced(text: str, replaced: Mapping[str, str]) -> str:
    """The text with other lines in place of those that begin as the keys."""
    lines = [
        next((new for begin, new in replaced.items() if line.startswith(begin)), line) for line in text.splitlines()
    ]
    return "\n".join(lines) + "\n"


def _beside(path: Path, named: str, option: str) -> str:
    """The path of a file as the schedule at `path` writes it: relative to its folder, and inside it."""
    folder = path.parent.resolve()
    file = next((found for found in (path.parent / named, Path(named)) if found.is_file()), None)
    if file is None:
        raise InputError(f"{option}: {named}: no such file; expected one in the folder of {path}")
    if not file.resolve().is_relative_to(folder):
        raise InputError(f"{option}: {named} is outside the folder of {path}; copy it there")
    return json.dumps(file.resolve().relative_to(folder).as_posix(), ensure_ascii=False)
