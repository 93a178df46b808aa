"""What is heard when: a video's sound in pieces, each a stretch of a file, or silence."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

RATE = 48_000


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of a video's sound; it begins where the piece before it ends, the first one at 0.

    Attributes:
        until: when it ends in the video, in seconds.
        path: of the file that is heard; None for silence.
        clip: whether it is the sound of a clip, whose time 0 is when its first picture is shown, instead of a track,
            whose time 0 is its first sample.
        start: the time in the file at which the piece begins, in seconds.
        stop: the time in the file after which it is silent, or begins again; None for the end of the file.
        again: the time in the file at which it begins again whenever it has reached `stop`; None if it does not.
        speed: how fast it plays, with the pitch kept; above 0.
    """

    until: float
    path: str | None = None
    clip: bool = False
    start: float = 0.0
    stop: float | None = None
    again: float | None = None
    speed: float = 1.0

    def after(self, seconds: float) -> float:
        """The time in the file that is heard `seconds` after the piece has begun."""
        at = self.start + seconds * self.speed
        if self.stop is None or self.again is None or at < self.stop:
            return at
        return self.again + (at - self.stop) % (self.stop - self.again)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A part of a piece without a break: `count` samples that begin at `start` seconds of its file, or are silent."""

    piece: Piece
    start: float
    count: int
    silent: bool = False


def joined(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """The pieces, with those that only go on made one with the piece before, so that no sample is lost between."""
    found: list[Piece] = []
    begin = 0.0
    for piece in pieces:
        before = found[-1] if found else None
        if before is not None and _goes_on(before, piece, begin):
            found[-1] = replace(before, until=piece.until)
            continue
        begin = before.until if before is not None else 0.0
        found.append(piece)
    return tuple(found)


def _goes_on(before: Piece, piece: Piece, begin: float) -> bool:
    if before.path is None or piece.path is None:
        return before.path == piece.path
    alike = replace(piece, until=before.until, start=before.start) == before
    return alike and abs(before.after(before.until - begin) - piece.start) < 2 / RATE


def runs(pieces: Iterable[Piece], seconds: float) -> Iterator[Run]:
    """The first `seconds` of the pieces, in runs; silence follows the last piece.

    Times are rounded to samples only here, each for itself, so that nothing drifts.
    """
    at, end = 0, round(seconds * RATE)
    for piece in pieces:
        until = round(min(piece.until, seconds) * RATE)
        if until > at:
            yield from _runs(piece, until - at)
            at = until
    if end > at:
        yield Run(piece=Piece(until=seconds), start=0.0, count=end - at, silent=True)


def _runs(piece: Piece, wanted: int) -> Iterator[Run]:
    if piece.path is None or piece.stop is None:
        yield Run(piece=piece, start=piece.start, count=wanted, silent=piece.path is None)
        return
    written, start, end = 0, piece.start, max(0.0, piece.stop - piece.start) / piece.speed
    while written < wanted:
        until = min(wanted, max(written, round(end * RATE)))
        if until > written:
            yield Run(piece=piece, start=start, count=until - written)
            written = until
        if piece.again is None or piece.stop - piece.again < 1 / RATE:
            break
        start = piece.again
        end += (piece.stop - piece.again) / piece.speed
    if written < wanted:
        yield Run(piece=piece, start=0.0, count=wanted - written, silent=True)
