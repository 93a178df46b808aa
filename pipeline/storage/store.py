"""List, get, put and delete the objects below a URL; only this module imports obstore."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.storage.atomic import replacing
from render.errors import InputError, StorageError

if TYPE_CHECKING:
    from obstore.store import ObjectStore, RetryConfig

SCHEMES = ("s3", "gs", "az")
RETRY_SECONDS = 180  # how long the library retries when a bucket does not respond or responds with an error
_URL = re.compile(r"([a-z][a-z0-9+]*)://([^/?#@]+)(/[^?#]*)?")


def is_url(text: str) -> bool:
    return "://" in text


@dataclass(frozen=True, kw_only=True)
class Object:
    """An object in a listing: its key below the URL, when it was written, and the tag of its content."""

    key: str
    modified: datetime
    tag: str | None


class Store:
    """The objects below a URL.

    Raises:
        InputError: the URL is not that of a bucket, or the extra `cloud` is not installed.
    """

    def __init__(self, url: str) -> None:
        match = _URL.fullmatch(url)
        if match is None or match[1] not in SCHEMES or (match[1] == "az" and not (match[3] or "").strip("/")):
            raise InputError(f"{url}: expected s3://bucket/path, gs://bucket/path or az://account/container/path")
        self.url = url.rstrip("/")

    def below(self, name: str) -> "Store":
        return Store(f"{self.url}/{name}")

    @property
    def relative_path(self) -> Path:
        """The URL as a relative path, for a separate local folder."""
        return Path(*(part for part in self.url.replace("://", "/").split("/") if part not in ("", ".", "..")))

    def list(self) -> list[Object]:
        """List all objects below the URL, in no particular order. Raises `StorageError`."""
        import obstore

        with self._translated_errors("listed"):
            return [
                Object(key=str(meta["path"]), modified=meta["last_modified"], tag=_tag(meta["e_tag"]))
                for batch in obstore.list(self._store)
                for meta in batch
            ]

    def download(self, key: str, path: Path) -> int:
        """Download an object to a file atomically; return its size in bytes.

        Raises:
            StorageError: the object cannot be read.
            FileNotFoundError: there is no such object.
        """
        import obstore

        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial, partial.open("wb") as file, self._translated_errors("read", key, missing=True):
            answer = obstore.get(self._store, key)
            written = sum(file.write(chunk) for chunk in answer.stream())
            if written != answer.meta["size"]:
                raise StorageError(f"{self.url}/{key}: received only {written:,} of {answer.meta['size']:,} bytes")
        return written

    def put(self, key: str, data: bytes) -> str | None:
        """Write an object atomically and return its tag. Raises `StorageError`."""
        import obstore

        with self._translated_errors("written", key):
            return _tag(obstore.put(self._store, key, data)["e_tag"])

    def delete(self, key: str) -> None:
        """Remove an object, if it exists. Raises `StorageError`."""
        import obstore

        with suppress(FileNotFoundError), self._translated_errors("removed", key, missing=True):
            obstore.delete(self._store, key)

    @cached_property
    def _store(self) -> "ObjectStore":
        try:
            from obstore.store import from_url
        except ImportError as error:
            raise InputError(f"{self.url}: buckets need another package: pip install '.[cloud]'") from error
        retry: RetryConfig = {"retry_timeout": timedelta(seconds=RETRY_SECONDS)}
        with self._translated_errors("opened"):
            if not self.url.startswith("az:"):
                return from_url(self.url, retry_config=retry)
            account, _, below = self.url.removeprefix("az://").partition("/")  # obstore's az: URLs contain no account
            return from_url(f"az://{below}", account_name=account, retry_config=retry)

    @contextmanager
    def _translated_errors(self, done: str, key: str = "", missing: bool = False) -> Iterator[None]:
        """Convert the library's errors to ours, each of one line: its own may include pages of the server's response.

        Args:
            missing: whether FileNotFoundError is raised for a missing object.
        """
        from obstore.exceptions import BaseError

        try:
            yield
        except FileNotFoundError as error:
            if missing:
                raise
            raise StorageError(f"{self.url}: there is no such bucket; create it first") from error
        except (BaseError, TimeoutError, ConnectionError) as error:
            where = f"{self.url}/{key}" if key else self.url
            raise StorageError(f"{where}: cannot be {done}: {_reason(error)}; finished work is kept") from error


def _tag(written: str | None) -> str | None:
    """Normalise a tag: Azure quotes it in some responses and not in others."""
    return written and written.strip('"')


def _reason(error: Exception) -> str:
    """Return the start of the library's message, without debug output."""
    text = " ".join(str(error).split("Debug source:")[0].split())
    return text[:300] or type(error).__name__
