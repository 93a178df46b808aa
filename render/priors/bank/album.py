"""Read a folder of pictures into a bank; an interrupted run continues where it stopped."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from render.errors import InputError, WeightsError
from render.files.images import load_image
from render.models.model import sha256
from render.priors.bank.building import Builder, cropped
from render.priors.bank.captions import caption
from render.priors.bank.file import write_whole
from render.priors.bank.header import MAX_PICTURES

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif")
_BATCH = 16
_SECONDS_BETWEEN_SAVES = 30.0


def picture_files(folder: Path) -> list[Path]:
    """List the pictures of a folder and of those inside it, by name; hidden ones are left out.

    Raises:
        InputError: there is no such folder, it has no pictures, or too many.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected a folder of pictures")
    found = sorted(_files(folder))
    if not found:
        raise InputError(f"{folder}: has no pictures; looked for {', '.join(SUFFIXES)}")
    if len(found) > MAX_PICTURES:
        raise InputError(f"{folder}: expected at most {MAX_PICTURES:,} pictures, got {len(found):,}")
    return found


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.suffix.lower() in SUFFIXES and path.is_file():
            yield path


class Unfinished:
    """A file that keeps what a builder has collected until the bank is made.

    Args:
        path: where it is; it disappears with `remove`.
    """

    def __init__(self, path: Path, builder: Builder) -> None:
        self._path, self._builder = path, builder
        self.digests: list[str] = []
        self._restore()

    def save(self) -> None:
        """Write what has been collected, atomically. Raises `OSError`."""
        from safetensors.numpy import save

        if not self.digests:
            return
        codes, embeddings, captions = self._builder.collected
        digests = np.frombuffer(bytes.fromhex("".join(self.digests)), np.uint8).reshape(-1, 32)
        said = np.frombuffer(json.dumps(captions).encode(), np.uint8)
        tensors = {"codes": codes, "embeddings": embeddings, "digests": digests, "captions": said}
        write_whole(self._path, save(tensors, {"key": self._builder.key}))

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def _restore(self) -> None:
        """Continue an earlier run with the same models; a file that does not fit is ignored."""
        from safetensors import SafetensorError, safe_open

        if not self._path.is_file():
            return
        try:
            with safe_open(self._path, "numpy") as file:
                same = (file.metadata() or {}).get("key") == self._builder.key
                tensors = {name: file.get_tensor(name) for name in file.keys()} if same else {}  # noqa: SIM118
        except (OSError, SafetensorError, ValueError):
            return
        if "captions" in tensors:
            self.digests = [bytes(row).hex() for row in tensors["digests"]]
            captions = json.loads(tensors["captions"].tobytes())
            self._builder.restore(tensors["codes"], tensors["embeddings"], captions)


def collect(
    files: Sequence[Path],
    builder: Builder,
    unfinished: Unfinished,
    *,
    stop: Callable[[], bool],
    report: Callable[[int], None],
    warn: Callable[[str], None],
) -> bool:
    """Add every picture that is not in the bank yet; the same picture twice counts once.

    Args:
        stop: called before every batch; it ends there if this returns True.
        report: called with the number of files that have been looked at.
        warn: called with one sentence for a picture that cannot be read.

    Returns:
        Whether all files have been looked at.

    Raises:
        OSError: what has been collected cannot be saved.
    """
    known = set(unfinished.digests)
    saved = time.monotonic()
    for begin in range(0, len(files), _BATCH):
        if stop():
            unfinished.save()
            return False
        fresh: dict[str, tuple[Tensor, list[str]]] = {}
        for path in files[begin : begin + _BATCH]:
            try:
                if (digest := sha256(path)) not in known:
                    fresh[digest] = _read(path, builder.size), [caption(path)]
            except (InputError, WeightsError) as error:
                warn(f"left out: {error}")
        if fresh:
            builder.add(torch.cat([picture for picture, _ in fresh.values()]), [said for _, said in fresh.values()])
            unfinished.digests += fresh
            known |= fresh.keys()
        if time.monotonic() - saved > _SECONDS_BETWEEN_SAVES:
            unfinished.save()
            saved = time.monotonic()
        report(min(len(files), begin + _BATCH))
    return True


def _read(path: Path, size: tuple[int, int]) -> Tensor:
    return cropped(torch.from_numpy(load_image(path)).movedim(-1, 0)[None], size)
