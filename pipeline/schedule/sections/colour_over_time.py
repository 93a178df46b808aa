"""What happens to the colours of every frame: the section `colour:` of its shot at the frame's time."""

from collections.abc import Mapping, Sequence

from pipeline.curves.array import Array
from pipeline.curves.curve import Curve
from pipeline.schedule.sections.colour import Colour
from render import spec
from render.spec import PaletteOf


class ColourOverTime:
    """The colour settings of every frame.

    Args:
        parts: the section of every shot.
        starts: of the shots, in seconds.
        times: of the frames, in seconds.
        numbers: of the frames' shots.
    """

    def __init__(
        self, parts: Sequence[Colour], starts: Sequence[float], times: Array, numbers: Sequence[int]
    ) -> None:
        self._parts, self._numbers = parts, numbers
        self._times = [time - starts[number] for time, number in zip(times, numbers, strict=True)]

    def at(self, index: int, losses: Mapping[str, float]) -> spec.Colour | None:
        """What happens to frame `index`; None for nothing. `losses` are its own, which may need the palette."""
        part, time = self._parts[self._numbers[index]], self._times[index]
        amount = _value(part.amount, time)
        # A frame may be what later ones are matched to, however far it is moved itself.
        match = part.match if amount > 0 or part.match == "first" else None
        palette: tuple[str, ...] | PaletteOf = ()
        if part.palette is not None and (match == "palette" or part.lock or "palette" in losses):
            palette = part.palette
        found = spec.Colour(
            match=match,
            amount=amount,
            method=part.method,
            contrast=None if part.contrast is None or amount == 0 else _value(part.contrast, time),
            palette=palette,
            lock=part.lock,
            dither=_value(part.dither, time) if part.lock else 0.0,
        )
        return found if match is not None or found.contrast is not None or palette else None


def _value(curve: Curve, time: float) -> float:
    return float(curve.at(time))
