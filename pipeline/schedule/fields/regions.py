"""Reads regions: a mask, a shape, a text, or a combination of these, with numbers that may change over time."""

import dataclasses
import functools
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np

from pipeline.curves.curve import Curve
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.files import picture, video
from pipeline.schedule.fields.keyframes import curve
from pipeline.schedule.fields.quantities import share_from
from pipeline.schedule.fields.shapes import Described, Setting, Shape, about, described, map_of, one_of
from render.errors import suggestion
from render.spec.pictures import ImageFile
from render.spec.regions import Region

VIDEOS = (".mp4", ".mov", ".webm", ".mkv", ".avi")
"""Suffixes of files that are read as videos if a region is only a path."""

MAX_PARTS = 8
_FARTHEST = 100.0  # how many pictures away from the picture a shape may lie
_EXPECTED = "a mask's path, or a map such as {box: [0, 0, 50%, 100%], feather: 10%}"
_EDGES = "the left, upper, right and lower edge such as [0, 0, 50%, 100%]"
_ROUND = "the middle and the radius such as [50%, 50%, 30%]"
_LINE = "two points, where it is black and where it is white, such as [0, 0, 0, 100%]"
_LISTS = {"box": _EDGES, "circle": _ROUND, "linear": _LINE, "radial": _ROUND}
_COUNTS = {"box": 4, "circle": 3, "linear": 4, "radial": 3}

_PLACE = curve(share_from(-_FARTHEST, _FARTHEST))


@dataclass(frozen=True, kw_only=True)
class RegionCurves:
    """A region whose numbers change over time; the attributes are those of `render.spec.regions.Region`.

    Attributes:
        moves: whether it moves with the picture, from where it is at the last cut.
        start: the time at which its curves and its video begin, in seconds.
    """

    kind: str
    numbers: tuple[Curve, ...] = ()
    file: ImageFile | None = None
    text: str = ""
    parts: tuple["RegionCurves", ...] = ()
    feather: Curve = Curve.constant(0.0)
    invert: bool = False
    moves: bool = False
    start: float = 0.0

    def at(self, time: float, motion: Callable[[], tuple[float, ...]]) -> Region:
        """The region at `time` in seconds; `motion` returns the matrix that has moved the picture since the last cut.

        Numbers are rounded, so that the last digits, which differ between machines, do not change a frame's hash.
        """
        now = np.array([time - self.start])
        numbers = tuple(_rounded(number.sample(now)[0]) for number in self.numbers)
        return Region(
            kind=self.kind,
            numbers=(_rounded(max(0.0, now[0])),) if self.kind == "video" else numbers,
            file=self.file,
            text=self.text,
            parts=tuple(part.at(time, motion) for part in self.parts),
            feather=min(1.0, max(0.0, _rounded(self.feather.sample(now)[0]))),
            invert=self.invert,
            motion=tuple(map(_rounded, motion())) if self.moves else (),
        )

    def starting_at(self, start: float) -> "RegionCurves":
        """The same region in a shot that starts at `start` seconds."""
        return dataclasses.replace(self, start=start, parts=tuple(part.starting_at(start) for part in self.parts))

    @property
    def texts(self) -> Iterator[str]:
        """The texts that it is, or consists of."""
        if self.kind == "text":
            yield self.text
        for part in self.parts:
            yield from part.texts


def _rounded(number: float) -> float:
    return float(f"{round(float(number), 12):.9g}") + 0.0  # no -0.0


@functools.cache
def _list_shape(kind: str) -> Shape:
    return {"type": "array", "items": _PLACE.shape, "minItems": _COUNTS[kind], "maxItems": _COUNTS[kind]}


def _places(kind: str) -> Described[[Value, Clock], tuple[Curve, ...]]:
    """A reader of a shape's list of shares, each of which may change over time."""

    @described(_list_shape(kind), over_time=True)
    def read(value: Value, clock: Clock) -> tuple[Curve, ...]:
        items = value.items(_LISTS[kind])
        if len(items) != _COUNTS[kind]:
            raise InvalidError(value, f"expected {_LISTS[kind]}, got {len(items)} numbers")
        found = tuple(fields.read_each(_PLACE, items, clock))
        if kind == "box" and clock.known and len(found) == 4:
            _warn_if_empty(found, value, clock)
        return found

    return read


def _warn_if_empty(box: tuple[Curve, ...], value: Value, clock: Clock) -> None:
    left, top, right, bottom = (edge.sample(clock.frames) for edge in box)
    if ((left >= right) | (top >= bottom)).all():
        clock.warn(value, f"is empty in every frame; expected {_EDGES}")


_SOFT = "the width of its soft edge, as a share of the picture's shorter side"
_FEATHER = Setting(name="feather", read=curve(share_from(0, 1)), default=Curve.constant(0.0), about=_SOFT)
_INVERT = Setting(name="invert", read=fields.flag, default=False, about="everything but it")
_MOVES = Setting(
    name="moves",
    read=fields.flag,
    default=False,
    about="it moves with the picture, from where it is at the last cut, instead of standing still",
)


@described(fields.TEXT)
def _text(value: Value, clock: Clock) -> str:
    if importlib.util.find_spec("transformers") is None:
        raise InvalidError(
            value, "a text as a region needs transformers, which is not installed; pip install '.[regions]'"
        )
    return fields.text(value, clock)


_COMMON = (_FEATHER, _INVERT, _MOVES)
_PATH = about(fields.TEXT, "a path beside the schedule")

SIMPLE = (
    Setting(
        name="image",
        read=described(_PATH)(picture),
        default=None,
        about="a picture, of which white counts; it is fitted to the frame, cropped around its middle",
    ),
    Setting(name="video", read=described(_PATH)(video), default=None, about="a video, of which white counts"),
    Setting(name="box", read=_places("box"), default=None, about=f"a rectangle: {_EDGES}"),
    Setting(
        name="circle",
        read=_places("circle"),
        default=None,
        about=f"a disc: {_ROUND}; the radius is a share of the shorter side",
    ),
    Setting(name="linear", read=_places("linear"), default=None, about=f"a gradient along a line: {_LINE}"),
    Setting(
        name="radial",
        read=_places("radial"),
        default=None,
        about=f"a gradient from white in the middle to black at the radius: {_ROUND}, as in a circle",
    ),
    Setting(
        name="text",
        read=_text,
        default=None,
        about="what CLIPSeg finds in the picture, such as the sky; needs the extra `regions`",
    ),
)


def _map_shapes(entries: tuple[Setting, ...]) -> list[Shape]:
    others = {entry.name: entry.shape for entry in _COMMON}
    return [map_of({entry.name: entry.shape, **others}, required=(entry.name,)) for entry in entries]


_PART: Shape = {"title": "simple region", **one_of(_PATH, *_map_shapes(SIMPLE))}


@described(_PART)
def _part(value: Value, clock: Clock) -> RegionCurves:
    return _read(value, clock, SIMPLE)


@described({"type": "array", "items": _PART, "minItems": 2, "maxItems": MAX_PARTS})
def _parts(value: Value, clock: Clock) -> tuple[RegionCurves, ...]:
    expected = f"a list of 2 to {MAX_PARTS} regions"
    items = value.items(expected)
    if not 2 <= len(items) <= MAX_PARTS:
        raise value.invalid(expected)
    return tuple(fields.read_each(_part, items, clock))


COMBINED = (
    Setting(name="union", read=_parts, default=None, about="where any of two or more regions is"),
    Setting(name="intersection", read=_parts, default=None, about="where all of two or more regions are"),
)
SETTINGS = (*SIMPLE, *COMBINED, *_COMMON)
"""Every key of a region, for the tables of the documentation."""

REGION: Shape = {"title": "region", **one_of(_PART, *_map_shapes(COMBINED))}


@described(REGION, over_time=True)
def region(value: Value, clock: Clock) -> RegionCurves:
    """Read a path, or a map with one kind of region."""
    return _read(value, clock, (*SIMPLE, *COMBINED))


def _read(value: Value, clock: Clock, kinds: tuple[Setting, ...]) -> RegionCurves:
    if not value.is_map:
        return _from_path(value, clock)
    known = {entry.name: entry for entry in kinds}
    given = [name for name in value.entries() if name in known]
    if len(given) > 1:
        raise InvalidError(value.entries()[given[1]], f"there is '{given[0]}' already; combine them by union: [...]")
    if not given:
        _refuse_unknown(value, (*known, *(entry.name for entry in _COMMON)))
        raise InvalidError(value, f"expected one of {', '.join(known)}")
    kind = given[0]
    readers = {kind: known[kind].read} | {entry.name: entry.read for entry in _COMMON}
    read = fields.parts(value, readers, clock)
    return RegionCurves(kind=kind, **_content(kind, read.pop(kind)), **read)


def _refuse_unknown(value: Value, known: tuple[str, ...]) -> None:
    for name, key, _ in value.pairs(_EXPECTED):
        if name not in known:
            raise InvalidError(key, f"unknown key; {suggestion(name, known)}")


def _content(kind: str, found: Any) -> dict[str, Any]:
    names = {"image": "file", "video": "file", "text": "text", "union": "parts", "intersection": "parts"}
    return {names.get(kind, "numbers"): found}


def _from_path(value: Value, clock: Clock) -> RegionCurves:
    scalar = value.scalar(_EXPECTED)
    if not isinstance(scalar, str):
        raise value.invalid(_EXPECTED)
    if not PurePath(scalar).suffix and "/" not in scalar:
        raise InvalidError(value, f"expected {_EXPECTED}; what is to be found in the picture is {{text: {scalar}}}")
    if PurePath(scalar).suffix.lower() in VIDEOS:
        return RegionCurves(kind="video", file=video(value, clock))
    return RegionCurves(kind="image", file=picture(value, clock))
