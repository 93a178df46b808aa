"""Moving pictures on disk: a video, or numbered picture files, with the time of every picture."""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pipeline.curves.array import Array
from render.spec.footage import SourceImage
from render.spec.pictures import ImageFile

Numbers = NDArray[np.int64]

EARLY = 1 / 12
"""How much of its duration, or of that of the picture before, a picture counts as shown before its time.

Containers round times, and sums of floats are not exact. At a twelfth, a clip and a video whose frame rates are as 1 to
2, 4 to 5 or 5 to 6 meet every boundary at a distance, so that no picture is shown twice or left out by rounding.
"""


@dataclass(frozen=True, kw_only=True)
class Clip:
    """Moving pictures.

    Attributes:
        name: as the schedule writes it.
        files: the video; or of numbered pictures every one, in order.
        numbered: whether it is numbered pictures.
        size: (width, height) in pixels, as shown; of numbered pictures, that of the first.
        times: of every picture, in seconds, from 0.
        length: in seconds, to the end of the last picture.
        fps: pictures per second, on average.
        constant: whether all are shown for equally long.
        has_sound: whether it has sound.
        sound_from: when its sound begins after its first picture, in seconds; negative if it begins earlier.
        remarks: what is special about it, such as that it is interlaced.
    """

    name: str
    files: tuple[ImageFile, ...]
    size: tuple[int, int]
    fps: Fraction
    length: float
    times: Array = field(compare=False, repr=False)
    numbered: bool = False
    constant: bool = True
    has_sound: bool = False
    sound_from: float = 0.0
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.times)

    def at(self, seconds: Array) -> Numbers:
        """The number of the picture that is shown at times of the clip; the first one before, the last one after."""
        lasting = np.diff(self.times, append=self.length)
        starts = self.times - EARLY * np.minimum(lasting, np.append(0.0, lasting[:-1]))
        return np.clip(np.searchsorted(starts, seconds, side="right") - 1, 0, len(self) - 1).astype(np.int64)

    def picture(self, number: int) -> SourceImage:
        """One of its pictures, at its own size."""
        if self.numbered:
            return SourceImage(file=self.files[number])
        return SourceImage(file=self.files[0], number=number)

    def duration(self, number: int) -> float:
        """How long a picture is shown, in seconds."""
        end = self.times[number + 1] if number + 1 < len(self) else self.length
        return float(end - self.times[number])
