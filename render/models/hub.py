"""Download from the Hugging Face hub into a partial file, with huggingface_hub's cache, tokens, mirrors and locks."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from render.models.transfer import CONNECT_SECONDS, AddressError, ByteProgress, discard, in_words

_ADDRESS = re.compile(r"hf://([^/@]+/[^/@]+)(?:@([^/]+))?/(.+)")


def from_hub(address: str, partial: Path, progress: ByteProgress, *, offline: bool) -> None:
    """Download `hf://owner/repo[@revision]/path/in/repo` to `partial`, or use the copy in the hub's cache.

    If the file system allows it, `partial` is a hard link to the hub's copy: it takes no space and remains
    when the hub's cache is cleared.

    Raises:
        AddressError: there is no connection or no such file, or it is not in the hub's cache and `offline` is set.
        OSError: the disk is full.
    """
    import httpx2

    if (match := _ADDRESS.fullmatch(address)) is None:
        raise AddressError("expected hf://owner/repo[@revision]/path/in/repo")
    try:
        found = _find(match[1], match[2], match[3], progress, offline=offline)
    except (httpx2.HTTPError, OSError, ValueError, RuntimeError) as error:  # hf_xet raises RuntimeError
        raise AddressError(_status(error) or in_words(error)) from error
    if found is None:
        raise AddressError("not in the cache of huggingface_hub either")
    discard(partial)
    _link_or_copy(found.resolve(), partial)


def from_hub_folder(repository: str, folder: Path, patterns: Sequence[str]) -> None:
    """Download the files of `owner/repo` whose names match `patterns` to `folder`; existing ones are kept.

    The request is made without the user's token, so only public files are fetched.

    Raises:
        AddressError: there is no connection or no such repository.
        OSError: the disk is full.
    """
    import httpx2
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import tqdm

    class Silent(tqdm):  # a few megabytes need no progress bar
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options | {"disable": True})  # type: ignore[no-untyped-call]

    try:
        snapshot_download(repository, local_dir=folder, allow_patterns=list(patterns), tqdm_class=Silent, token=False)
    except (httpx2.HTTPError, OSError, ValueError, RuntimeError) as error:
        raise AddressError(_status(error) or in_words(error)) from error


def _find(repo: str, revision: str | None, name: str, progress: ByteProgress, *, offline: bool) -> Path | None:
    """Return the file's path in the hub's cache, after downloading it if necessary; None if offline and not there."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache

    cached = try_to_load_from_cache(repo, name, revision=revision)
    if offline:
        return Path(cached) if isinstance(cached, str) else None
    if not isinstance(cached, str):  # fails at once without a network; hf_hub_download takes a minute
        get_hf_file_metadata(hf_hub_url(repo, name, revision=revision), timeout=CONNECT_SECONDS)
    return Path(hf_hub_download(repo, name, revision=revision, tqdm_class=_bar(progress)))


def _status(error: Exception) -> str:
    """Return the hub's response status in words, or "" if it did not respond."""
    from huggingface_hub.errors import HfHubHTTPError

    if not isinstance(error, HfHubHTTPError):
        return ""
    code = error.response.status_code
    closed = ": no such repository, or one that needs `hf auth login`" if code in (401, 403) else ""
    return f"HTTP {code} {error.response.reason_phrase}{closed}"


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # a different file system, or one without hard links
        shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _bar(progress: ByteProgress) -> Any:
    """Return a class to use in place of tqdm in huggingface_hub, that reports to `progress`."""

    class Bar:
        def __init__(self, *, total: int | None = None, initial: int = 0, **_: Any) -> None:
            self.n, self.total = initial, total

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, n: int) -> None:
            self.n += n
            progress(self.n, self.total)

        def update_transfer(self, n: int) -> None:  # xet's bytes on the wire, fewer than the file's
            pass

        def set_postfix_str(self, *_: Any, **__: Any) -> None:
            pass

        set_transfer_postfix_str = set_postfix_str

    return Bar
