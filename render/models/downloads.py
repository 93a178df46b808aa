"""Download models' files into the cache: once, atomically, and checked against their first version from then on.

Beside `NAME` are `NAME.sha256` (its digest at first use, in sha256sum's format) and `NAME.lock`, and
`NAME.partial` during a download. No torch here.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from render.errors import DownloadError
from render.models.hub import from_hub
from render.models.transfer import AddressError, discard, from_web, received

Progress = Callable[[str, int, int | None], None]  # file name, bytes so far, total bytes or None

WAIT_SECONDS = 0.5  # between checks of another process's progress
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|script)\b", re.IGNORECASE | re.DOTALL
)
_RECORD = re.compile(r"# size (\d+) mtime_ns (\d+)\n([0-9a-f]{64})  [^\n]+\n")
_ADVICE = """
Put a file that you have by hand at {path}, or write its path into the schedule, as in \
models: {{latent: {{config: ..., checkpoint: ...}}}}, if docs/models.md says so for its kind of model"""


@dataclass(frozen=True, kw_only=True)
class Download:
    """One file of a model and its possible sources.

    Attributes:
        name: the file's name in the cache folder, such as `imagenet-f16-16384.ckpt`.
        addresses: tried in order: `https://...` or `hf://owner/repo[@revision]/path/in/repo`; a suffix
            `#sha256=...` gives the file's SHA-256 or the beginning of it.
        size: bytes, if known.
        sha256: in hexadecimal, if known; else recorded at first use and checked from then on.
    """

    name: str
    addresses: tuple[str, ...]
    size: int | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        if self.name in ("", ".", "..") or re.search(r"[/\\:\0]", self.name):
            raise DownloadError(f"{self.name!r} is not a name for a file in the cache")


class _ContentError(Exception):
    """The content of a file is not what was expected; the text says why."""


def cache_folder() -> Path:
    """Return the folder for models' files: `RENDER_CACHE`, else in the platform's cache folder."""
    if named := os.environ.get("RENDER_CACHE"):
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_cache_path("vqgan-clip-render", appauthor=False)


def offline_wanted() -> bool:
    """Whether `HF_HUB_OFFLINE` forbids network access, parsed as huggingface_hub parses it."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def fetch(download: Download, folder: Path, *, offline: bool, progress: Progress) -> Path:
    """Return the path of the file in `folder`, downloaded if it is missing, and checked in any case.

    If several processes need it at once, one downloads it; the others wait and report its progress. After
    a lost connection, a kill or a full disk, the partial file is kept and the next call resumes it.

    Args:
        offline: open no socket; `HF_HUB_OFFLINE` has the same effect.

    Raises:
        DownloadError: no address provides the file, its content is wrong, or it cannot be stored.
    """
    path = folder / download.name
    offline = offline or offline_wanted()
    try:
        if not _is_as_recorded(path, download):
            folder.mkdir(parents=True, exist_ok=True)
            with locked(download, folder, progress):
                if path.exists():
                    _accept(path, path, download)
                else:
                    _download(download, path, offline, progress)
    except _ContentError as error:
        raise DownloadError(f"{path}: {error}; remove the file to have it fetched again") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise DownloadError(f"{path}: cannot be stored: {reason}; the next run resumes from there") from error
    return path


def _download(download: Download, path: Path, offline: bool, progress: Progress) -> None:
    partial = _beside(path, "partial")
    reasons = []
    for address in download.addresses:
        try:
            _receive(address, partial, download, offline, progress)
            return _accept(partial, path, download, _sha256_in(address))
        except AddressError as error:
            reasons.append(f"{address}: {error}")
        except _ContentError as error:
            discard(partial)
            reasons.append(f"{address}: {error}")
    message = "\n  ".join([f"{download.name} could not be fetched:", *reasons])
    if offline:
        message = f"{download.name} is not in the cache, and offline mode forbids downloading it."
    raise DownloadError(message + _ADVICE.format(path=path))


def _receive(address: str, partial: Path, download: Download, offline: bool, progress: Progress) -> None:
    def report(done: int, total: int | None) -> None:
        progress(download.name, done, total)

    if address.startswith("hf://"):
        from_hub(address, partial, report, offline=offline)
    elif offline:
        raise AddressError("not tried, since offline")
    else:
        from_web(address, partial, download.size, report)


@contextmanager
def locked(download: Download, folder: Path, progress: Progress, purpose: str = "lock") -> Iterator[None]:
    """Hold the lock of a file in `folder`; while waiting for another process's lock, report its download."""
    from filelock import FileLock, Timeout

    path = folder / download.name
    lock = FileLock(_beside(path, purpose))
    while not lock.is_locked:
        try:
            lock.acquire(timeout=WAIT_SECONDS)
        except Timeout:
            done, total = received(_beside(path, "partial"))
            progress(download.name, done, total or download.size)
    try:
        yield
    finally:
        lock.release()


def _is_as_recorded(path: Path, download: Download) -> bool:
    """Whether the file was checked before and not changed since: hashing a gigabyte takes seconds."""
    record = _read_record(path)
    if record is None or not path.is_file():
        return False
    size, mtime_ns, digest = record
    stat = path.stat()
    return (stat.st_size, stat.st_mtime_ns) == (size, mtime_ns) and download.sha256 in (None, digest)


def _sha256_in(address: str) -> str:
    return urlsplit(address).fragment.removeprefix("sha256=")


def _accept(found: Path, path: Path, download: Download, expected_start: str = "") -> None:
    """Check the file `found`, record its digest, and move it to `path`. Raises `_ContentError`."""
    stat = found.stat()
    if download.size not in (None, stat.st_size):
        raise _ContentError(f"it has {stat.st_size:,} bytes, expected {download.size:,}")
    with found.open("rb") as file:
        if stat.st_size == 0 or _HTML.match(file.read(4096)):
            raise _ContentError("it is an HTML page: a dead link" if stat.st_size else "it is empty")
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    record = _read_record(path)
    wanted = download.sha256 or expected_start
    if not digest.startswith(wanted):
        raise _ContentError(f"its SHA-256 is {digest}, expected {wanted}")
    if download.sha256 is None and record is not None and record[2] != digest:
        raise _ContentError(
            f"its content changed: SHA-256 {digest}, was {record[2]} at first use"
            f" (remove {path.name}.sha256 to accept it)"
        )
    _write_record(path, stat, digest)
    if found != path:
        found.replace(path)
        discard(found)


def _read_record(path: Path) -> tuple[int, int, str] | None:
    """Return size, modification time in ns and SHA-256 of the file when it was last checked; None if unknown."""
    place = _beside(path, "sha256")
    if not place.exists():
        return None
    match = _RECORD.fullmatch(place.read_text(encoding="utf-8", errors="replace"))
    if match is None:
        raise DownloadError(f"{place}: damaged; remove it to accept the file as it is now")
    return int(match[1]), int(match[2]), match[3]


def _write_record(path: Path, stat: os.stat_result, digest: str) -> None:
    new = _beside(path, "sha256.new")
    with new.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"# size {stat.st_size} mtime_ns {stat.st_mtime_ns}\n{digest}  {path.name}\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(_beside(path, "sha256"))


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.name}.{what}")
