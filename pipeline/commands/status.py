"""`render status`: show the state of a run's folder."""

from typing import TYPE_CHECKING

import click

from pipeline.commands import options
from pipeline.terminal import show, show_json

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
    from pipeline.run.folder.status import read_status

    found = read_status(folder)
    show_json(found.to_json()) if as_json else show(str(found))
