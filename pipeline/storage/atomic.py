"""Write files atomically: write a temporary file, sync it, rename it, and sync the folder."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_PARTIAL = ".partial"
_SYNCED = "r+b" if os.name == "nt" else "rb"  # Windows syncs files that are open for writing only
_ATTEMPTS = 40 if os.name == "nt" else 1  # Windows replaces no file that somebody is reading, such as a virus scanner
_PAUSE = 0.05  # seconds between them


@contextmanager
def replacing(path: Path, writer: str = "", turn: Callable[[], None] | None = None) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which replaces `path` when the block ends without an error.

    The temporary name keeps the suffix, since writers choose the format by it. A leftover of a crash is
    removed by the next writer of `path`.

    Args:
        writer: distinguishes the temporary files of several concurrent writers.
        turn: called when the new content is on the disk, before it replaces the old one; it may wait, or raise.
    """
    partial = named_partial(path, writer)
    partial.unlink(missing_ok=True)  # a writer that outlived its run may still have it open
    try:
        yield partial
        with partial.open(_SYNCED) as file:
            os.fsync(file.fileno())
        if turn is not None:
            turn()
        _rename(partial, path)
        sync_folder(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def _rename(partial: Path, path: Path) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            partial.replace(path)
        except PermissionError:
            if attempt + 1 == _ATTEMPTS:
                raise
            time.sleep(_PAUSE)
        else:
            return


def named_partial(path: Path, writer: str = "") -> Path:
    """Return the temporary name for `path`, in the form that `remove_partial` recognises."""
    return path.with_name(f".{path.stem}{_PARTIAL}{writer}{path.suffix}")


def write_text(path: Path, text: str) -> None:
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def remove_partial(folder: Path) -> None:
    """Remove the temporary files that killed writers left in `folder`."""
    for partial in folder.glob(f".*{_PARTIAL}*"):
        partial.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Sync a folder to disk: otherwise a power cut can undo the renaming of a file in it."""
    with contextlib.suppress(OSError):  # not all file systems support this; the file's content is safe anyway
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
