"""`render history`: list the earlier runs of a folder, or go back to one."""

from typing import TYPE_CHECKING

import click

from pipeline.commands import options
from pipeline.terminal import show, show_json
from render.errors import InputError

if TYPE_CHECKING:  # `render --help` must not wait for numpy
    from pipeline.run.folder.folder import RunFolder


@click.command()
@options.run_folder
@click.option("--restore", metavar="N", type=click.IntRange(1), help="Make run N the current run again.")
@click.option("--keep", metavar="N", type=click.IntRange(0), help="Remove all but the latest N earlier runs.")
@click.option("--clear", is_flag=True, help="Remove all earlier runs.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def history(folder: "RunFolder", restore: int | None, keep: int | None, clear: bool, as_json: bool) -> None:
    """List the earlier runs of a folder, or go back to one.

    When an edited schedule is rendered, the finished run that it replaces is kept in DIR/history: its
    video, frames, states and schedule. Files shared with the current run take no disk space.

    \b
    render history outputs/sunset
    render history outputs/sunset --restore 2
    render history outputs/sunset --keep 1

    When a run is restored, the current one is kept in the history. Your schedule's file is not changed; the
    message names the schedule that the restored run was made from.
    """
    if sum((restore is not None, keep is not None, clear)) > 1:
        raise InputError("--restore, --keep and --clear: give only one of them")
    folder.origin()
    if restore is not None:
        _restore(folder, restore)
    elif clear or keep is not None:
        _drop(folder, keep or 0)
    else:
        _list(folder, as_json)


def _restore(folder: "RunFolder", number: int) -> None:
    from pipeline.run.folder.restoring import restore

    entry, kept = restore(folder, number)
    if kept is not None:
        show(f"the previous run is kept as {kept.number}")
    show(f"{folder.video}: run {entry.number}, {entry.frames} frames; its schedule is {folder.path}/schedule.yaml")
    origin = folder.origin()
    if folder.is_edited(origin):
        show(f"{origin.file} has changed since: rendering it again replaces this run")


def _drop(folder: "RunFolder", keep: int) -> None:
    from pipeline.run.folder.history import History
    from pipeline.run.folder.lock import only_writer

    with only_writer(folder.path):
        gone = History(folder).drop(keep)
    show(f"{folder.path}: {gone} removed")


def _list(folder: "RunFolder", as_json: bool) -> None:
    import json

    from pipeline.run.folder.changes import listed

    found = listed(folder)
    if as_json:
        show_json(json.dumps([line.to_record() for line in found], ensure_ascii=False))
        return
    for line in found:
        show(str(line))
