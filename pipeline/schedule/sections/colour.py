"""The section `colour:`: what the picture's colours are matched to, and the palette that it is drawn in."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipeline.curves.curve import Curve
from pipeline.curves.joined import joined
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.colours import colour
from pipeline.schedule.fields.files import picture
from pipeline.schedule.fields.keyframes import curve
from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.readers import read_entry, read_map, setting_readers
from pipeline.schedule.fields.shapes import (
    Setting,
    about,
    described,
    list_of,
    map_of,
    one_of,
    section,
    setting,
    settings,
)
from pipeline.schedule.sections import Reading, Section
from render.errors import suggestion
from render.spec.colour import COLOUR_MATCHES, COLOUR_METHODS, PaletteOf
from render.spec.pictures import ImageFile

MAX_COLOURS = 32
_PALETTE = "a list of colours, or a picture to take them from, such as {image: forest.jpg, count: 5}"
_MATCH = f"{', '.join(COLOUR_MATCHES)}, or the path of a picture"

PALETTE_SETTINGS = (
    Setting(
        name="image", read=fields.text, default=None, about="the picture that colours are taken from", required=True
    ),
    Setting(name="count", read=fields.integer(1, MAX_COLOURS), default=5, about="how many colours"),
)


@described(one_of({"enum": list(COLOUR_MATCHES)}, about(fields.TEXT, "the path of a picture")))
def _match(value: Value, clock: Clock) -> str | ImageFile:
    scalar = value.scalar(_MATCH)
    if not isinstance(scalar, str):
        raise value.invalid(_MATCH)
    if scalar in COLOUR_MATCHES:
        return scalar
    if "." not in scalar and "/" not in scalar:
        raise InvalidError(
            value, f"unknown match '{scalar}'; {suggestion(scalar, COLOUR_MATCHES, f'expected {_MATCH}')}"
        )
    return picture(value, clock)


@described(
    one_of(
        list_of(colour.shape, MAX_COLOURS), map_of({entry.name: entry.shape for entry in PALETTE_SETTINGS}, ("image",))
    )
)
def _palette(value: Value, clock: Clock) -> tuple[str, ...] | PaletteOf:
    if value.is_map:
        read = fields.parts(value, {"image": picture, "count": PALETTE_SETTINGS[1].read}, clock)
        return PaletteOf(image=read["image"], count=read.get("count", PALETTE_SETTINGS[1].default))
    items = value.items(_PALETTE)
    if not 0 < len(items) <= MAX_COLOURS:
        raise value.invalid(f"from 1 to {MAX_COLOURS} colours")
    return tuple(dict.fromkeys(fields.read_each(colour, items, clock)))


_SPREAD = curve(number(0, 0.5))


@described(one_of(_SPREAD.shape, {"type": "null"}), shown=_SPREAD.shown, over_time=True)
def _contrast(value: Value, clock: Clock) -> Curve | None:
    is_null = not value.is_map and not value.is_list and value.scalar("a number") is None
    return None if is_null else _SPREAD.read(value, clock)


@dataclass(frozen=True, kw_only=True)
class Colour:
    """What happens to the picture's colours."""

    match: str | ImageFile | None = setting(
        _match,
        None,
        "before refinement, colours are moved so that their statistics are those of the `first` frame (of the video, "
        "or after the last cut), of the `previous` one, of the `palette`, or of a picture, given by its path",
    )
    amount: Curve = setting(
        curve(number(0, 1)), Curve.constant(1.0), "how far they are moved: 0 not at all, 1 all the way"
    )
    method: str = setting(
        fields.choice(COLOUR_METHODS, "method"),
        "statistics",
        "what is matched, in OKLab: `statistics`, the mean and covariance of all colours, or `histogram`, the values "
        "of each channel",
    )
    contrast: Curve | None = setting(
        _contrast,
        None,
        "the standard deviation of lightness (0 to 1, in OKLab) that pictures are given, as far as `amount` says; most "
        "photographs have 0.15 to 0.25",
    )
    palette: tuple[str, ...] | PaletteOf | None = setting(
        _palette,
        None,
        f'up to {MAX_COLOURS} colours, CSS names or "#rrggbb" in quotes, or a picture that they are taken from: '
        "{image: forest.jpg, count: 5}",
    )
    lock: bool = setting(
        fields.flag, False, "whether every pixel of the finished frame is one of the palette's colours"
    )
    dither: Curve = setting(
        curve(number(0, 1)),
        Curve.constant(0.0),
        "with `lock`, how much of what lies between two colours is shown as a pattern of both",
    )


NOTHING = Colour()
"""Of a schedule without `colour:`."""


def _read(reading: Reading) -> Colour:
    read = partial(read_map, setting_readers(Colour))
    given: dict[str, Any] = read_entry(read, reading.entries, "colour", reading.clock, default={})
    found = dataclasses.replace(NOTHING, **given)
    section = reading.entries.get("colour")
    entries = {} if section is None else section.entries()
    for invalid in _contradictions(found, entries, reading):
        reading.document.problems.add(invalid)
    _warn_without_effect(found, entries, reading)
    return found


def _contradictions(found: Colour, entries: Mapping[str, Value], reading: Reading) -> Iterator[InvalidError]:
    """Yield what needs a palette or a source where there is none, and what cannot be done with a palette."""
    if found.match == "source" and reading.found["source"] is None:
        yield InvalidError(entries["match"], "needs a source: write source: {video: dance.mp4} as well")
    if "palette" not in entries:
        weights = reading.entries.get("losses")
        needing = [entries["match"]] if found.match == "palette" else []
        needing += [entries["lock"]] if found.lock else []
        needing += [weights.entries()["palette"]] if weights is not None and _has_palette_loss(reading) else []
        for place in needing:
            yield InvalidError(place, "needs a palette: write colour: {palette: [tomato, gold]} as well")
    if found.method == "histogram" and found.match == "palette":
        yield InvalidError(entries["method"], "a palette has too few colours for a histogram; use statistics")


def _has_palette_loss(reading: Reading) -> bool:
    weight: Curve | None = reading.found["losses"].weights.get("palette")
    return weight is not None and reading.clock.known and bool(weight.sample(reading.clock.frames).any())


def _warn_without_effect(found: Colour, entries: Mapping[str, Value], reading: Reading) -> None:
    warn = reading.clock.warn
    if "amount" in entries and not entries.keys() & {"match", "contrast"}:
        warn(entries["amount"], "has no effect without match or contrast")
    if "dither" in entries and not found.lock:
        warn(entries["dither"], "has no effect without lock: true")
    if "palette" in entries and found.match != "palette" and not found.lock and not _has_palette_loss(reading):
        warn(entries["palette"], "has no effect without match: palette, lock: true or losses: {palette: 0.2}")


def _join(starts: Sequence[float], parts: Sequence[Colour]) -> Colour:
    """Join the curves of all shots, for plots; everything else is that of the first shot."""
    spreads = [part.contrast for part in parts]
    return dataclasses.replace(
        parts[0],
        amount=joined(starts, [part.amount for part in parts]),
        dither=joined(starts, [part.dither for part in parts]),
        contrast=None if None in spreads else joined(starts, [spread for spread in spreads if spread is not None]),
    )


SECTION = Section(
    position=85,
    shape=lambda: section(
        "colour", "colours of the picture: what they are matched to, and a palette", settings(Colour)
    ),
    read=_read,
    needs=("losses", "source"),
    join=_join,
    settings=lambda: settings(Colour),
)
