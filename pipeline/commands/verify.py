"""`render verify`: check every frame and state of a run against its checksum."""

import itertools
import sys
from typing import TYPE_CHECKING

import click

from pipeline.commands import options
from pipeline.terminal import show
from render.errors import RunError

if TYPE_CHECKING:
    from pipeline.run.folder.folder import RunFolder


@click.command()
@options.run_folder
@click.option(
    "--rerender", metavar="N", type=click.IntRange(0), default=0, help="Render N random frames again and compare."
)
@click.option("--seed", type=int, default=None, help="Seed for choosing the random frames [different each time].")
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
