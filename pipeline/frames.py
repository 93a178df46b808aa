"""The frames of a run as PNG files: the record that the video is made from.

Each file carries its frame hash and similarity in text chunks, so a frame says itself which
schedule it belongs to; nothing else has to be kept in step with it.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from pipeline.atomic import replacing

_END = b"\0\0\0\0IEND\xaeB`\x82"

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class FrameRecord:
    """What a frame file says of itself: its chained hash, and its similarity (None without prompts)."""

    hash: str
    similarity: float | None


class FrameFolder:
    """A folder of 000000.png, 000001.png, ..."""

    pattern = "%06d.png"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, index: int) -> Path:
        return self.folder / (self.pattern % index)

    def write(self, index: int, pixels: Pixels, record: FrameRecord) -> None:
        """Write (H, W, 3) pixels; the file appears whole or not at all."""
        notes = PngImagePlugin.PngInfo()
        notes.add_text("frame_hash", record.hash)
        if record.similarity is not None:
            notes.add_text("similarity", repr(record.similarity))
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(self.path(index)) as partial:
            Image.fromarray(pixels).save(partial, pnginfo=notes)

    def read(self, index: int) -> Pixels:
        with Image.open(self.path(index)) as image:
            return np.asarray(image.convert("RGB"))

    def _is_whole(self, index: int) -> bool:
        """Whether the file reaches its end: the notes stand at the front, so a torn file has them, too."""
        with self.path(index).open("rb") as file:
            file.seek(-len(_END), os.SEEK_END)
            return file.read() == _END

    def record(self, index: int) -> FrameRecord | None:
        """What frame `index` says of itself; None where it is missing or not one of ours."""
        try:
            if not self._is_whole(index):
                return None
            with Image.open(self.path(index)) as image:
                notes = dict(image.info)
            similarity = float(notes["similarity"]) if "similarity" in notes else None
            return FrameRecord(hash=str(notes["frame_hash"]), similarity=similarity)
        except (OSError, SyntaxError, KeyError, ValueError):
            return None
