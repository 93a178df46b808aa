"""The section `source:`: the footage that is repainted: a clip, numbered pictures, or a still with a slow pan."""

import copy
from collections.abc import Sequence
from functools import partial
from typing import Any

import yaml

from pipeline.curves.curve import Curve
from pipeline.schedule.document.document import Value
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.keyframes import curve
from pipeline.schedule.fields.pictures import FIT
from pipeline.schedule.fields.quantities import number, share_from
from pipeline.schedule.fields.readers import read_entry
from pipeline.schedule.fields.shapes import Setting, Shape, about, described, map_of, one_of, two_of
from pipeline.schedule.footage import files
from pipeline.schedule.footage.settings import (
    BACKGROUND,
    CLIPS,
    NONE,
    PLAYING,
    chosen,
    playing,
    readers,
    require_none,
)
from pipeline.schedule.footage.sounding import check_sound
from pipeline.schedule.footage.source import MIX, Source
from pipeline.schedule.footage.still import Still
from pipeline.schedule.sections import Reading, Section

KEY = "source"
KINDS = (*CLIPS, "image")
LARGEST = 100.0
_EXPECTED = f"`{NONE}`, or a map such as {{video: dance.mp4, mix: 0.9}}"
_ZOOM = curve(number(1, LARGEST))
_PLACE = curve(share_from(0, 1))


@described(two_of(_PLACE), shown=lambda axes: [_PLACE.shown(axis) for axis in axes], over_time=True)
def _center(value: Value, clock: Clock) -> tuple[Curve, Curve]:
    return fields.read_pair(_PLACE, value, clock, "two shares of the picture such as [30%, 50%]")


STILL = (
    Setting(
        name="image",
        read=described(about(fields.TEXT, "a path beside the schedule"))(files.still),
        default=None,
        about="a picture instead of a clip: its path; `zoom` and `center` over time make a slow pan",
    ),
    Setting(
        name="zoom",
        read=_ZOOM,
        default=Curve.constant(1.0),
        about="of a picture, how much it is enlarged; at 1 as much of it is shown as fits",
    ),
    Setting(
        name="center",
        read=_center,
        default=(Curve.constant(0.5), Curve.constant(0.5)),
        about="of a picture, x and y of the middle of what is shown, in shares of it; it stays inside the picture",
    ),
)
COMMON = (
    FIT,
    BACKGROUND,
    Setting(
        name="mix",
        read=curve(number(0, 1)),
        default=Curve.constant(MIX),
        about="how much of the last result, moved as the footage moves, is in what a frame starts from: 0 begins every "
        "frame from the footage alone, 1 from the moved result wherever its motion is known",
    ),
    Setting(
        name="sound",
        read=fields.flag,
        default=True,
        about="whether the clip's sound is heard, in step with its pictures; the track of `music:` takes its place",
    ),
)
SETTINGS = (*PLAYING[:2], *STILL[:1], *PLAYING[2:], *STILL[1:], *COMMON)


def _map(key: str, entries: Sequence[Setting]) -> Shape:
    return map_of({entry.name: entry.shape for entry in entries}, required=(key,))


@described(
    one_of(
        {"const": NONE},
        *(_map(key, [entry for entry in SETTINGS if entry.name == key or entry.name not in KINDS]) for key in KINDS),
    )
)
def read_source(value: Value, clock: Clock, goes_on: bool = False) -> Source | None:
    """Read the word `none`, or a map with one kind of footage; None if there is none, or an invalid one.

    Args:
        goes_on: see `Playing.goes_on`.
    """
    if not value.is_map:
        require_none(value, _EXPECTED, KINDS)
        return None
    before = len(value.problems.found)
    read = fields.read_map(readers(SETTINGS), value, clock)
    if len(value.problems.found) > before and not read.keys() & {*KINDS}:
        return None  # it is misspelt, or cannot be read
    kind = chosen(value, KINDS, "video: dance.mp4")
    if kind not in read:
        return None
    common = {entry.name: read[entry.name] for entry in COMMON if entry.name in read}
    _warn(value, clock, kind)
    shows = _still(read) if kind == "image" else playing(read, value, clock, goes_on)
    if shows is None:
        return None
    source = Source(shows=shows, **common)
    with value.problems.collecting():
        check_sound(source, value, clock)
    return source


def _still(read: dict[str, Any]) -> Still:
    still: Still = read["image"]
    return still.placed(**{name: read[name] for name in ("zoom", "center") if name in read})


def _warn(value: Value, clock: Clock, kind: str) -> None:
    """Warn of settings for another kind of footage."""
    useless = ["fps", "from", "speed", "end", "sound"] if kind == "image" else ["zoom", "center"]
    useless += ["sound"] if kind == "images" else []
    for name in useless:
        if name in value.entries():
            what = {"image": "a still", "images": "numbered pictures", "video": "a clip"}[kind]
            clock.warn(value.entries()[name], f"has no effect with {what}")


def goes_on(reading: Reading, name: str, path: Sequence[str] = ()) -> bool:
    """Whether a clip goes on from shot to shot: this one names no clip and no time in it, but has them from the top.

    Args:
        name: the section in which it is named.
        path: of the keys in it that lead there.
    """
    top, own = reading.document.entries().get(name), reading.entries.get(name)
    for key in path:
        top, own = (None if part is None else part.entries().get(key) for part in (top, own))
    if top is None or own is None:
        return False
    known, found = top.entries(), own.entries()
    return all(
        (key in known) == (key in found) and (key not in known or known[key].node is found[key].node)
        for key in (*CLIPS, "from")
    )


def _read(reading: Reading) -> Source | None:
    read = partial(read_source, goes_on=goes_on(reading, KEY))
    entries = {name: _without_time_of_another(value, reading) for name, value in reading.entries.items() if name == KEY}
    found: Source | None = read_entry(read, entries, KEY, reading.clock, default=None)
    return found


def _without_time_of_another(own: Value, reading: Reading) -> Value:
    """The section without the `from` of the top, if the shot names another clip."""
    known, found = reading.document.entries().get(KEY, own).entries(), own.entries()
    shared = {name for name, entry in found.items() if name in known and known[name].node is entry.node}
    if "from" not in shared or shared & {*CLIPS} or not isinstance(own.node, yaml.MappingNode):
        return own
    left = copy.copy(own.node)
    left.value = [(key, value) for key, value in own.node.value if key.value != "from"]
    return Value(left, own.path, own.problems)


def _join(starts: Sequence[float], parts: Sequence[Source | None]) -> tuple[Source | None, ...]:
    return tuple(parts)


SECTION = Section(
    position=63,
    shape=lambda: about(read_source.shape, "the footage that is repainted: a clip, numbered pictures, or a still"),
    read=_read,
    join=_join,
    settings=lambda: SETTINGS,
    rivals=KINDS,
    misplaced={"video": "video", "mix": "mix"},
)
