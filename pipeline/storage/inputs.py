"""Fetch schedules from a bucket, and the files that they name, in the same folder or below it."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import yaml

from pipeline.storage.did_you_mean import SUFFIXES
from pipeline.storage.store import Store
from render.errors import InputError, StorageError

_MAX_FILES = 1000  # named by one schedule


def fetch(url: str, into: Path) -> list[Path]:
    """Download the schedule at a URL, or all schedules of a folder; return their paths below `into`.

    Raises:
        InputError: the URL is not that of a bucket, or there is no schedule at it.
        StorageError: the bucket cannot be read.
    """
    if url.endswith(SUFFIXES):
        above, _, name = url.rpartition("/")
        store, names = Store(above), [name]
    else:
        store = Store(url)
        names = sorted(found.key for found in store.list() if found.key.endswith(SUFFIXES) and "/" not in found.key)
    if not names:
        raise InputError(f"{url}: contains no schedule; expected objects whose names end in {' or '.join(SUFFIXES)}")
    for name in names:
        _fetch(store, name, into / store.relative_path)
    return [into / store.relative_path / name for name in names]


def _fetch(store: Store, name: str, folder: Path) -> None:
    """Fetch a schedule and the files in its folder that it names; missing files are reported when it is read."""
    wanted = [name]
    seen: set[str] = set()
    while wanted and len(seen) < _MAX_FILES:
        key = wanted.pop()
        if key in seen:
            continue
        seen.add(key)
        try:
            store.download(key, folder / key)
        except FileNotFoundError:
            continue
        if key.endswith(SUFFIXES):
            wanted += _file_names(folder / key)
    if not (folder / name).is_file():
        raise StorageError(f"{store.url}/{name}: there is no such object")


def _file_names(path: Path) -> Iterator[str]:
    """Yield every scalar that looks like a file in the schedule's folder or below."""
    try:
        for token in yaml.scan(path.read_text(encoding="utf-8-sig")):
            value = token.value if isinstance(token, yaml.ScalarToken) else ""
            inside = PurePosixPath(value)
            if 0 < len(value) < 200 and inside.suffix and not inside.is_absolute() and ".." not in inside.parts:
                yield str(inside)
    except (yaml.YAMLError, UnicodeDecodeError):
        return  # the loader reports the error
