"""Signals that come from files of numbers and notes: a CSV of times and values, the notes of a MIDI file."""

import csv
import io
import math
from pathlib import Path

import numpy as np

from pipeline.audio.decoding import MAX_SECONDS, extra
from pipeline.audio.onsets import FRAMES
from pipeline.easings import Array
from render.errors import InputError

MAX_BYTES = 20_000_000
_EXPECTED = "expected lines of a time in seconds and a value, such as 1.5, 0.25"


def read_csv(path: Path, column: int = 2) -> Array:
    """`FRAMES` values a second of a file with times in its first column, straight lines between them.

    Args:
        column: where the values stand, counted from 1.

    Raises:
        InputError: there is a line that cannot be used; a first line of names may stand.
    """
    times: list[float] = []
    values: list[float] = []
    for number, row in enumerate(csv.reader(io.StringIO(_text(path))), start=1):
        if not any(cell.strip() for cell in row):
            continue
        try:
            time, value = float(row[0]), float(row[column - 1])
        except (ValueError, IndexError) as error:
            if number == 1:
                continue
            raise InputError(f"'{path.name}', line {number}: {_EXPECTED}, got '{','.join(row)[:60]}'") from error
        if not (math.isfinite(value) and 0 <= time <= MAX_SECONDS) or (times and time <= times[-1]):
            raise InputError(f"'{path.name}', line {number}: expected a later time than before, up to an hour")
        times.append(time)
        values.append(value)
    if not times:
        raise InputError(f"'{path.name}': {_EXPECTED}, got none")
    return np.interp(np.arange(math.ceil(times[-1] * FRAMES) + 1) / FRAMES, times, values)


def read_midi(path: Path, note: int | None = None) -> Array:
    """`FRAMES` values a second: the velocity of every note that begins, from 0 to 1, else 0.

    Args:
        note: its number, 36 for most kick drums; None for all.

    Raises:
        InputError: it is no MIDI file, or the note does not occur.
    """
    mido = extra("mido")
    now, hits = 0.0, []
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"'{path.name}': more than {MAX_BYTES:,} bytes")
        for message in mido.MidiFile(str(path), clip=True):
            now += message.time
            if message.type == "note_on" and message.velocity and note in (None, message.note):
                hits.append((now, message.velocity / 127))
    except (OSError, EOFError, ValueError, IndexError, KeyError, TypeError) as error:
        raise InputError(f"'{path.name}': is no MIDI file that can be read") from error
    if not hits:
        raise InputError(f"'{path.name}': {'no note' if note is None else f'note {note}'} begins in it")
    if now > MAX_SECONDS:
        raise InputError(f"'{path.name}': lasts longer than an hour")
    values = np.zeros(math.ceil(now * FRAMES) + 2)
    for time, velocity in hits:
        hop = round(time * FRAMES)
        values[hop] = max(values[hop], velocity)
    return values


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise InputError(f"'{path.name}': more than {MAX_BYTES:,} bytes")
        return raw.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"'{path.name}': is no text that can be read") from error
