"""`render status`, `verify` and `assemble`: the state of a run's folder."""

import itertools
import sys
from typing import TYPE_CHECKING

import click

from pipeline.commands import options
from pipeline.terminal import show, show_json
from render.errors import RunError

if TYPE_CHECKING:  # `render --help` must not wait for numpy
    from pipeline.run.folder.folder import RunFolder


@click.command()
@options.run_folder
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def status(folder: "RunFolder", as_json: bool) -> None:
    """Show which frames of a run are done, stale or missing, and who is rendering it.

    \b
    render status outputs/sunset

    Frames are done if they are those of the schedule, as its file is now, and of its models; stale if
    they are of an earlier schedule or of other models.
    """
    from pipeline.run.folder.status import inspect

    found = inspect(folder)
    show_json(found.to_json()) if as_json else show(str(found))


@click.command()
@options.run_folder
@click.option(
    "--rerender", metavar="N", type=click.IntRange(0), default=0, help="Render N random frames again and compare."
)
@click.option("--seed", type=int, default=None, help="Chooses the random frames [others each time].")
@options.device
@options.offline
@options.ffmpeg_program
def verify(
    folder: "RunFolder", rerender: int, seed: int | None, device: str, offline: bool, ffmpeg_program: str | None
) -> None:
    """Check every frame and state of a run against its checksum and hash, and the length of every video.

    \b
    render verify outputs/sunset
    render verify outputs/sunset --rerender 5

    With --rerender, random frames that follow a saved state are rendered again and compared bit for bit.
    """
    from pipeline.run.verify import Verification

    verification = Verification(folder, ffmpeg_program)
    again = verification.rerender(rerender, seed, device, offline) if rerender else ()
    wrong = 0
    for line in itertools.chain(verification.damaged(), again):
        show(line, err=True)
        wrong += 1
    show(verification.summary(wrong))
    sys.exit(RunError.exit_code if wrong else 0)


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
