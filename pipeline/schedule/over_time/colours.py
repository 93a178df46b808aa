"""What happens to the colours of every frame: the section `colour:` of its shot at the frame's time."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.curves.array import Array
from pipeline.curves.curve import Curve
from pipeline.schedule.sections.colour import Colour
from pipeline.schedule.sections.shots import Shot
from render.spec import colour as spec
from render.spec.colour import PaletteOf


class ColourOverTime:
    """The colour settings of every frame.

    Args:
        times: of the frames, in seconds.
        numbers: of the frames' shots.
    """

    def __init__(self, shots: Sequence[Shot], times: Array, numbers: NDArray[np.intp]) -> None:
        self._parts: list[Colour] = [shot.sections["colour"] for shot in shots]
        self._numbers = numbers
        self._since = times - np.array([shot.start for shot in shots])[numbers]
        self._amounts = self._sampled([part.amount for part in self._parts])
        self._dithers = self._sampled([part.dither for part in self._parts])
        self._spreads = self._sampled([part.contrast or Curve.constant(0.0) for part in self._parts])

    def at(self, index: int, losses: Mapping[str, float]) -> spec.Colour | None:
        """What happens to frame `index`, whose losses are `losses`; None for nothing."""
        part, amount = self._parts[self._numbers[index]], float(self._amounts[index])
        # Later frames may be matched to this one, however far it is moved itself.
        match = part.match if amount > 0 or part.match == "first" else None
        has_contrast = part.contrast is not None and amount > 0
        palette: tuple[str, ...] | PaletteOf = ()
        if part.palette is not None and (match == "palette" or part.lock or "palette" in losses):
            palette = part.palette
        if match is None and not has_contrast and not palette:
            return None
        return spec.Colour(
            match=match,
            amount=amount if match is not None or has_contrast else 0.0,
            method=part.method if match is not None else "statistics",
            contrast=float(self._spreads[index]) if has_contrast else None,
            palette=palette,
            lock=part.lock,
            dither=float(self._dithers[index]) if part.lock else 0.0,
        )

    def _sampled(self, curves: Sequence[Curve]) -> Array:
        """The values of each shot's curve in its own frames; an easing may overshoot, so they are kept from 0 to 1."""
        values = np.zeros(len(self._since))
        for number, curve in enumerate(curves):
            inside = self._numbers == number
            values[inside] = curve.sample(self._since[inside])
        return np.clip(values, 0.0, 1.0)
