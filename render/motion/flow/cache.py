"""Keep found motion on disk, by what it was found in: a second render finds none anew.

A file per pair of pictures, `KEY.flow`, in the folder of models' files: the SHA-256 of the rest, then the motion.
Several processes may use it at once: files are replaced as a whole, and a damaged or missing one is found anew.
"""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from render.files.bounded import TooLargeError, read_bounded
from render.motion.flow.found import DamagedError, Found, unpacked

LIMIT = 2_000_000_000  # bytes of all files
_EVERY = 100  # files written between two checks of the limit
_DIGEST = 32


class Cache:
    """Found motion in a folder, of at most `limit` bytes, a few files more for a while; the oldest used go first."""

    def __init__(self, folder: Path, limit: int = LIMIT, every: int = _EVERY) -> None:
        self._folder = folder
        self._limit = limit
        self._every = every
        self._written = 0

    def get(self, key: str, size: tuple[int, int]) -> Found | None:
        """Return what is stored under a key, for (width, height) cells; None if there is nothing, or it is damaged."""
        path = self._path(key)
        try:
            data = read_bounded(path, _DIGEST + 16 * size[0] * size[1] + 1000)
            if hashlib.sha256(data[_DIGEST:]).digest() != data[:_DIGEST]:
                return None
            kept = unpacked(data[_DIGEST:], size)
        except (OSError, TooLargeError, DamagedError):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return kept

    def put(self, key: str, motion: Found) -> None:
        """Store motion under a key. A folder that cannot be written to makes the next render slower, no more."""
        data = motion.packed()
        path = self._path(key)
        partial = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                partial.write_bytes(hashlib.sha256(data).digest() + data)
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)
        except OSError:
            return
        if self._written % self._every == 0:
            self._shrink()
        self._written += 1

    def _path(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}.flow"

    def _shrink(self) -> None:
        """Remove the oldest files while all are larger than the limit; partial ones of killed processes as well."""
        found = []
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.endswith(".flow") or ".flow." in entry.name:
                    with contextlib.suppress(OSError):  # another process has removed it
                        found.append((entry.stat().st_mtime_ns, entry.stat().st_size, entry.path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self._limit:
                return
            with contextlib.suppress(OSError):
                Path(path).unlink()
            total -= size
