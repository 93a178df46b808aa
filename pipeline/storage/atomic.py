"""Files that are whole or absent: written beside, synced, renamed, and the renaming synced, too."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PARTIAL = ".partial"


@contextmanager
def replacing(path: Path, whose: str = "") -> Iterator[Path]:
    """Yield a temporary path beside `path`; it takes its place when the block ends well.

    The temporary name keeps the suffix, since writers choose the format by it. What a crash left
    is removed by the next writer of `path`.

    Args:
        whose: tells the temporary files of writers apart where there can be several at once.
    """
    partial = named_partial(path, whose)
    partial.unlink(missing_ok=True)  # a writer that outlived its run may still hold the old one
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
        sync_folder(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def named_partial(path: Path, whose: str = "") -> Path:
    """The temporary name for `path`, by which `remove_partial` knows it."""
    return path.with_name(f".{path.stem}{_PARTIAL}{whose}{path.suffix}")


def write_text(path: Path, text: str) -> None:
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def remove_partial(folder: Path) -> None:
    """Remove what writers that were killed left in `folder`."""
    for partial in folder.glob(f".*{_PARTIAL}*"):
        partial.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Until its folder is on the disk, a renamed file can be gone after a power cut."""
    with contextlib.suppress(OSError):  # some file systems cannot, and the file itself is safe
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
