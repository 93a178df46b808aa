"""What a plot says about a whole schedule besides its curves: facts, events, beats, and what there is to show."""

from dataclasses import dataclass

from pipeline.schedule.chart import END
from pipeline.schedule.schedule import Schedule
from render.errors import one_line


@dataclass(frozen=True, kw_only=True)
class Event:
    """A marker, or the boundary between two shots, at a time in seconds."""

    time: float
    label: str
    kind: str  # "marker", "cut" or "carry"


def has_regions(schedule: Schedule) -> bool:
    """Whether anything in the schedule is limited to a part of the picture."""
    if any(prompt.region is not None for prompt in schedule.prompts):
        return True
    return any(shot.sections["losses"].regions or shot.sections["keep"] for shot in schedule.shots)


def has_footage(schedule: Schedule) -> bool:
    """Whether anything in the schedule is taken from footage."""
    return any(shot.sections["source"] or shot.sections["motion"].flow for shot in schedule.shots)


def events(schedule: Schedule) -> list[Event]:
    """Markers within the video and the boundaries between shots, in order of time."""
    length = schedule.output.length
    found = [
        Event(time=time, label=one_line(name), kind="marker")
        for name, time in schedule.markers.items()
        if 0 <= time <= length + END
    ]
    for number, shot in enumerate(schedule.shots[1:], start=2):
        kind = "cut" if shot.cut else "carry"
        found.append(Event(time=shot.start, label=f"shot {number} ({kind})", kind=kind))
    return sorted(found, key=lambda event: event.time)


def beat_step(schedule: Schedule, span: float, most: int) -> int | None:
    """How many beats apart to draw lines, so that at most `most` lines fall into `span` seconds.

    Tries a beat, a bar, 4 bars, 16 bars and so on; None without music.
    """
    beat = schedule.music.beat
    if beat is None:
        return None
    step = 1
    while span / (step * beat.seconds) > most:
        step *= schedule.music.beats_per_bar if step == 1 and schedule.music.beats_per_bar > 1 else 4
    return step


def facts(schedule: Schedule) -> str:
    """A one-line summary of the whole video."""
    output = schedule.output
    summary = (
        f"{output.num_frames} frames, {output.length:g} s at {output.fps:g} fps, {output.size[0]}×{output.size[1]}"
    )
    if schedule.music.beat is not None:
        summary += f", {schedule.music.beat.bpm:.5g} bpm"
    return summary
