"""Warnings: what stands in a schedule and has no effect, or hardly the wanted one. None of it is an error."""

import dataclasses

import numpy as np

from pipeline.document import Problems, Value
from pipeline.easings import Array
from pipeline.fields import Clock
from pipeline.schedule import Schedule
from pipeline.sources import Place
from render import catalogue, transforms
from render.errors import Problem

FEW_STEPS = 5
FAST = {"zoom": 0.05, "rotate": 5.0, "pan_x": 0.05, "pan_y": 0.05}  # in one frame


def warnings(schedule: Schedule, sections: dict[str, Value], clock: Clock, problems: Problems) -> tuple[Problem, ...]:
    """Everything that reading noted, and what only the whole schedule tells, in order of place."""
    if "motion" in sections:
        _motion(schedule, sections["motion"], clock)
    if "refine" in sections:
        _steps(schedule, sections["refine"], clock)
    if "let" in sections:
        _variables(sections["let"], clock)
    if "music" in sections and schedule.music.bpm is None:
        clock.remark(sections["music"], "has no effect without bpm")
    weight = schedule.losses["prompt"]
    if "losses" in sections and not weight.sample(clock.frames).any():
        clock.remark(sections["losses"], "the prompts have no effect, since losses.prompt is 0 in every frame")
    noted = type(problems)(problems.file)
    for invalid in clock.remarks:
        noted.add(invalid)
    return tuple(sorted(set(noted.found), key=lambda problem: (problem.file, problem.line, problem.column)))


def _motion(schedule: Schedule, section: Value, clock: Clock) -> None:
    entries = section.entries()
    turning = schedule.motion.rates.keys() - {"pan_x", "pan_y"}
    if "center" in entries and not turning:
        clock.remark(entries["center"], "has no effect: nothing moves but pans, and those need no centre")
    if "border" in entries and not schedule.motion.rates:
        clock.remark(entries["border"], "has no effect: nothing moves")


def _steps(schedule: Schedule, section: Value, clock: Clock) -> None:
    """Few steps cannot draw what a fast motion brings in."""
    entries = section.entries()
    if "steps" not in entries:
        return
    steps = schedule.refine.steps.sample(clock.frames).round()
    few = (steps > 0) & (steps < FEW_STEPS)
    for name in schedule.motion.rates.keys() & FAST.keys():
        fast = few & (_speed(schedule, name, clock) > FAST[name] / (clock.length / len(clock.frames)))
        if fast[1:].any():
            frame = int(fast[1:].argmax()) + 1
            said = f"{steps[frame]:g} steps are few for the fast {name} at frame {frame}"
            clock.remark(entries["steps"], f"{said}; from {FEW_STEPS} on it can follow")


def _speed(schedule: Schedule, name: str, clock: Clock) -> Array:
    """How fast the transform moves at every frame, per second, as an absolute amount."""
    rates = schedule.motion.rates[name].sample(clock.frames)
    multiplicative = catalogue.load(transforms, name).TRANSFORM.multiplicative
    return np.abs(np.log(rates)) if multiplicative else np.abs(rates)


def _variables(section: Value, clock: Clock) -> None:
    """Names of a fragment are there for others, too."""
    for name, entry in section.entries().items():
        if name not in clock.used and not isinstance(entry.node.start_mark, Place):
            clock.remark(dataclasses.replace(entry, path=f"let.{name}"), "is used by no expression")
