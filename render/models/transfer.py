"""Download a web address into a partial file, resuming where an earlier attempt stopped.

The client is httpx2 because huggingface_hub depends on it. It is imported only when a file is fetched, so that
listing and checking stay fast.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx2

ByteProgress = Callable[[int, int | None], None]  # bytes so far, total bytes or None

PAUSES = (0.0, 1.0, 2.0, 4.0)  # seconds before a retry, by the number of consecutive attempts without new bytes
CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


class AddressError(Exception):
    """An address does not provide the file; the text says why in a few words. The next address may."""


class _InterruptedError(Exception):
    """The transfer was interrupted; it may be resumed."""


@dataclass(frozen=True, kw_only=True)
class TransferRecord:
    """Where a partial file comes from, stored beside it so that a later process can resume.

    Attributes:
        address: the URL.
        validator: the strong ETag or the date that identifies this version, or "".
        total: total bytes, if the server reported them.
    """

    address: str
    validator: str
    total: int | None

    @staticmethod
    def read(partial: Path) -> TransferRecord | None:
        try:
            return TransferRecord(**json.loads(_beside(partial).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):  # missing or incomplete: the transfer starts over
            return None

    def write(self, partial: Path) -> None:
        _beside(partial).write_text(json.dumps(asdict(self)), encoding="utf-8")


def received(partial: Path) -> tuple[int, int | None]:
    """Return the size of a partial file, and the total bytes if known."""
    record = TransferRecord.read(partial)
    return partial.stat().st_size if partial.exists() else 0, record.total if record else None


def discard(partial: Path) -> None:
    """Remove a partial file and its record."""
    _beside(partial).unlink(missing_ok=True)
    partial.unlink(missing_ok=True)


def from_web(address: str, partial: Path, size: int | None, progress: ByteProgress) -> None:
    """Download `address` to `partial`, which is complete when this returns.

    An existing part of the same version is kept (Range, If-Range). An interrupted transfer is resumed; if the first
    attempt receives nothing at all, it fails at once.

    Args:
        size: total bytes, if known.

    Raises:
        AddressError: there is no connection, no such file, or the response is something else.
        OSError: the disk is full.
    """
    import httpx2

    url = urlsplit(address)
    if url.scheme != "https" and (url.scheme, url.hostname) not in (("http", "localhost"), ("http", "127.0.0.1")):
        raise AddressError("refused, only https:// and hf:// are fetched")
    timeout = httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    headers = {"Accept-Encoding": "identity", "User-Agent": "vqgan-clip-render"}
    tried, most, began = 0, received(partial)[0], False

    def report(done: int, total: int | None) -> None:
        nonlocal began
        began = True
        progress(done, total)

    with httpx2.Client(timeout=timeout, headers=headers, follow_redirects=True) as client:
        while True:
            try:
                return _pull(client, address, partial, size, report)
            except (httpx2.UnsupportedProtocol, httpx2.TooManyRedirects, httpx2.InvalidURL) as error:
                raise AddressError(f"refused, {error}") from error
            except (httpx2.HTTPError, _InterruptedError) as error:
                now = received(partial)[0]
                # A server without Range sends the same bytes again: only new ones count as progress.
                tried, most = (0, now) if now > most else (tried + 1, most)
                if not began or tried == len(PAUSES):
                    raise AddressError(in_words(error)) from error
            time.sleep(PAUSES[tried])


def in_words(error: Exception) -> str:
    """Say why a transfer failed: the text for an `AddressError`."""
    import httpx2

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return "its name cannot be resolved (no network?)"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx2.TimeoutException):
        return "no answer in time"
    if isinstance(error, (httpx2.RemoteProtocolError, httpx2.ReadError)):
        return "the connection was cut"
    return (str(error) or type(error).__name__).splitlines()[0]


def _pull(client: httpx2.Client, address: str, partial: Path, size: int | None, progress: ByteProgress) -> None:
    """Make one request; received bytes are in `partial` even if it is interrupted."""
    have, _ = received(partial)
    record = TransferRecord.read(partial)
    if record is None or record.address != address or not record.validator:
        have, record = 0, None  # without a validator, two versions could be mixed unnoticed
    elif have and have == record.total:
        return
    headers = {"Range": f"bytes={have}-", "If-Range": record.validator} if record and have else {}
    with client.stream("GET", address, headers=headers) as response:
        continues = record is not None and _continues(response, record, have)
        if continues or response.status_code not in (206, 416):
            new = _inspect(response, address, size)
            if not continues:
                have = 0
                discard(partial)  # never overwritten: it may be a link into the hub's cache
                new.write(partial)
            _append(response, partial, have, new.total or size, progress)
            return
    if not headers:
        raise AddressError("the server sent a part that was not requested")
    discard(partial)  # the server has a new version
    _pull(client, address, partial, size, progress)


def _continues(response: httpx2.Response, record: TransferRecord, have: int) -> bool:
    """Whether a response continues a partial file; some servers ignore If-Range and send the range anyway."""
    part = _RANGE.match(response.headers.get("Content-Range", ""))
    if response.status_code != 206 or part is None or _validator(response.headers) not in ("", record.validator):
        return False  # a partial response may omit its date
    return int(part[1]) == have and record.total in (None, int(part[2]))


def _inspect(response: httpx2.Response, address: str, size: int | None) -> TransferRecord:
    """Determine from a response's headers what it sends.

    Raises:
        AddressError: it cannot be the file.
        _InterruptedError: the server cannot send the file now; a retry may succeed.
    """
    status, headers = response.status_code, response.headers
    if status not in (200, 206):
        later = status in (408, 429) or status >= 500
        raise (_InterruptedError if later else AddressError)(f"HTTP {status} {response.reason_phrase}".rstrip())
    if headers.get("Content-Type", "").lower().startswith(("text/html", "application/xhtml")):
        raise AddressError("an HTML page instead of the file: a dead link")
    if headers.get("Content-Encoding", "identity") != "identity":
        raise AddressError("the server compressed it although that was not requested")
    part = _RANGE.match(headers.get("Content-Range", "")) if status == 206 else None
    length = part[2] if part else headers.get("Content-Length")
    if length is None and size is None and headers.get("Transfer-Encoding") != "chunked":
        raise AddressError("the server does not say where the file ends")
    total = None if length is None else int(length)
    if None not in (total, size) and total != size:
        raise AddressError(f"it has {total:,} bytes, expected {size:,}")
    return TransferRecord(address=address, validator=_validator(headers), total=total)


def _append(response: httpx2.Response, partial: Path, have: int, total: int | None, progress: ByteProgress) -> None:
    progress(have, total)
    with partial.open("ab") as file:
        for chunk in response.iter_raw():
            file.write(chunk)
            file.flush()  # waiting processes check the file's size
            have += len(chunk)
            progress(have, total)
        os.fsync(file.fileno())
        if total not in (None, file.tell()):
            raise _InterruptedError(f"{have:,} of {total:,} bytes received")


def _validator(headers: httpx2.Headers) -> str:
    etag = headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else headers.get("Last-Modified", "")


def _beside(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.json")
