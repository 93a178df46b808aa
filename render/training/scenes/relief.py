"""How near the things of a scene are, from the order and the places in which they are drawn.

Convention: nearness is the inverse of distance, up to a factor that differs from scene to scene; 0 is infinitely far.
Heights y run from 0 (top) to 1 (bottom). The ground is a plane: at y its nearness is the distance of y to the horizon.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[Any]

SKY, FLOOR, PAINT, THING = "sky", "floor", "paint", "thing"
"""What is drawn: infinitely far; flat on the ground; on what is there already; or standing, each part on its foot."""

_EVERYTHING = 0.97  # a mask that covers this share of the picture is a background
_WIDE = 0.85  # a part that covers this share of the last row is land
_RISES = 0.02  # land stands at least this far below the horizon
_SMALL = 3  # pixels: a part of fewer is part of what it is drawn on
_STUDIO = (0.4, 0.3)  # nearness of a thing in a scene without a horizon: anywhere, and what standing lowest adds
_FLOATING = 0.35  # nearness of something in the air as large as the picture


class Relief:
    """The nearness of a scene while it is drawn: (S, S), 0 at first."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.nearness: Array = np.zeros((size, size), np.float32)
        self.horizon: float | None = None
        self.kind = THING
        self._standing = np.zeros((size, size), bool)
        self._y: Array = ((np.arange(size) + 0.5) / size).astype(np.float32)[:, None]

    @contextmanager
    def drawing(self, kind: str) -> Iterator[None]:
        """Take what is drawn as this kind of thing."""
        before, self.kind = self.kind, kind
        try:
            yield
        finally:
            self.kind = before

    def cover(self, mask: Array) -> None:
        """Something is drawn where the mask (S, S) is 1."""
        if self.kind == PAINT:
            return
        covered = mask > 0.5
        share = float(covered.mean())
        if self.kind == SKY or share > _EVERYTHING:
            self._put(covered, 0.0, False)
        elif self.kind == FLOOR:
            self._lay(covered)
        elif share > 0:
            self._stand(covered)

    def put(self, mask: Array, nearness: Array) -> None:
        """What is covered by the mask (S, S) is this near."""
        self._put(mask > 0.5, nearness, True)

    def _put(self, covered: Array, nearness: Array | float, standing: bool) -> None:
        self.nearness = np.where(covered, nearness, self.nearness).astype(np.float32)
        self._standing = np.where(covered, standing, self._standing)

    def _ground(self, y: Array | float) -> Array:
        if self.horizon is None:
            return np.asarray(_STUDIO[0] + _STUDIO[1] * y, np.float32)
        return np.asarray(np.clip(y - self.horizon, 0, 1), np.float32)

    def _lay(self, covered: Array) -> None:
        """The ground. Where nothing but the sky is above it, its edge is the horizon."""
        rows = np.flatnonzero(covered.mean(1) > 0.5)
        if len(rows) and not self.nearness.any():
            self.horizon = float(rows[0]) / self.size
        self._put(covered, self._ground(self._y), False)

    def _stand(self, covered: Array) -> None:
        """Every part of it stands on its foot; what is drawn later hides what was drawn before, and is no farther."""
        labels, _ = ndimage.label(covered)
        for number, box in enumerate(ndimage.find_objects(labels), 1):
            part = labels == number
            if part[-1].mean() > _WIDE:
                self._rise(part)
            elif np.count_nonzero(part) >= _SMALL:
                self._place(part, box)

    def _rise(self, part: Array) -> None:
        """Land that fills the picture from an edge down: a slope up to where it is lowest, then flat."""
        foot = float(np.max(np.argmax(part, axis=0)) / self.size)
        near = self._ground(np.maximum(self._y, max(foot, (self.horizon or 0.0) + _RISES)))
        self._put(part, np.maximum(near, self.nearness), False)

    def _place(self, part: Array, box: tuple[slice, slice]) -> None:
        """A thing on the ground, in the air, or a part of a thing that it touches."""
        tall, wide = box
        around = np.s_[max(0, tall.start - 1) : tall.stop + 1, max(0, wide.start - 1) : wide.stop + 1]
        touched = ndimage.binary_dilation(part[around]) & self._standing[around]
        near = float(self._ground(tall.stop / self.size))
        if touched.any():
            near = max(near, float(np.median(self.nearness[around][touched])))
        elif near == 0:
            near = self._in_the_air(part)
        self._put(part, np.maximum(near, self.nearness), near > 0)

    def _in_the_air(self, part: Array) -> float:
        size = float(np.sqrt(part.mean()))
        return _FLOATING * size if size > 0.12 else 0.0


class Drawing(Protocol):
    """A canvas."""

    relief: Relief | None


P = ParamSpec("P")
C = TypeVar("C", bound=Drawing)
T = TypeVar("T")


def drawn_as(kind: str) -> Callable[[Callable[Concatenate[C, P], T]], Callable[Concatenate[C, P], T]]:
    """Decorate a brush or motif: what it draws is of this kind."""

    def decorate(draw: Callable[Concatenate[C, P], T]) -> Callable[Concatenate[C, P], T]:
        @wraps(draw)
        def drawn(c: C, /, *args: P.args, **kwargs: P.kwargs) -> T:
            if c.relief is None:
                return draw(c, *args, **kwargs)
            with c.relief.drawing(kind):
                return draw(c, *args, **kwargs)

        return drawn

    return decorate
