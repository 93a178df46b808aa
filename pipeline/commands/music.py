"""`render music`: analyse a track and list what a schedule can follow in it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.storage.did_you_mean import did_you_mean
from pipeline.terminal import show, show_json
from render.errors import InputError

if TYPE_CHECKING:  # `render --help` must not wait for numpy
    from pipeline.audio.summary import Summary


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.argument("stems", metavar="[STEM]...", type=click.Path(path_type=Path), nargs=-1)
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Also draw it: .png, .svg or .pdf."
)
@click.option(
    "--beats-per-bar", metavar="N", type=click.IntRange(1, 64), default=4, help="How many beats a bar has [4]."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines, with every beat.")
def music(file: Path, stems: Sequence[Path], output: Path | None, beats_per_bar: int, as_json: bool) -> None:
    """Analyse a track: its tempo, beats and sections, and the signals that a schedule can follow.

    \b
    render music track.mp3
    render music track.mp3 -o music.png      waveform, beats and every signal
    render music track.mp3 drums.wav bass.wav -o music.png     and the signals of each stem

    Reads any format that FFmpeg reads. Results are cached by the file's content in the cache folder
    (RENDER_CACHE). In a schedule: music: {file: track.mp3, bpm: auto}.
    """
    from pipeline.audio.summary import summarize

    for path in (file, *stems):
        if not path.is_file():
            raise InputError(f"{path}: no such file{did_you_mean(path)}")
    found = summarize(file, beats_per_bar, stems)
    show_json(found.to_json()) if as_json else show(str(found))
    if output is not None:
        _draw(found, output)
        show(str(output), err=as_json)


def _draw(found: "Summary", target: Path) -> None:
    from pipeline.audio.picture import draw
    from pipeline.storage.atomic import replacing

    try:
        with replacing(target) as partial:
            draw(found, partial)
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise InputError(f"{target}: cannot be drawn: {why}") from error
