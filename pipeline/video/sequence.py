"""An image sequence in one file: an uncompressed ZIP of numbered PNGs with the schedule and the sound.

Everything is in a folder of its own, so that a file extracted inside a run's folder leaves the run alone:

    video/schedule.yaml        as in every other file, with the digests of the models
    video/sequence.json        frames per second, title, and how many pictures there are
    video/sound.wav            24-bit PCM, as long as the pictures; only with music
    video/frames/000000.png    the pictures in the order in which they are shown

PNGs are compressed already, so entries are stored as they are. Time stamps are fixed: the same content gives the same
bytes. The readers may get a file from a stranger. They read the first entries and the end, never the whole directory.

Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3.7 (local file header) and 4.3.14 to 4.3.16 (end of the directory).
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.curves.rates import exact
from pipeline.video.containers.embedded_text import MAX_TEXT
from pipeline.video.recipe import Sound
from render.errors import EncodingError

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

# The first 12 bytes: stored, and with the first time that a ZIP can express.
SIGNATURE = rb"PK\x03\x04.{2}\x00{6}"
_SCHEDULE, _ABOUT, _SOUND = "schedule.yaml", "sequence.json", "sound.wav"
_FPS = re.compile(rb'\s*\{\s*"fps": "([0-9]{1,7})(?:/([0-9]{1,7}))?"')
_FLOAT, _DEEP = 4, 3  # bytes of a sample as it comes, and in the file
_WAV_HEAD = 44  # bytes
_MAX_WAV = 2**32 - 1  # bytes: its lengths have 32 bits
_BLOCK = 1 << 20  # bytes
_ZIP64 = 2**32 - 1  # a length in a header that stands for one of 64 bits in the extra field


@dataclass(frozen=True, kw_only=True)
class ImageSequence:
    """What a sequence says about itself.

    Attributes:
        name: of the folder that everything is in.
        fps: pictures per second.
        count: how many pictures there are.
    """

    name: str
    title: str
    fps: float
    count: int


def write_sequence(
    path: Path, sequence: ImageSequence, schedule: str, sound: Sound | None, pictures: Iterable[bytes]
) -> None:
    """Write the file; memory does not grow with the number of pictures.

    Args:
        schedule: the text to embed.
        sound: as long as the pictures; None without music.
        pictures: every one as a PNG, in the order in which they are shown.

    Raises:
        EncodingError: there are more or fewer pictures than announced, or the sound is too long for a WAV.
        Exception: whatever iterating over `pictures` raised.
    """
    from zipfile import ZipFile  # slow to import, and `render check` does not need it

    about = {"fps": str(exact(sequence.fps)), "title": sequence.title, "frames": sequence.count}
    digits = max(6, len(str(sequence.count - 1)))
    number = 0
    with ZipFile(path, "w") as archive:
        archive.writestr(_entry(sequence, _SCHEDULE), schedule)
        archive.writestr(_entry(sequence, _ABOUT), json.dumps(about, indent=1, ensure_ascii=False) + "\n")
        if sound is not None:
            _write_sound(archive, _entry(sequence, _SOUND), sound)
        for number, png in enumerate(pictures, start=1):
            archive.writestr(_entry(sequence, f"frames/{number - 1:0{digits}d}.png"), png)
    if number != sequence.count:
        raise EncodingError(f"{sequence.name}: got {number} pictures instead of {sequence.count}; the frames are kept")


def _entry(sequence: ImageSequence, name: str) -> "ZipInfo":
    """The header of an entry: stored, with a fixed time and the same rights on every system."""
    from zipfile import ZipInfo

    entry = ZipInfo(f"{sequence.name}/{name}")
    entry.create_system = 3  # Unix
    entry.external_attr = 0o100644 << 16
    return entry


def _write_sound(archive: "ZipFile", entry: "ZipInfo", sound: Sound) -> None:
    import wave

    samples = sound.path.stat().st_size // (_FLOAT * sound.channels)
    entry.file_size = _WAV_HEAD + samples * sound.channels * _DEEP
    if entry.file_size > _MAX_WAV:
        raise EncodingError(f"{entry.filename}: a WAV cannot hold {samples / sound.rate / 3600:.1f} hours of sound")
    with archive.open(entry, "w") as file, wave.open(file, "wb") as wav, sound.path.open("rb") as raw:
        wav.setnchannels(sound.channels)
        wav.setsampwidth(_DEEP)
        wav.setframerate(sound.rate)
        wav.setnframes(samples)  # otherwise the header would have to be corrected afterwards
        while block := raw.read(_BLOCK):
            wav.writeframesraw(_in_24_bits(block))


def _in_24_bits(block: bytes) -> bytes:
    """Little-endian floats in [-1, 1] as signed 24-bit integers; louder samples are clipped."""
    values = np.nan_to_num(np.frombuffer(block, "<f4").astype(np.float64))
    whole = np.rint(values * 2**23).clip(-(2**23), 2**23 - 1).astype("<i4")
    return whole.view(np.uint8).reshape(-1, 4)[:, :_DEEP].tobytes()


def schedules(content: mmap) -> Iterator[bytes]:
    """Yield the schedule of a sequence, if it is one."""
    for name, begin, size in _first_entries(content):
        if name == _SCHEDULE:
            yield content[begin : begin + min(size, MAX_TEXT + 1)]


def lengths(content: mmap) -> tuple[float | None, float]:
    """The lengths in seconds of the pictures (None if there is only one) and of the sound (0 without any).

    Raises:
        ValueError: the file is damaged, or not a sequence.
    """
    entries = {name: (begin, size) for name, begin, size in _first_entries(content)}
    count, whole = _directory(content)
    begin, size = entries.get(_ABOUT, (0, 0))
    fps = _FPS.match(content[begin : begin + min(size, 100)])
    if not whole or fps is None or not int(fps[1]):
        raise ValueError("not a sequence of pictures")
    sound = 0.0
    if _SOUND in entries:
        begin, size = entries[_SOUND]
        sound = (size - _WAV_HEAD) / max(1, _number(content, begin + 28, 4))  # bytes per second
    count -= len(entries)
    return count * int(fps[2] or 1) / int(fps[1]) if count > 1 else None, sound


def is_complete(path: Path) -> bool:
    """Whether the file ends with its directory, and that has the length which it should have."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return _directory(content)[1]


def _first_entries(content: mmap) -> Iterator[tuple[str, int, int]]:
    """Yield the name without its folder, the offset and the length of the entries before the pictures."""
    at = 0
    for _ in range(3):
        name = content[at + 30 : at + 30 + _number(content, at + 26, 2)].decode(errors="replace")
        begin = at + 30 + _number(content, at + 26, 2) + _number(content, at + 28, 2)
        size = _number(content, at + 22, 4)
        if size == _ZIP64:
            size = _number(content, at + 30 + _number(content, at + 26, 2) + 4, 8)
        if content[at : at + 4] != b"PK\3\4" or name.count("/") != 1:
            return
        yield name.partition("/")[2], begin, size
        at = begin + size


def _directory(content: mmap) -> tuple[int, bool]:
    """The number of entries, and whether the directory is where the end of the file says that it is."""
    end = len(content) - 22
    locator = end - 20
    if end < 0 or content[end : end + 4] != b"PK\5\6":
        return 0, False
    if locator >= 0 and content[locator : locator + 4] == b"PK\6\7":  # ZIP64
        end = _number(content, locator + 8, 8)
        count, size, begin = (_number(content, end + at, 8) for at in (32, 40, 48))
    else:
        count, size, begin = (_number(content, end + at, width) for at, width in ((10, 2), (12, 4), (16, 4)))
    return count, begin + size == end and content[begin : begin + 4] == b"PK\1\2"


def _number(content: mmap, at: int, width: int) -> int:
    """The little-endian number of `width` bytes; 0 past the end of the file."""
    return int.from_bytes(content[at : at + width], "little")
