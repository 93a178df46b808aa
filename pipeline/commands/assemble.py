"""`render assemble`: make the video of a run again from its frames."""

from typing import TYPE_CHECKING

import click

from pipeline.commands import options
from pipeline.terminal import show

if TYPE_CHECKING:
    from pipeline.run.folder.folder import RunFolder


@click.command()
@options.run_folder
@click.option("--partial", is_flag=True, help="Use the frames up to the first missing one.")
@options.ffmpeg_program
def assemble(folder: "RunFolder", partial: bool, ffmpeg_program: str | None) -> None:
    """Make the video of a run again from its frames; nothing is rendered.

    \b
    render assemble outputs/sunset
    render assemble outputs/sunset --partial      preview an unfinished run
    """
    from pipeline.run.delivery.derive import assemble_again

    count, video = assemble_again(folder, partial, ffmpeg_program, lambda text: show(f"warning: {text}", err=True))
    show(f"{video}: {count} frames")
