"""Join the curves of consecutive shots to one curve for the whole video."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.curve import Curve


@dataclass(frozen=True, kw_only=True)
class JoinedCurve(Curve):
    """A curve of pieces that begin at the ascending `starts`, in seconds; each piece's clock is 0 at its start.

    `keys` holds the keys of each piece that come before the next piece begins, in times of the whole timeline.
    """

    starts: tuple[float, ...]
    pieces: tuple[Curve, ...]

    @property
    def has_formula(self) -> bool:
        """Always true: the curve may jump where two pieces meet, so it must be integrated numerically."""
        return True

    def mapped(self, step: Callable[[Array], Array]) -> Curve:
        return joined(self.starts, [piece.mapped(step) for piece in self.pieces])

    def _blended(self, wanted: Array) -> Array:
        number = np.clip(np.searchsorted(self.starts, wanted, side="right") - 1, 0, None)
        result = np.empty_like(wanted)
        for piece in np.unique(number):
            inside = number == piece
            result[inside] = self.pieces[piece].sample(wanted[inside] - self.starts[piece])
        return result

    def _corners(self) -> Array:
        corners = [np.array(self.starts)]
        for start, end, piece in zip(self.starts, (*self.starts[1:], np.inf), self.pieces, strict=True):
            own = piece._corners() + start
            corners.append(own[(own > start) & (own < end)])
        return np.unique(np.concatenate(corners))


def joined(starts: Sequence[float], pieces: Sequence[Curve]) -> Curve:
    """Join the pieces to one curve; a plain one if there is only one piece or all are the same constant."""
    if len(pieces) == 1:
        return pieces[0]
    if all(piece.is_constant and piece.keys[0].value == pieces[0].keys[0].value for piece in pieces):
        return Curve.constant(pieces[0].keys[0].value)
    keys = tuple(
        replace(key, time=start + key.time)
        for start, end, piece in zip(starts, (*starts[1:], np.inf), pieces, strict=True)
        for key in piece.keys
        if start + key.time < end
    )
    return JoinedCurve(keys=keys, starts=tuple(starts), pieces=tuple(pieces))
