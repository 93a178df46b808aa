"""The axis of time: what a page shows of a schedule, each thing with the place in the text that decides it."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np

from pipeline.curves.array import Array
from pipeline.schedule.document.document import Value
from pipeline.schedule.fields.frame_rate import is_source
from pipeline.studio.text.curves import curves, numbers
from pipeline.studio.text.opened import Opened, opened
from pipeline.studio.text.prompts import guides, prompts, relative
from pipeline.studio.text.view import Edge, MarkerView, MusicView, Part, ShotView, SignalView, TimelineView

SAMPLES = 2000
MAX_BEATS = 20_000
_IN_MUSIC = "it was found in the music"


def timeline(text: str, path: str, folder: Path) -> TimelineView:
    """What a page shows of the schedule at `path`, relative to `folder`, if its text is `text`.

    Raises:
        InputError: the text is not valid; a `ScheduleError` has every problem with its place.
    """
    return timeline_of(opened(text, folder / path), folder)


def timeline_of(opened: Opened, folder: Path) -> TimelineView:
    """What a page shows of a schedule that has been read."""
    schedule, output = opened.schedule, opened.schedule.output
    grid = np.linspace(0.0, output.length, min(SAMPLES, output.num_frames + 1))
    music = schedule.music
    return TimelineView(
        fps=output.fps,
        frames=output.num_frames,
        seconds=output.length,
        loop=schedule.loop.boomerang or schedule.loop.blend > 0,
        samples=len(grid),
        beats=_beats(opened, 1),
        bars=_beats(opened, music.beats_per_bar),
        sections=_sections(opened),
        signals=tuple(
            SignalView(name=name, values=numbers(signal.at(grid))) for name, signal in (music.signals or {}).items()
        ),
        music=MusicView(path=relative(music.path, folder), start=music.start) if music.path else None,
        markers=_markers(opened),
        shots=_shots(opened),
        guides=guides(opened, folder),
        prompts=prompts(opened),
        curves=curves(opened, grid),
    )


def _beats(opened: Opened, every: int) -> tuple[float, ...]:
    """The times of beats, or of every so many of them, within the film."""
    beat, length = opened.schedule.music.beat, opened.schedule.output.length
    if beat is None:
        return ()
    first, last = beat.beats_at(np.array([0.0, length])) / every
    count = np.arange(math.ceil(first - 1e-6), min(math.floor(last + 1e-6), math.ceil(first) + MAX_BEATS) + 1)
    times: Array = np.maximum(beat.times_of(count * every), 0.0)
    return tuple(round(float(at), 6) for at in times)


def _sections(opened: Opened) -> tuple[Part, ...]:
    names = [*opened.schedule.music.section_markers.items(), ("", opened.schedule.output.length)]
    return tuple(
        Part(start=start, end=end, label=name)
        for (name, start), (_, end) in pairwise(names)
        if start < opened.schedule.output.length
    )


def _markers(opened: Opened) -> tuple[MarkerView, ...]:
    section = opened.reading.entries.get("markers")
    written = section.entries() if section else {}
    return tuple(_marker(opened, name, at, written.get(name)) for name, at in opened.schedule.markers.items())


def _marker(opened: Opened, name: str, at: float, value: Value | None) -> MarkerView:
    why = _IN_MUSIC if value is None else opened.why_fixed(value.node)
    span = None if value is None else opened.span(value.node)
    return MarkerView(name=name, time=at, span=span, editable=not why, why=why)


def _shots(opened: Opened) -> tuple[ShotView, ...]:
    """The listed shots; empty if the schedule lists none."""
    if not opened.shots:
        return ()
    starts = [*(shot.start for shot in opened.schedule.shots), opened.schedule.output.length]
    return tuple(
        ShotView(
            name=f"shot {number + 1}",
            start=starts[number],
            end=starts[number + 1],
            cut=opened.schedule.shots[number].cut,
            span=opened.span(item.node),
            edges=(_end(opened, item, starts[number + 1]),),
        )
        for number, item in enumerate(opened.shots)
    )


def _end(opened: Opened, item: Value, at: float) -> Edge:
    length = item.entries()["length"]
    why = "it lasts as long as its clip" if is_source(length) else opened.why_fixed(length.node)
    return Edge(id=length.path, kind="end", time=at, span=opened.span(length.node), editable=not why, why=why)
