"""Restores a run from the history: its frames, states, video and schedule replace the current ones."""

from pathlib import Path

from pipeline.run.folder.finished import mark_video_outdated
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.history import KEPT, Entry, History, link
from pipeline.run.folder.lock import only_writer


def restore(folder: RunFolder, number: int) -> tuple[Entry, Entry | None]:
    """Make the run with this number the folder's run; return it, and the entry that the current run was put aside as.

    Nothing is lost: the current files are put aside first, and after a kill, restoring again completes the job. The
    report, which vouches for the video, is put in place last.

    Raises:
        InputError: there is no such run in the history.
        FolderInUseError: the folder is being rendered into.
    """
    history = History(folder)
    history.find(number)
    with only_writer(folder.path):
        history.tidy()
        entry = history.find(number)
        kept = history.keep_present()
        mark_video_outdated(folder, frames_change=True)
        wanted = [path.relative_to(entry.folder.path) for path in entry.folder.files(len(entry.hashes))]
        _clear(folder, set(wanted))
        for name in sorted(wanted, key=lambda name: name.name == folder.report.name):
            link(entry.folder.path / name, folder.path / name)
        history.drop(KEPT)
    return entry, kept


def _clear(folder: RunFolder, wanted: set[Path]) -> None:
    """Remove the current files that the restored run does not have; all of them are kept in the history."""
    for path in folder.files(None):
        if path.relative_to(folder.path) not in wanted:
            path.unlink(missing_ok=True)
