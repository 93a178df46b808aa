"""Fetch objects from a bucket into a local folder, if they are missing there or newer in the bucket."""

import os
from collections.abc import Callable
from pathlib import Path

from pipeline.storage.ledger import Ledger, stamp_of
from pipeline.storage.store import Object, Store
from render.errors import StorageError


def pull(
    store: Store, folder: Path, ledger: Ledger, wanted: Callable[[str], bool] = lambda key: True
) -> tuple[set[str], set[str]]:
    """Fetch the objects whose local files are missing or older.

    The run then checks the fetched files by their hashes and checksums, as after a crash.

    Args:
        wanted: whether an object with this key is considered; all others are ignored.

    Returns:
        The keys of all considered objects, and of those whose local file is now equal.

    Raises:
        StorageError: an object could not be fetched; files fetched before it are kept.
    """
    keys, same = set(), set()
    for found in store.list():
        if not wanted(found.key):
            continue
        keys.add(found.key)
        if ledger.is_same(found) or _fetched_if_newer(store, found, folder, ledger):
            same.add(found.key)
    return keys, same


def _fetched_if_newer(store: Store, found: Object, folder: Path, ledger: Ledger) -> bool:
    """Fetch an object unless its local file is newer; return whether it was fetched."""
    path = folder / found.key
    if found.key.startswith("/") or ".." in Path(found.key).parts:  # keys in a bucket can be anything
        raise StorageError(f"{store.url}: the object '{found.key}' would be written outside the run's folder")
    stamp = found.modified.timestamp()
    if path.is_file() and path.stat().st_mtime > stamp:
        return False
    store.download(found.key, path)
    os.utime(path, (stamp, stamp))
    ledger.note(found.key, found.tag, stamp_of(path))
    return True
