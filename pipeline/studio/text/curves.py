"""The curves of a schedule with their keys, and where each number is written."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import yaml

from pipeline.curves.array import Array
from pipeline.curves.curve import Curve
from pipeline.curves.joined import JoinedCurve
from pipeline.schedule import chart
from pipeline.schedule.fields.clock import Noted
from pipeline.studio.text.entries import Entry, curve_notes, entries, id_of, why_no_number
from pipeline.studio.text.numbers import limits, step
from pipeline.studio.text.opened import Opened
from pipeline.studio.text.view import CurveView, Key, Numbers

DIGITS = 6  # of samples


def curves(opened: Opened, grid: Array) -> tuple[CurveView, ...]:
    """Every curve that is written in the schedule, sampled at the times of `grid`, in seconds."""
    names = _names(opened)
    return tuple(_view(opened, path, pieces, names, grid) for path, pieces in curve_notes(opened).items())


def _view(
    opened: Opened, path: str, pieces: Sequence[Noted], names: dict[int, tuple[str, str]], grid: Array
) -> CurveView:
    label, unit = next((names[id(noted.result)] for noted in pieces if id(noted.result) in names), (path, ""))
    low, high = limits(pieces[0].quantity)
    why = _why_closed(opened, pieces[0]) if len(pieces) == 1 else ""
    return CurveView(
        path=path,
        label=label,
        unit=unit,
        low=low,
        high=high,
        constant=not any(noted.value.is_map for noted in pieces),
        addable=not why,
        why=why,
        samples=numbers(_sampled(opened, pieces, grid)),
        keys=tuple(key for noted in pieces for key in _keys(opened, noted)),
    )


def _names(opened: Opened) -> dict[int, tuple[str, str]]:
    """The name and unit of each curve as a plot shows it, by the curve's identity."""
    found: dict[int, tuple[str, str]] = {}
    for line in chart.lines(opened.schedule):
        for curve in _whole_and_pieces(line.curve):
            found.setdefault(id(curve), (line.name, line.unit))
    return found


def _whole_and_pieces(curve: Curve) -> Iterator[Curve]:
    yield curve
    if isinstance(curve, JoinedCurve):
        yield from curve.pieces


def _sampled(opened: Opened, pieces: Sequence[Noted], grid: Array) -> Array:
    """The values of a curve; NaN in shots that do not set it."""
    if not opened.shots:
        return _finite(pieces[0].result, grid)
    starts = np.array([shot.start for shot in opened.schedule.shots])
    shot = np.clip(np.searchsorted(starts, grid, side="right") - 1, 0, None)
    result = np.full_like(grid, np.nan)
    for noted in pieces:
        inside = shot == opened.shot_of(noted.value)
        result[inside] = _finite(noted.result, grid[inside] - noted.clock.start)
    return result


def _finite(curve: Curve, times: Array) -> Array:
    with np.errstate(all="ignore"):
        return curve.sample(times)


def numbers(values: Array) -> Numbers:
    """Values as JSON: rounded, None where there is none."""
    rounded = [float(f"{value:.{DIGITS}g}") for value in values.tolist()]
    return tuple(value if math.isfinite(value) else None for value in rounded)


def _why_closed(opened: Opened, noted: Noted) -> str:
    """Why no key can be added to a curve; "" if one can."""
    why = opened.why_fixed(noted.value.node, opened.shot_of(noted.value))
    return why or ("" if noted.value.is_map else why_no_number(noted.value, noted.quantity, noted.clock))


def _keys(opened: Opened, noted: Noted) -> Iterator[Key]:
    if not noted.value.is_map:
        yield _constant(opened, noted)
        return
    written = {key.time: key for key in noted.result.keys}
    for entry in entries(noted.value, noted.clock):
        yield _key(opened, noted, entry, written[entry.at].value)


def _constant(opened: Opened, noted: Noted) -> Key:
    value = noted.result.keys[0].value
    why = _why_fixed(opened, noted, noted.value.node) or why_no_number(noted.value, noted.quantity, noted.clock)
    return Key(
        id=id_of(noted),
        time=noted.clock.start,
        value=value,
        easing="linear",
        time_span=None,
        value_span=opened.span(noted.value.node),
        easing_span=None,
        editable=not why,
        time_editable=False,
        why=why,
        step=0.0 if why else step(noted.value, value, noted.quantity, noted.clock),
    )


def _key(opened: Opened, noted: Noted, entry: Entry, value: float) -> Key:
    fixed = _why_fixed(opened, noted, entry.key.node)
    why = fixed or _why_fixed(opened, noted, entry.value.node)
    why = why or why_no_number(entry.value, noted.quantity, noted.clock)
    ease = entry.ease
    return Key(
        id=id_of(noted, entry.number),
        time=noted.clock.start + entry.at,
        value=value,
        easing="linear" if ease is None else str(ease.node.value),
        time_span=opened.span(entry.key.node),
        value_span=opened.span(entry.value.node),
        easing_span=None if ease is None else opened.span(ease.node),
        editable=not why,
        time_editable=not fixed,
        why=why,
        step=0.0 if why else step(entry.value, value, noted.quantity, noted.clock),
    )


def _why_fixed(opened: Opened, noted: Noted, node: yaml.Node) -> str:
    return opened.why_fixed(node, opened.shot_of(noted.value))
