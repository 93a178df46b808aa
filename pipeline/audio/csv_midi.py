"""Read signals from files: a CSV of times and values, or the notes of a MIDI file."""

import csv
import io
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from pipeline.audio.decoding import MAX_SECONDS, extra
from pipeline.audio.onsets import FRAMES
from pipeline.curves.array import Array
from render.errors import InputError
from render.files.bounded import TooLargeError, read_bounded

MAX_BYTES = 20_000_000
MAX_LINES = 400_000  # an hour at a hundred per second has 360,000
MAX_LINE = 100_000  # characters
MAX_READS = 160_000  # of a MIDI file, about four per note: an hour at ten notes per second has 36,000 notes
_EXPECTED = "expected lines of a time in seconds and a value, such as 1.5, 0.25"


def read_csv(path: Path, column: int = 2) -> Array:
    """Read a file with times in its first column as `FRAMES` values per second, interpolated linearly.

    Args:
        column: the column of the values, counted from 1.

    Raises:
        InputError: a line cannot be used. A first line of column names is skipped.
    """
    times: list[float] = []
    values: list[float] = []
    for number, row in _rows(path):
        try:
            time, value = float(row[0]), float(row[column - 1])
        except (ValueError, IndexError) as error:
            if number == 1:
                continue
            raise InputError(f"'{path.name}', line {number}: {_EXPECTED}, got '{','.join(row)[:60]}'") from error
        if not (math.isfinite(value) and 0 <= time <= MAX_SECONDS) or (times and time <= times[-1]):
            raise InputError(
                f"'{path.name}', line {number}: expected a number at a later time than the line before, up to an hour"
            )
        times.append(time)
        values.append(value)
    if not times:
        raise InputError(f"'{path.name}': {_EXPECTED}, got none")
    return np.interp(np.arange(math.ceil(times[-1] * FRAMES) + 1) / FRAMES, times, values)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of every line that is not empty."""
    reader = csv.reader(_lines(path))
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise InputError(f"'{path.name}', line {reader.line_num}: {_EXPECTED} ({error})") from error


def _lines(path: Path) -> Iterator[str]:
    for number, line in enumerate(io.StringIO(_text(path)), start=1):
        if number > MAX_LINES:
            raise InputError(f"'{path.name}', line {number}: expected at most {MAX_LINES:,} lines")
        if (length := len(line)) > MAX_LINE:
            where = f"'{path.name}', line {number}"
            raise InputError(f"{where}: expected at most {MAX_LINE:,} characters, got {length:,}")
        yield line


def read_midi(path: Path, note: int | None = None) -> Array:
    """Read a file as `FRAMES` values per second: the velocity, from 0 to 1, where a note begins, else 0.

    Args:
        note: the MIDI note number, 36 for most kick drums; None for all notes.

    Raises:
        InputError: it is not a MIDI file, or does not contain the note.
    """
    now, hits = 0.0, []
    try:
        for message in _messages(path):
            now += message.time
            if not 0 <= now <= MAX_SECONDS:
                raise InputError(f"'{path.name}': lasts more than an hour")
            if message.type == "note_on" and message.velocity and note in (None, message.note):
                hits.append((now, message.velocity / 127))
    except InputError:
        raise
    except Exception as error:  # mido may raise nearly any exception for a damaged file
        reason = " ".join(str(error).split()[:24])
        raise InputError(f"'{path.name}': cannot be read as MIDI{reason and f' ({reason})'}") from error
    if not hits:
        raise InputError(f"'{path.name}': contains no note{'' if note is None else f' {note}'}")
    values = np.zeros(math.ceil(now * FRAMES) + 2)
    for time, velocity in hits:
        hop = round(time * FRAMES)
        values[hop] = max(values[hop], velocity)
    return values


def _messages(path: Path) -> Iterable[Any]:
    mido = extra("mido")
    with path.open("rb") as file:
        midi = mido.MidiFile(file=_Counted(file, path), clip=True)
    if midi.ticks_per_beat <= 0:  # SMPTE time has its highest bit set
        raise InputError(
            f"'{path.name}', byte 12: the header's division is {midi.ticks_per_beat};"
            " expected ticks per beat, 1 to 32767"
        )
    found: Iterable[Any] = midi
    return found


class _Counted:
    """A file for mido that limits the number of reads: mido reads byte by byte, so this limits the time."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file, self._path, self._left = file, path, MAX_READS

    def read(self, count: int = 1) -> bytes:
        self._left -= 1
        if self._left < 0:
            where = f"'{self._path.name}', byte {self._file.tell()}"
            raise InputError(
                f"{where}: more notes than an hour of music needs; expected at most about {MAX_READS // 4:,}"
            )
        return self._file.read(min(count, MAX_BYTES))

    def tell(self) -> int:
        return self._file.tell()


def _text(path: Path) -> str:
    try:
        return read_bounded(path, MAX_BYTES).decode("utf-8-sig")
    except TooLargeError as error:
        raise InputError(f"'{path.name}': {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"'{path.name}': cannot be read as text") from error
