"""Fetch schedules from a bucket, and the files that they name, one by one or by patterns, in its folder or below."""

import fnmatch
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import yaml

from pipeline.storage.did_you_mean import SUFFIXES
from pipeline.storage.store import Store
from render.errors import InputError, StorageError

_MAX_FILES = 1000  # named by one schedule
_MAX_MATCHES = 20_000  # files of all patterns in it
_NUMBER = re.compile(r"%(?:0?[0-9]{1,2})?d")  # of a pattern such as frames/%04d.png


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
    count = 0
    while wanted and len(seen) < _MAX_FILES:
        key = wanted.pop()
        if key in seen:
            continue
        seen.add(key)
        if "*" in _NUMBER.sub("*", PurePosixPath(key).name):
            matches = _matches(store, key)
            if (count := count + len(matches)) > _MAX_MATCHES:
                raise StorageError(f"{store.url}/{name}: its patterns name more than {_MAX_MATCHES:,} files")
            for match in matches:
                store.download(match, folder / match)
            continue
        try:
            store.download(key, folder / key)
        except FileNotFoundError:
            continue
        if key.endswith(SUFFIXES):
            wanted += _file_names(folder / key)
    if not (folder / name).is_file():
        raise StorageError(f"{store.url}/{name}: there is no such object")


def _matches(store: Store, pattern: str) -> list[str]:
    """The objects that a pattern such as frames/*.png or frames/%04d.png names, all of them in one folder."""
    place = PurePosixPath(pattern)
    names = _NUMBER.sub("*", place.name)
    above = "" if str(place.parent) == "." else str(place.parent)
    listed = (store.below(above) if above else store).list()
    found = [item.key for item in listed if "/" not in item.key and fnmatch.fnmatchcase(item.key, names)]
    return [f"{above}/{key}" if above else key for key in sorted(found)]


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
