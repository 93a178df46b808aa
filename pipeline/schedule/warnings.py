"""Warnings about settings that have no effect, or probably not the intended one. None of them is an error."""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline.curves.array import Array
from pipeline.schedule import chart
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import Place, Problems
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.frame_rate import NEAR, as_written, fitting
from pipeline.schedule.flight import open_end
from pipeline.schedule.over_time.footage_report import endings
from pipeline.schedule.over_time.sound import clips_heard
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections.loop import OPEN, gap
from pipeline.video.platforms import PLATFORMS
from render import catalogue
from render.errors import Problem, one_line
from render.motion import transforms

Mask = NDArray[np.bool_]  # a flag for every frame

FEW_STEPS = 5
_INAUDIBLE = 0.01  # seconds by which a repeat may be early or late: detected beats are no more exact
FAST = {"zoom": 0.05, "rotate": 5.0, "pan_x": 0.05, "pan_y": 0.05}  # per frame, in the units of the rates


def warnings(
    schedule: Schedule, sections: Mapping[str, Value], clock: Clock, problems: Problems
) -> tuple[Problem, ...]:
    """All warnings, those collected while reading and those that need the whole schedule, in order of place."""
    if "motion" in sections:
        _motion(schedule, sections["motion"], clock)
    if "depth" in sections:
        _depth(schedule, sections["depth"], clock)
    for steps, frames in _written_steps(schedule, sections, clock):
        _steps(schedule, steps, frames, clock)
    _footage(schedule, sections, clock)
    if "let" in sections:
        _variables(sections["let"], clock)
    if "loop" in sections and not schedule.loop.boomerang:
        _open_curves(schedule, sections["loop"], clock)
        if schedule.loop.blend and (message := open_end(schedule)):
            clock.warn(sections["loop"], message)
    elif "loop" in sections and schedule.music.path is None and any(clips_heard(schedule.shots)):
        clock.warn(
            sections["loop"], "the clip is silent while it plays backwards; sound: false says that this is meant"
        )
    _rounding(schedule, sections, clock)
    if "output" in sections:
        _places(schedule, sections["output"], clock)
    if "music" in sections:
        _music(schedule, sections["music"], clock)
    weight = schedule.losses["prompt"]
    if "losses" in sections and not weight.sample(clock.frames).any():
        clock.warn(sections["losses"], "the prompts have no effect: losses.prompt is 0 in every frame")
    found_problems = Problems(problems.file)
    for invalid in clock.diagnostics.warnings:
        found_problems.add(invalid)
    return tuple(
        sorted(
            set(found_problems.found), key=lambda problem: (problem.file, problem.line, problem.column, problem.message)
        )
    )


def _motion(schedule: Schedule, section: Value, clock: Clock) -> None:
    entries = section.entries()
    turning = schedule.motion.rates.keys() - {"pan_x", "pan_y"}
    shaking = schedule.motion.shake is not None
    if "center" in entries and not turning and not shaking:
        clock.warn(entries["center"], "has no effect: there are only pans, which do not need a centre")
    flowing = any(shot.sections["source"] or shot.sections["motion"].flow for shot in schedule.shots)
    filming = any(shot.sections["camera"].moves for shot in schedule.shots)
    if "border" in entries and not (schedule.motion.rates or shaking or flowing or filming):
        clock.warn(entries["border"], "has no effect: nothing moves")


def _depth(schedule: Schedule, section: Value, clock: Clock) -> None:
    deep = [shot for shot in schedule.shots if shot.sections["depth"]]
    is_seen = any(video.stereo for video in schedule.output.video)
    if deep and not is_seen and not any(shot.sections["camera"].moves for shot in deep):
        clock.warn(section, "has no effect: the camera does not move; write camera: {dolly: 0.3/s} as well")


def _footage(schedule: Schedule, sections: Mapping[str, Value], clock: Clock) -> None:
    """Warn of clips that end early, at the shot that names them."""
    shots = sections["shots"].items("shots") if "shots" in sections else []
    for key, number, message in endings(schedule.shots, clock.frames):
        name, _, inner = key.partition(".")
        own = shots[number].entries() if shots else {}
        found = own.get(name, sections.get(name))
        clock.warn(_entry(found, inner) or found or shots[number], message)


def _written_steps(schedule: Schedule, sections: Mapping[str, Value], clock: Clock) -> Iterator[tuple[Value, Mask]]:
    """Yield each place where `steps` is set, at the top or in a shot, and the frames to which it applies."""
    rest = np.ones(len(clock.frames), dtype=bool)
    shots = sections["shots"].items("shots") if "shots" in sections else []
    starts = [shot.start for shot in schedule.shots]
    for item, start, end in zip(shots, starts, (*starts[1:], np.inf), strict=False):
        if (steps := _entry(item.entries().get("refine"), "steps")) is not None:
            inside = (clock.frames >= start - 1e-9) & (clock.frames < end - 1e-9)
            rest &= ~inside
            yield steps, inside
    if (steps := _entry(sections.get("refine"), "steps")) is not None:
        yield steps, rest


def _entry(section: Value | None, name: str) -> Value | None:
    return None if section is None else section.entries().get(name)


def _steps(schedule: Schedule, written: Value, frames: Mask, clock: Clock) -> None:
    """Warn of too few steps to draw what a fast motion brings into the picture."""
    steps = schedule.refine.steps.sample(clock.frames).round()
    few = frames & (steps > 0) & (steps < FEW_STEPS)
    few[0] = False
    for name in sorted(schedule.motion.rates.keys() & FAST.keys()):
        fast = few & (_speed(schedule, name, clock) > FAST[name] / (clock.length / len(clock.frames)))
        if fast.any():
            frame = int(fast.argmax())
            message = f"{steps[frame]:g} steps are too few for the fast {name} at frame {frame}"
            clock.warn(written, f"{message}; use at least {FEW_STEPS}")


def _speed(schedule: Schedule, name: str, clock: Clock) -> Array:
    """The absolute speed of a transform at every frame, per second."""
    rates = schedule.motion.rates[name].sample(clock.frames)
    multiplicative = catalogue.load(transforms, name).TRANSFORM.multiplicative
    return np.abs(np.log(rates)) if multiplicative else np.abs(rates)


def _open_curves(schedule: Schedule, section: Value, clock: Clock) -> None:
    """Warn of curves that end at another value than they begin with, so the loop jumps at the seam."""
    lines = chart.lines(schedule)
    curves = {line.name: (line.sample, [line.curve]) for line in lines}
    periods = {line.name: line.period for line in lines if line.period is not None}
    for band in chart.bands(schedule):
        curves[f"the weight of '{one_line(band.label, 40)}'"] = (band.sample, list(band.weights))
    for name, (sample, parts) in curves.items():
        follows_music = any(
            key.formula and key.formula.dependencies & clock.names.signals.keys() for part in parts for key in part.keys
        )
        if follows_music:  # a jump is then expected
            continue
        ends = gap(sample, schedule.output.length)
        if ends is not None and not (name in periods and _is_whole((ends[1] - ends[0]) / periods[name])):
            message = f"{name} starts at {ends[0]:.4g} but ends at {ends[1]:.4g}, so the loop jumps"
            clock.warn(section, message)


def _is_whole(number: float) -> bool:
    return abs(number - round(number)) < OPEN


def _rounding(schedule: Schedule, sections: Mapping[str, Value], clock: Clock) -> None:
    if message := repeat_drift(schedule):
        written = _entry(sections.get("output"), "length") or sections.get("shots") or sections.get("loop")
        clock.warn(written or sections["output"], message)


def repeat_drift(schedule: Schedule) -> str:
    """A message on how early or late each repeat begins because its length is rounded to frames; "" if it fits."""
    output, loop = schedule.output, schedule.loop
    late = output.num_frames / output.fps - output.length
    again = loop.blend or any(video.repeat > 1 for video in output.video)
    if abs(late) < _INAUDIBLE or loop.boomerang or not again:
        return ""
    rate = as_written(fitting(output.length, schedule.music.beat, output.fps))
    auto = "auto" if output.fps == NEAR else f"auto {output.fps:.6g}"
    return (
        f"{output.length:.4g} s are {output.length * output.fps:.2f} frames at {output.fps:.6g} fps: the video lasts "
        f"{output.num_frames / output.fps:.4g} s, so every repeat starts {abs(late) * 1000:.0f} ms "
        f"{'late' if late > 0 else 'early'}; use output.fps: {rate} or {auto}"
    )


def _places(schedule: Schedule, section: Value, clock: Clock) -> None:
    for video in schedule.output.video:
        span = PLATFORMS[video.place].seconds if video.place else None
        seconds = schedule.output.length * video.repeat
        if span and not span[0] <= seconds <= span[1]:
            message = f"{video.place} accepts {span[0]:g} to {span[1]:g} s, but the video lasts {seconds:.4g} s"
            clock.warn(section.entries()["video"], message)


def _music(schedule: Schedule, section: Value, clock: Clock) -> None:
    music = schedule.music
    if music.beat is None and music.file is None and not music.signals:
        clock.warn(section, "has no effect without bpm or file")
    if music.length is not None and clock.length > music.length + 1 / clock.fps:
        message = f"the track ends at {music.length:.4g} s, but the video only at {clock.length:.4g} s"
        clock.warn(section.entries()["file"], message)
    for name, entry in (section.entries()["signals"].entries() if music.signals else {}).items():
        if name not in clock.diagnostics.used:
            clock.warn(dataclasses.replace(entry, path=f"music.signals.{name}"), "is defined but never used")


def _variables(section: Value, clock: Clock) -> None:
    """Warn of unused names, except those from an included fragment, which may be there for other schedules."""
    for name, entry in section.entries().items():
        if name not in clock.diagnostics.used and not isinstance(entry.node.start_mark, Place):
            clock.warn(dataclasses.replace(entry, path=f"let.{name}"), "is defined but never used")
