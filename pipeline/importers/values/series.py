"""Numbers for every frame, interpolated between keys as other tools do.

All of them interpolate as `pandas.Series.interpolate` does (linear, both directions). They differ in what a value may
be (`keyframe_strings`) and in how they treat a key after the last frame.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.curves.array import Array
from pipeline.importers.values.arithmetic import Arithmetic, UnreadableError

MAX_FRAMES = 200_000
LARGEST = 1e9  # the largest magnitude of a number: no picture moves by more


@dataclass(frozen=True, kw_only=True)
class Piece:
    """An expression that gives the values of the frames from `start` up to `stop`."""

    start: int
    stop: int
    expression: Arithmetic


@dataclass(frozen=True, kw_only=True)
class Series:
    """A number for every frame, the expressions it came from, and notes on how they were read."""

    values: Array
    pieces: tuple[Piece, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_constant(self) -> bool:
        """Whether the number is the same in every frame but the first, which has no previous picture to move."""
        return bool(np.all(self.values[1:] == self.values[-1]))


def constant(value: float, count: int) -> Series:
    return Series(values=np.full(count, float(value)))


def frame_keys(keys: Mapping[Any, Any]) -> dict[int, float]:
    """Convert keys to a map from frame to number. Raises `UnreadableError` for anything else."""
    return {_frame(frame): number_in(value) for frame, value in keys.items()}


def appended(keys: Mapping[int, float], count: int) -> Array:
    """Interpolate between keys; as pandas does, keys after the end are appended right after the last frame."""
    values, beyond = placed(keys, count)
    return interpolated(np.concatenate([values, beyond]))[:count]


def placed(keys: Mapping[int, float], count: int) -> tuple[Array, list[float]]:
    if not keys:
        raise UnreadableError("no keyframe")
    values = np.full(count, np.nan)
    for frame, value in keys.items():
        if 0 <= frame < count:
            values[frame] = value
    return values, [value for frame, value in keys.items() if frame >= count]


def interpolated(values: Array) -> Array:
    """Fill unknown values: linear between known ones, constant before the first and after the last."""
    beyond = np.abs(values) > LARGEST
    if beyond.any():
        raise UnreadableError(f"is beyond {LARGEST:,.0f} at frame {int(beyond.argmax())}")
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        raise UnreadableError("has no value in any frame")
    return np.interp(np.arange(len(values)), known, values[known])


def number_in(value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise UnreadableError(f"expected a number, got '{str(value)[:40]}'")
    return number


def _frame(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise UnreadableError(f"expected a frame, got '{str(value)[:40]}'")
