"""Which frames are refined, if `refine.cadence` says that only every n-th is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.curves.array import Array

Mask = NDArray[np.bool_]


class Cadence:
    """The key frames, those that are refined; the frames between two of them are made of both.

    The first and the last frame of every range are keys, so no frame is made across a cut. In a loop every frame of the
    beginning that a frame past the end is blended towards is a key, and so is every frame past the end.

    Args:
        steps: for every frame of the video, how many frames further the next key is.
        ranges: half-open ranges of frames, each of which starts anew; the last one includes the frames past the end.
        num_led: the number of frames past the end of a loop.

    Attributes:
        is_key: for every frame, those past the end included.
    """

    def __init__(self, steps: Array, ranges: Sequence[tuple[int, int]], num_led: int) -> None:
        count = len(steps)
        self._next: NDArray[np.int64] = np.arange(count + num_led)
        whole = np.maximum(steps.round(), 1).astype(np.int64)
        solid = count - 1 if num_led else count  # from here on, and before `num_led`, every frame is a key
        for begin, end in ranges:
            key = begin
            while key < end - 1:
                far = 1 if key < num_led or key >= solid else int(whole[key])
                last = solid if key < solid < end else end - 1
                ahead = min(key + far, last)
                self._next[key + 1 : ahead] = ahead
                key = ahead
        self.is_key: Mask = self._next == np.arange(len(self._next))

    def next_key(self, index: int) -> int:
        """The first key from frame `index` on; `index` itself if it is one."""
        return int(self._next[index])

    def before(self, index: int) -> int:
        """The frame that frame `index` starts from: for a key the key before it."""
        start = index - 1
        while start > 0 and self._next[start] == index:
            start -= 1
        return start

    def spans(self, index: int) -> bool:
        """Whether frame `index`, or one between it and the frame that it starts from, is not refined."""
        return not self.is_key[index] or self.before(index) < index - 1
