"""Back to a run of the history: its frames, states, video and schedule in the place of those of today."""

from pathlib import Path

from pipeline.run.folder.finished import disown
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.history import KEPT, Entry, History, link
from pipeline.run.folder.lock import only_writer


def restore(folder: RunFolder, number: int) -> tuple[Entry, Entry | None]:
    """Make the run of this number the folder's run; return it, and what the run of today is kept as.

    Nothing is lost on the way: what is there is put aside first, and a kill is mended by doing it again. The last file
    to come is the report, which vouches for the video.

    Raises:
        InputError: there is no such run in the history.
        FolderInUseError: it is being rendered.
    """
    history = History(folder)
    history.find(number)
    with only_writer(folder.path):
        history.tidy()
        entry = history.find(number)
        kept = history.keep_present()
        disown(folder, of_others=True)
        wanted = [path.relative_to(entry.folder.path) for path in entry.folder.files(len(entry.hashes))]
        _clear(folder, set(wanted))
        for name in sorted(wanted, key=lambda name: name.name == folder.report.name):
            link(entry.folder.path / name, folder.path / name)
        history.drop(KEPT)
    return entry, kept


def _clear(folder: RunFolder, wanted: set[Path]) -> None:
    """Remove what the run has no file for; all of it is kept."""
    for path in folder.files(None):
        if path.relative_to(folder.path) not in wanted:
            path.unlink(missing_ok=True)
