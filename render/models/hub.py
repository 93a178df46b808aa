"""From the Hugging Face hub into a partial file: by huggingface_hub, with its own cache, tokens, mirrors and locks."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from render.models.transfer import CONNECT_SECONDS, AddressError, Heard, discard, in_words

_ADDRESS = re.compile(r"hf://([^/@]+/[^/@]+)(?:@([^/]+))?/(.+)")


def from_hub(address: str, partial: Path, heard: Heard, *, offline: bool) -> None:
    """Bring `hf://owner/repo[@revision]/path/in/repo` into `partial`, from the hub's cache if it lies there.

    Where the file system allows it, `partial` is a hard link to the hub's copy: it costs no space
    and stays when the hub's cache is cleared.

    Raises:
        AddressError: no connection, no such file, or offline and not in the hub's cache.
        OSError: the disk is full.
    """
    import httpx2

    if (match := _ADDRESS.fullmatch(address)) is None:
        raise AddressError("expected hf://owner/repo[@revision]/path/in/repo")
    try:
        found = _find(match[1], match[2], match[3], heard, offline=offline)
    except (httpx2.HTTPError, OSError, ValueError, RuntimeError) as error:  # hf_xet raises RuntimeError
        raise AddressError(_status(error) or in_words(error)) from error
    if found is None:
        raise AddressError("not in the cache of huggingface_hub either")
    discard(partial)
    _link_or_copy(found.resolve(), partial)


def from_hub_folder(repository: str, folder: Path, patterns: Sequence[str]) -> None:
    """Bring the files of `owner/repo` whose names match into `folder`; those that are there are kept.

    The repository is asked without the user's token: what is fetched so is public.

    Raises:
        AddressError: no connection, no such repository.
        OSError: the disk is full.
    """
    import httpx2
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import tqdm

    class Silent(tqdm):  # a few megabytes need no bar
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options | {"disable": True})  # type: ignore[no-untyped-call]

    try:
        snapshot_download(repository, local_dir=folder, allow_patterns=list(patterns), tqdm_class=Silent, token=False)
    except (httpx2.HTTPError, OSError, ValueError, RuntimeError) as error:
        raise AddressError(_status(error) or in_words(error)) from error


def _find(repo: str, revision: str | None, name: str, heard: Heard, *, offline: bool) -> Path | None:
    """Where the hub's cache has the file, after a download if that is wanted."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache

    cached = try_to_load_from_cache(repo, name, revision=revision)
    if offline:
        return Path(cached) if isinstance(cached, str) else None
    if not isinstance(cached, str):  # without a network this fails at once, hf_hub_download after a minute
        get_hf_file_metadata(hf_hub_url(repo, name, revision=revision), timeout=CONNECT_SECONDS)
    return Path(hf_hub_download(repo, name, revision=revision, tqdm_class=_bar(heard)))


def _status(error: Exception) -> str:
    """What the hub answered, or "" if it did not."""
    from huggingface_hub.errors import HfHubHTTPError

    if not isinstance(error, HfHubHTTPError):
        return ""
    code = error.response.status_code
    closed = ": no such repository, or one that needs `hf auth login`" if code in (401, 403) else ""
    return f"HTTP {code} {error.response.reason_phrase}{closed}"


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _bar(heard: Heard) -> Any:
    """A class that huggingface_hub takes for tqdm's; what it would draw is told to `heard`."""

    class Bar:
        def __init__(self, *, total: int | None = None, initial: int = 0, **_: Any) -> None:
            self.n, self.total = initial, total

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, n: int) -> None:
            self.n += n
            heard(self.n, self.total)

        def update_transfer(self, n: int) -> None:  # of xet: bytes on the wire, fewer than those of the file
            pass

        def set_postfix_str(self, *_: Any, **__: Any) -> None:
            pass

        set_transfer_postfix_str = set_postfix_str

    return Bar
