"""Cut the sound of a video out of tracks and clips, exact to the sample."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np

from pipeline.audio.pieces import RATE, Piece, Run, runs
from pipeline.audio.samples import FLOAT, channels_of, stretch, write_samples
from pipeline.storage.atomic import named_partial
from render.errors import InputError, RunError

T = TypeVar("T")

_BLOCK = 1 << 18  # samples


@contextmanager
def cut(pieces: Sequence[Piece], seconds: float, beside: Path, repeat: int = 1) -> Iterator[tuple[Path, int]]:
    """Yield a temporary file with the raw samples of pieces, and its number of channels.

    Samples are little-endian floats, `RATE` per second. If all files are mono it is mono, else stereo. Where nothing is
    heard it is silent, so it always has the requested length.

    Args:
        seconds: its length.
        beside: the file that will use it; the temporary files are in the same folder.
        repeat: how often all of it is repeated.

    Raises:
        RunError: a file can no longer be read.
    """
    raw = named_partial(beside.with_suffix(".f32"))
    parts: list[Path] = []
    try:
        with raw.open("wb") as file:
            channels = _write([*runs(pieces, seconds)], raw, parts, file)
        for part in parts:
            part.unlink()
        _repeat(raw, repeat)
        yield raw, channels
    finally:
        for file_left in (raw, *parts):
            file_left.unlink(missing_ok=True)


def _repeat(raw: Path, times: int) -> None:
    size = raw.stat().st_size
    with raw.open("rb") as once, raw.open("ab") as file:
        for _ in range(times - 1):
            once.seek(0)
            left = size
            while left and (block := once.read(min(left, 1 << 20))):
                file.write(block)
                left -= len(block)


@dataclass(frozen=True)
class _Source:
    """What is decoded once for all runs that use it: a file, or a stretch of one at another speed."""

    path: str
    clip: bool
    speed: float = 1.0
    start: float = 0.0
    stop: float = 0.0

    @staticmethod
    def of(run: Run) -> "_Source":
        piece = run.piece
        assert piece.path is not None
        if piece.speed == 1:
            return _Source(piece.path, piece.clip)
        stop = piece.stop if piece.stop is not None else run.start + (run.count / RATE + 1) * piece.speed
        return _Source(piece.path, piece.clip, piece.speed, run.start, stop)

    def first(self, run: Run) -> int:
        """The number of the run's first sample in it."""
        return round(run.start * RATE) if self.speed == 1 else 0


def _write(wanted: Sequence[Run], beside: Path, parts: list[Path], file: BinaryIO) -> int:
    """Write all runs; return the number of channels. The names of temporary files are added to `parts`."""
    heard = [run for run in wanted if not run.silent]
    sources = [*dict.fromkeys(map(_Source.of, heard))]
    known = {source: _of(source, channels_of) for source in sources}
    channels = max(known.values(), default=1)
    decoded: dict[_Source, tuple[Path, int]] = {}
    for source in sources:
        parts += [named_partial(beside, f"-{len(parts) + number}") for number in range(2)]
        mine = [run for run in heard if _Source.of(run) == source]
        decoded[source] = _decoded(source, mine, known[source], parts[-2], parts[-1])
    for run in wanted:
        if run.silent:
            file.seek(run.count * channels * FLOAT, 1)
            continue
        source = _Source.of(run)
        raw, first = decoded[source]
        _copy(raw, source.first(run) - first, run.count, known[source], channels, file)
    file.truncate()
    return channels


def _decoded(source: _Source, mine: Sequence[Run], channels: int, raw: Path, slower: Path) -> tuple[Path, int]:
    """Decode as much of a source as its runs use; return the file and the number of its first sample."""
    first, last = round(source.start * RATE), round(source.stop * RATE)
    if source.speed == 1:
        first = min(source.first(run) for run in mine)
        last = max(source.first(run) + run.count for run in mine)
    with raw.open("wb") as file:
        _of(source, lambda path: write_samples(path, source.clip, first, last, file, channels))
    slower.touch()
    if source.speed == 1:
        return raw, first
    with raw.open("rb") as plain, slower.open("wb") as file:
        stretch(plain, channels, source.speed, file)
    return slower, 0


def _copy(raw: Path, first: int, count: int, have: int, channels: int, file: BinaryIO) -> None:
    """Append samples of a file; past its end, silence."""
    end = file.tell() + count * channels * FLOAT
    with raw.open("rb") as samples:
        samples.seek(first * have * FLOAT)
        while count and (block := samples.read(min(count, _BLOCK) * have * FLOAT)):
            count -= len(block) // (have * FLOAT)
            file.write(block if have == channels else np.repeat(np.frombuffer(block, "<f4"), channels).tobytes())
    file.seek(end)


def _of(source: _Source, do: Callable[[Path], T]) -> T:
    """Do something with the file of a source. Raises `RunError` if it cannot be read."""
    try:
        return do(Path(source.path))
    except InputError as error:
        raise RunError(f"{'source' if source.clip else 'music'}: {error}; the frames are kept") from error
