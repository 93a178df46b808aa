"""What a page shows of a schedule on one axis of time. Times are in seconds of the film."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.studio.text.source import Span

Numbers = tuple[float | None, ...]  # None where a curve has no value


@dataclass(frozen=True, kw_only=True)
class Key:
    """A keyframe; a constant has a single one without a time of its own.

    Attributes:
        id: the path of the setting and the key's number in the text: `motion.zoom[2]`.
        value: in the unit of the curve.
        editable: whether its value can be dragged; `why` says why not.
        time_editable: whether its time can be dragged.
        step: what the value is rounded to while it is dragged, about one unit of the last written digit.
    """

    id: str
    time: float
    value: float
    easing: str
    time_span: Span | None
    value_span: Span | None
    easing_span: Span | None
    editable: bool
    time_editable: bool
    why: str
    step: float


@dataclass(frozen=True, kw_only=True)
class CurveView:
    """A curve, as a path without the number of a shot: keys of all shots are in one row.

    Attributes:
        low, high: the range of the setting; None if it has no limit.
        constant: whether it is written without times.
        addable: whether a key can be added; `why` says why not.
        samples: its values on the grid of the view.
    """

    path: str
    label: str
    unit: str
    low: float | None
    high: float | None
    constant: bool
    addable: bool
    why: str
    samples: Numbers
    keys: tuple[Key, ...]


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A time in the text that a hand can drag; `span` is None if it is not written there."""

    id: str
    kind: str  # "start" or "end"
    time: float
    span: Span | None
    editable: bool
    why: str


@dataclass(frozen=True, kw_only=True)
class PromptView:
    """A prompt as a band: it fades in from `start`, is there until it begins to fade, and is gone at `end`.

    Attributes:
        track: bands of one track follow each other; layers have tracks of their own.
        span: where its text is written.
    """

    text: str
    track: int
    start: float
    end: float
    fade_in: float
    fade_out: float
    weight: float
    span: Span | None
    edges: tuple[Edge, ...]


@dataclass(frozen=True, kw_only=True)
class GuideView:
    """A picture that the film goes towards, near at `time`."""

    id: str
    path: str
    time: float
    start: float
    end: float
    span: Span | None
    editable: bool
    why: str


@dataclass(frozen=True, kw_only=True)
class MarkerView:
    """A named time; those that were found in the music have no place in the text."""

    name: str
    time: float
    span: Span | None
    editable: bool
    why: str


@dataclass(frozen=True, kw_only=True)
class ShotView:
    """A shot; the edge is its end, which is its length in the text: the shots after it move."""

    name: str
    start: float
    end: float
    cut: bool
    span: Span | None
    edges: tuple[Edge, ...]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A section of the music."""

    start: float
    end: float
    label: str


@dataclass(frozen=True, kw_only=True)
class SignalView:
    """A signal of the music on the grid of the view."""

    name: str
    values: Numbers


@dataclass(frozen=True, kw_only=True)
class MusicView:
    """The track, and the time in it at which the film begins."""

    path: str
    start: float


@dataclass(frozen=True, kw_only=True)
class TimelineView:
    """All that is on the axis of time; `samples` is the number of points in the grid, from 0 to `seconds`."""

    fps: float
    frames: int
    seconds: float
    loop: bool
    samples: int
    beats: tuple[float, ...]
    bars: tuple[float, ...]
    sections: tuple[Part, ...]
    signals: tuple[SignalView, ...]
    music: MusicView | None
    markers: tuple[MarkerView, ...]
    shots: tuple[ShotView, ...]
    guides: tuple[GuideView, ...]
    prompts: tuple[PromptView, ...]
    curves: tuple[CurveView, ...]


def as_json(found: Any) -> Any:
    """A dataclass, or anything made of them, as JSON; a field may have another name there."""
    if dataclasses.is_dataclass(found) and not isinstance(found, type):
        return {
            entry.metadata.get("json", entry.name): as_json(getattr(found, entry.name))
            for entry in dataclasses.fields(found)
        }
    if isinstance(found, Mapping):
        return {name: as_json(value) for name, value in found.items()}
    if isinstance(found, tuple | list):
        return list(found) if found and not dataclasses.is_dataclass(found[0]) else [as_json(each) for each in found]
    return found
