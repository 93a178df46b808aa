"""`render inspect`: print the schedule that a video was made from, or what a bank holds."""

from pathlib import Path

import click

from pipeline.commands import options
from pipeline.storage.did_you_mean import did_you_mean
from pipeline.terminal import show
from render.errors import InputError


@click.command()
@click.argument("video", metavar="VIDEO", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", metavar="FILE.yaml", type=click.Path(path_type=Path), help="Where to write it [stdout]."
)
@options.ffmpeg_program
def inspect(video: Path, output: Path | None, ffmpeg_program: str | None) -> None:
    """Print the schedule that a video of `render` was made from, with the digests of its models.

    \b
    render inspect outputs/sunset/video.mp4
    render inspect video.mp4 -o sunset.yaml && render sunset.yaml
    render inspect mine.bank                 what a bank holds, and the models that it is for

    Files that the schedule names, such as a track, are not stored in the video.
    """
    from pipeline.storage.atomic import write_text
    from pipeline.video import formats
    from pipeline.video.containers.embedded_text import container_of, texts
    from pipeline.video.ffmpeg import find_binary, read_notes
    from pipeline.video.notes import in_metadata, schedule_of
    from render.priors.bank.file import SUFFIX

    if not video.is_file():
        raise InputError(f"{video}: no such file{did_you_mean(video)}")
    if video.suffix == SUFFIX:
        show(_described(video))
        return
    container = container_of(video, formats.containers())
    if container.text is not None:
        found = texts(video, container.text)
    else:
        found = in_metadata(read_notes(find_binary(ffmpeg_program), video, container))
    text = schedule_of(found, str(video))
    if output is None:
        # Text in a video could control the terminal, so it is escaped; -o FILE.yaml writes it unchanged.
        show(text, nl=False)
        return
    if output.exists():
        raise InputError(f"{output}: already exists; write another file with -o FILE.yaml")
    try:
        write_text(output, text)
    except OSError as error:
        raise InputError(f"{output}: cannot be written: {error.strerror}") from error
    show(str(output))


def _described(path: Path) -> str:
    """What a bank says about itself, a line for each fact."""
    from render.priors.bank.file import read_facts

    facts = read_facts(path)
    header = facts.header
    (width, height), (rows, columns) = header.size, header.grid
    return "\n".join(
        (
            f"pictures: {facts.num_pictures:,}, {width}×{height}, {columns}×{rows} codes each",
            f"latent: {header.latent}, {header.num_codes:,} codes of {header.stride} pixels, {header.codebook[:12]}",
            f"perceptor: {header.perceptor}, {facts.shapes['basis'][0]} of {facts.shapes['basis'][1]} components",
            f"captions: {facts.num_words:,} words" if facts.num_words else "captions: none",
            f"made of: {header.made_of}",
        )
    )
