"""`loop:`: a video whose end leads into its beginning.

With a blend, frames are rendered past the end, at the times of the loop's beginning, and blended into the frames there.
They replace the first frames, so that the last frame is followed by the one that was rendered after it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.easings import smooth
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.readers import read_section
from pipeline.schedule.fields.shapes import about, described, one_of, section, setting, settings
from pipeline.schedule.fields.times import duration, lasting, seconds
from pipeline.schedule.sections import Section, reader_of

BOOMERANG = "boomerang"
OPEN = 0.01  # share of a curve's range: smaller jumps at the seam count as closed
_BLEND = "a duration such as 2s"


@described(lasting(_BLEND), shown=seconds)
def _blend(value: Value, clock: Clock) -> float:
    blend = duration(value, clock, _BLEND)
    if blend is None or blend <= 0:
        raise value.invalid(_BLEND)
    if clock.known and (blend * 2 > clock.length + 1e-9 or blend * clock.fps < 2):
        expected = f"from 2 frames to half of the video's {clock.length:.4g} s"
        raise InvalidError(value, f"expected {expected}, got {blend:.4g} s: a loop must be longer than its blend")
    return blend


@dataclass(frozen=True, kw_only=True)
class Loop:
    """How a video becomes a loop; a blend of 0 without boomerang means no loop."""

    blend: float = setting(_blend, 0.0, "how long the end is blended into the beginning")
    boomerang: bool = setting(
        fields.flag, False, "play forwards and then backwards instead: costs nothing, and lasts twice as long"
    )

    def num_led(self, fps: float) -> int:
        """The number of frames that are rendered past the end."""
        return 0 if self.boomerang else round(self.blend * fps)


_ABOUT = "the end leads into the beginning"
_SHAPE = one_of({"const": BOOMERANG}, section("loop", _ABOUT, settings(Loop)))


@described(_SHAPE)
def read_loop(value: Value, clock: Clock) -> Loop:
    """Read `loop:`; problems are collected."""
    if not value.is_map:
        if value.scalar(f"{BOOMERANG}, or a map such as {{blend: 2s}}") != BOOMERANG:
            raise value.invalid(f"{BOOMERANG}, or a map such as {{blend: 2s}}")
        return Loop(boomerang=True)
    loop: Loop = read_section(Loop, value, clock)
    if loop.boomerang and loop.blend:
        raise InvalidError(value, "blend and boomerang are alternative ways to close a loop; remove one of them")
    return loop


def blend_weights(count: int) -> Array:
    """How far each frame past the end is blended toward the frame that it replaces: (count,), from 0 to 1."""
    return smooth(np.linspace(0, 1, count))


def order(count: int, led: int, boomerang: bool) -> list[int]:
    """The frame numbers in the order in which the video shows them; `led` of the `count` frames lie past the end."""
    if boomerang:
        return [*range(count), *range(count - 2, 0, -1)]
    return [*range(count - led, count), *range(led, count - led)]


def gap(sample: Callable[[Array], Array], length: float) -> tuple[float, float] | None:
    """The values at the beginning and end of a curve that does not close; None if it does. `length` is in seconds."""
    values = sample(np.linspace(0, length, 65))
    start, end, reach = float(values[0]), float(values[-1]), float(np.ptp(values))
    return None if abs(end - start) <= OPEN * reach + 1e-9 else (start, end)


SECTION = Section(
    position=110,
    shape=lambda: about(_SHAPE, _ABOUT),
    read=reader_of("loop", read_loop, Loop()),
    needs=("output",),
    clock=lambda loop, clock: clock.with_names(loop=0.0 if loop.boomerang else loop.blend),
    settings=lambda: settings(Loop),
    misplaced={},
)
