"""Whether a file that ffmpeg has made is whole, by what its container says."""

import struct
from pathlib import Path

from pipeline.video.recipe import Recipe


def is_whole(path: Path, recipe: Recipe) -> bool:
    """Whether the file is of the kind that was asked for, as far as its outside tells."""
    place, begins = recipe.begins
    with path.open("rb") as file:
        file.seek(place)
        if file.read(len(begins)) != begins:
            return False
    return recipe.options.get("f") not in ("mp4", "mov") or _is_mp4(path)


def _is_mp4(path: Path) -> bool:
    """Whether the file is one chain of boxes up to its end, with an index and pictures in it."""
    kinds = []
    with path.open("rb") as file:
        end = path.stat().st_size
        while (position := file.tell()) < end:
            size, kind = struct.unpack(">I4s", file.read(8).ljust(8, b"\0"))
            if size == 1:
                (size,) = struct.unpack(">Q", file.read(8).ljust(8, b"\0"))
            if size < 8 or position + size > end:
                return False
            kinds.append(kind)
            file.seek(position + size)
    return kinds[:1] == [b"ftyp"] and {b"moov", b"mdat"} <= set(kinds)
