"""The kinds of files that videos are stored in, and whether a finished file is whole, by what its container says."""

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from mmap import mmap
from pathlib import Path

Options = Mapping[str, str | int | float]
_HEAD = 12  # bytes at the start of a file that tell its kind


@dataclass(frozen=True, kw_only=True)
class EmbeddedText:
    """How a text gets into a container that ffmpeg writes none into, and out of it again.

    Attributes:
        write: adds a text to a finished file.
        read: yields the texts in the content of a file, damaged or not, as UTF-8.
    """

    write: Callable[[Path, str], None]
    read: Callable[[mmap], Iterator[bytes]]


@dataclass(frozen=True, kw_only=True)
class Container:
    """A kind of file.

    Attributes:
        name: for people.
        suffix: of the file, with its dot.
        muxer: as ffmpeg calls it.
        signature: a pattern for the first 12 bytes of every such file.
        options: of the muxer.
        demuxer: the options by which ffmpeg reads it back. They name the demuxer, so that a file that claims to be
            something else is not opened as that.
        subtitle_codec: for subtitles that can be switched on; "" where it holds none.
        is_complete: whether a file with the right signature reaches its end.
        text: how it holds a text; None where ffmpeg writes it as metadata.
        durations: reads the durations of all pictures in milliseconds, where not every ffmpeg can.
    """

    name: str
    suffix: str
    muxer: str
    signature: bytes
    options: Options = field(default_factory=dict)
    demuxer: tuple[str, ...]
    subtitle_codec: str = ""
    is_complete: Callable[[Path], bool] = lambda path: True
    text: EmbeddedText | None = None
    durations: Callable[[bytes], list[int]] | None = None

    def fits(self, path: Path) -> bool:
        """Whether the file starts as all of this kind do. Raises `OSError`."""
        with path.open("rb") as file:
            return re.match(self.signature, file.read(_HEAD), re.DOTALL) is not None

    def is_whole(self, path: Path) -> bool:
        """Whether the file is of this kind and complete, without decoding it. Raises `OSError`."""
        return self.fits(path) and self.is_complete(path)


def _has_all_boxes(path: Path) -> bool:
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


MP4 = Container(
    name="MP4",
    suffix=".mp4",
    muxer="mp4",
    signature=b".{4}ftyp",
    options={"movflags": "+faststart"},
    demuxer=("-f", "mov"),
    subtitle_codec="mov_text",
    is_complete=_has_all_boxes,
)
MOV = Container(
    name="MOV",
    suffix=".mov",
    muxer="mov",
    signature=b".{4}ftyp",
    demuxer=("-f", "mov"),
    subtitle_codec="mov_text",
    is_complete=_has_all_boxes,
)
WEBM = Container(
    name="WebM",
    suffix=".webm",
    muxer="webm",
    signature=rb"\x1aE\xdf\xa3",
    demuxer=("-f", "matroska"),
    subtitle_codec="webvtt",
)
MKV = Container(
    name="MKV",
    suffix=".mkv",
    muxer="matroska",
    signature=rb"\x1aE\xdf\xa3",
    demuxer=("-f", "matroska"),
    subtitle_codec="subrip",
)
