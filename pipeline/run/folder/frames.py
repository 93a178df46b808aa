"""The frames of a run as PNG files: the record that the video is made from.

Each file carries its frame hash, similarity and the checksum of its pixels in text chunks. So a frame itself says which
schedule it belongs to, and there is no separate index to keep in sync.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.storage import png
from pipeline.storage.atomic import replacing
from render.errors import CheckpointError

if TYPE_CHECKING:
    from torch import Tensor

_UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)  # what Pillow raises for a damaged file
_END = b"\0\0\0\0IEND\xaeB`\x82"

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class FrameRecord:
    """The metadata in a frame file.

    Attributes:
        hash: the chained hash.
        similarity: of the picture to its prompts; None without prompts.
        pixels: SHA-256 of the RGB bytes.
    """

    hash: str
    similarity: float | None
    pixels: str


class FrameFolder:
    """A folder of 000000.png, 000001.png, ..."""

    pattern = "%06d.png"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, index: int) -> Path:
        return self.folder / (self.pattern % index)

    def write(self, index: int, pixels: Pixels, record: FrameRecord, turn: Callable[[], None] | None = None) -> None:
        """Write pixels of shape (H, W, 3); the file appears complete or not at all, and after its `turn`."""
        notes = {"frame_hash": record.hash, "pixels_sha256": record.pixels}
        if record.similarity is not None:
            notes["similarity"] = repr(record.similarity)
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(self.path(index), turn=turn) as partial:
            partial.write_bytes(png.encode(pixels, notes))

    def read(self, index: int) -> Pixels:
        with Image.open(self.path(index)) as image:
            return np.asarray(image.convert("RGB"))

    def present(self) -> list[int]:
        """The numbers of the frame files in the folder, ascending; they may be stale or damaged."""
        names = (path.stem for path in self.folder.glob("*.png"))
        return sorted(int(name) for name in names if name.isdecimal())

    def record(self, index: int) -> FrameRecord | None:
        """The metadata of frame `index`; reads no pixels. None if the file is missing, truncated or not one of ours."""
        try:
            if not self._is_whole(index):
                return None
            with Image.open(self.path(index)) as image:
                notes = dict(image.info)
            similarity = float(notes["similarity"]) if "similarity" in notes else None
            return FrameRecord(hash=str(notes["frame_hash"]), similarity=similarity, pixels=str(notes["pixels_sha256"]))
        except (KeyError, *_UNREADABLE):
            return None

    def verify(self, index: int) -> FrameRecord:
        """Read a frame's pixels, check that they are those that were written, and return its record.

        Raises:
            CheckpointError: the file is missing, damaged, or not one of ours; the message says how to repair it.
        """
        path, advice = self.path(index), repair_hint(index, index + 1)
        if not path.is_file():
            raise CheckpointError(f"{path}: is missing; {advice}")
        record = self.record(index)
        try:
            pixels = self.read(index)
        except _UNREADABLE as error:
            raise CheckpointError(f"{path}: damaged: {error}; {advice}") from error
        if record is None or checksum(pixels) != record.pixels:
            raise CheckpointError(f"{path}: damaged: its checksum does not match its pixels; {advice}")
        return record

    def _is_whole(self, index: int) -> bool:
        """Whether the file reaches its end: the text chunks come first, so a truncated file has them, too."""
        with self.path(index).open("rb") as file:
            file.seek(-len(_END), os.SEEK_END)
            return file.read() == _END


def repair_hint(begin: int, end: int) -> str:
    """How to repair frames `begin` to `end` - 1, for a message."""
    return f"render {'it' if end - begin == 1 else 'them'} again with --frames {begin}:{end}"


def to_pixels(image: "Tensor") -> Pixels:
    """Convert (1, 3, H, W) in [0, 1] to (H, W, 3) bytes; a GPU has done so already, see `render.renderer.staging`.

    Uses numpy, which starts no threads: see `render.renderer.staging.to_host`.
    """
    values = image.cpu().numpy()
    if values.dtype == np.uint8:
        return values
    pixels: Pixels = np.rint(values[0].transpose(1, 2, 0) * 255).astype(np.uint8)
    return pixels


def checksum(pixels: Pixels) -> str:
    """SHA-256 of the RGB bytes."""
    return hashlib.sha256(np.ascontiguousarray(pixels).reshape(-1).data).hexdigest()
