"""`motion.shake`: the camera shakes by noise whose frequencies end at a given speed.

The path is a sum of sine waves in the three octaves below that speed, equally strong in each, as in pink noise. In a
loop every wave is rounded to a whole number of swings, so the path closes. It is a function of time alone: another
frame rate samples the same path.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.curves.array import Array
from pipeline.curves.curve import Curve, Keyframe
from pipeline.curves.functions import uniform
from pipeline.curves.joined import joined
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.formulas import when
from pipeline.schedule.fields.keyframes import curve
from pipeline.schedule.fields.quantities import number, share_from
from pipeline.schedule.fields.readers import read_map, setting_readers
from pipeline.schedule.fields.shapes import described, section, setting, settings

Complex = NDArray[np.complex128]

OCTAVES, NUM_WAVES = 3, 16
TURN = 0.5  # radians for an amount of 1, so at 16:9 a turn moves the corners half as far as a shift
_FIRST = 2**50  # of the random numbers, far from those that noise() and rand() use
_ABOUT = "the camera shakes: it strays from its path and returns, seeded"


@dataclass(frozen=True, kw_only=True)
class Shake:
    """How the camera shakes.

    Attributes:
        parts: the start in seconds and the seed of every shot; empty if `seed` applies throughout.
    """

    amount: Curve = setting(
        curve(share_from(0, 1)),
        Curve.constant(0.01),
        "how far the picture strays across and down, as a share of its height (the standard deviation: two thirds of"
        " the time it is nearer); for every percent it turns by 0.3 degrees",
    )
    speed: Curve = setting(curve(number(0, 100)), Curve.constant(2.0), "its fastest swings per second")
    seed: int | None = setting(
        fields.integer(0, 2**63 - 1), None, "another seed gives another path; by default `output.seed`"
    )
    parts: tuple[tuple[float, int], ...] = ()

    def path(self, times: Array, period: float | None, at: Array | None = None) -> tuple[Complex, Array]:
        """Where the picture is.

        Args:
            times: in seconds, one-dimensional.
            period: of a loop, in seconds; None without one.
            at: times at which shots have the seeds to use; `times` if None.

        Returns:
            The shift in heights of the picture as complex numbers, x to the right and y down, and the angle in radians,
            counter-clockwise; both of the shape of `times`.
        """
        swings, total = self._swings(times, period)
        shift, angle = np.zeros(times.shape, dtype=np.complex128), np.zeros(times.shape)
        begins = np.array([start for start, _ in self.parts[1:]])
        part = np.searchsorted(begins, times if at is None else at, side="right")
        for number_ in np.unique(part):
            inside = part == number_
            seed = self.parts[number_][1] if self.parts else self.seed or 0
            across, down, turned = (_noise(seed, axis, swings[inside], total) for axis in range(3))
            shift[inside], angle[inside] = across + 1j * down, TURN * turned
        amount = self.amount.sample(times)
        return amount * shift, amount * angle

    def _swings(self, times: Array, period: float | None) -> tuple[Array, float | None]:
        """The fastest wave's number of swings up to each time, and in the whole period."""
        edges, place = np.unique(np.concatenate([[0.0], times, [period or 0.0]]), return_inverse=True)
        counted = self.speed.accumulate(edges)[place]
        counted = counted - counted[0]
        return counted[1:-1], None if period is None else float(counted[-1])


def _noise(seed: int, axis: int, swings: Array, total: float | None) -> Array:
    """Noise with standard deviation 1 after so many swings of the fastest wave; it repeats after `total`."""
    drawn = uniform(seed, _FIRST + np.arange(2.0 * NUM_WAVES) + 2 * NUM_WAVES * axis)
    steps, phases = (np.arange(NUM_WAVES) + drawn[:NUM_WAVES]) / NUM_WAVES, np.exp(2j * np.pi * drawn[NUM_WAVES:])
    rates = 2.0 ** (OCTAVES * (steps - 1))  # swings, for one of the fastest wave
    if total is not None:
        if total <= 0:
            return np.zeros(swings.shape)
        whole, same = np.unique(np.maximum(1, np.floor(rates * total)), return_inverse=True)
        phases = np.bincount(same, phases.real) + 1j * np.bincount(same, phases.imag)
        rates = whole / total
    waves = np.zeros(swings.shape)
    for rate, phase in zip(rates, phases, strict=True):
        waves += (phase * np.exp(2j * np.pi * rate * swings)).real
    scaled: Array = waves / np.sqrt((np.abs(phases) ** 2).sum() / 2)
    return scaled


def moves(shake: Shake, times: Array, size: tuple[int, int], period: float | None) -> dict[str, Array]:
    """The amounts of transforms that take the picture along the path, from each time to the next.

    Shift and turn are one motion of the plane: together, the motions between two times are exactly the one from the
    first to the last, if nothing else moves the picture.

    Returns:
        pan_x, pan_y, rotate: one number fewer than `times`.
    """
    shift, angle = shake.path(times[1:], period)
    before, angle_before = shake.path(times[:-1], period, at=times[1:])
    turn = angle - angle_before
    spin = -1j * turn  # y points down
    still = spin == 0
    velocity = (shift - np.exp(spin) * before) * np.where(still, 1, spin) / np.where(still, 1, np.expm1(spin))
    width, height = size
    return {"pan_x": velocity.real * height / width, "pan_y": velocity.imag, "rotate": np.degrees(turn)}


@dataclass(frozen=True, kw_only=True)
class PathCurve(Curve):
    """One coordinate of the path, for plots: "x" and "y" in shares of the height, "turn" in degrees."""

    shake: Shake
    coordinate: str
    period: float | None

    @property
    def has_formula(self) -> bool:
        """Always true: it is no curve through its keys."""
        return True

    def sample(self, times: Sequence[float] | Array) -> Array:
        wanted = np.asarray(times, dtype=np.float64)
        shift, angle = self.shake.path(wanted.ravel(), self.period)
        values = {"x": shift.real, "y": shift.imag, "turn": np.degrees(angle)}[self.coordinate]
        return values.reshape(wanted.shape)


def path_curves(shake: Shake, period: float | None) -> dict[str, PathCurve]:
    """The coordinates of the path by name."""
    start = (Keyframe(time=0.0, value=0.0),)
    return {name: PathCurve(keys=start, shake=shake, coordinate=name, period=period) for name in ("x", "y", "turn")}


@described(section("shake", _ABOUT, settings(Shake)), over_time=True)
def read_shake(value: Value, clock: Clock) -> Shake:
    """Read `shake:`; problems are collected."""
    before = len(value.problems.found)
    read = Shake(**{"seed": clock.names.seed, **read_map(setting_readers(Shake), value, clock)})
    if clock.known and len(value.problems.found) == before and read.speed.has_formula:
        _check_between(read.speed, value.entries()["speed"], clock)
    return read


def _check_between(speed: Curve, value: Value, clock: Clock) -> None:
    """Check a formula between frames, too, because the path follows its integral."""
    quarters = np.arange(len(clock.frames) * 4 - 3) / 4 / clock.fps
    values = speed.sample(quarters)
    unsound = ~(values >= 0) | ~np.isfinite(values)
    if unsound.any():
        at = when(quarters[int(unsound.argmax())], clock)
        raise InvalidError(value, f"must be at least 0 between the frames, too, got {values[unsound][0]:.3g} at {at}")


def join_shakes(starts: Sequence[float], parts: Sequence[Shake | None]) -> Shake | None:
    """Join the shakes of all shots to one; where a shot has none, the amount is 0."""
    if all(part is None for part in parts):
        return None
    nothing = Shake(amount=Curve.constant(0.0), speed=Curve.constant(0.0), seed=0)
    given = [part or nothing for part in parts]
    return Shake(
        amount=joined(starts, [part.amount for part in given]),
        speed=joined(starts, [part.speed for part in given]),
        parts=tuple((start, part.seed or 0) for start, part in zip(starts, given, strict=True)),
    )
