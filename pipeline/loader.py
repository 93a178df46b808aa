"""From a schedule's file to a `Schedule`. Reading needs no torch.

Every problem of a file is reported at once, each with its place, what was expected, and what is near.
"""

import dataclasses
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import fields, scenes
from pipeline.curves import Curve
from pipeline.document import InvalidError, Value, compose
from pipeline.fields import Clock, read_map, read_section, setting_readers
from pipeline.keyframes import curve
from pipeline.quantities import number, rate, share
from pipeline.schedule import (
    DEFAULT_LOSSES,
    Models,
    Motion,
    Output,
    Refine,
    Schedule,
    size_unit,
)
from render import catalogue, losses, transforms
from render.errors import InputError, suggestion
from render.spec import BORDERS
from render.transforms import Transform

MAX_BYTES = 1_000_000
_SECTIONS = ("version", "title", "output", "models", "prompts", "motion", "refine", "losses")
_LATER = ("markers", "music", "loop")  # of the language, but not of this version


def load_schedule(path: Path) -> Schedule:
    """Read a schedule from a file.

    Raises:
        InputError: the file cannot be read.
        ScheduleError: what it says is wrong; every problem with its place.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise InputError(f"{path}: more than {MAX_BYTES:,} bytes; is this a schedule?")
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start})") from error
    return read_schedule(text, str(path), path.stem)


def read_schedule(text: str, file: str, title: str) -> Schedule:
    """Read a schedule from its text; `file` stands in the problems' places.

    Raises:
        ScheduleError: every problem with its place.
    """
    document = compose(text, file)
    sections = _sections(document)
    # Times are relative to the output's fps and length, so it is read first; its own times are not.
    before = len(document.problems.found)
    output = _section(Output, sections, "output", Clock(fps=_fps(sections), length=math.nan))
    clock = Clock(fps=output.fps, length=output.length, known=len(document.problems.found) == before)
    models: Models = _section(Models, sections, "models", clock)
    _check_size(document, sections, output, models)
    prompts, blend = _read(scenes.read_prompts, sections, "prompts", clock, default=((), "weights"))
    schedule = Schedule(
        source=text,
        title=_read(fields.text, sections, "title", clock, default=title),
        output=output,
        models=models,
        prompts=prompts,
        blend=blend,
        motion=_motion(sections, clock),
        refine=_section(Refine, sections, "refine", clock),
        losses=_losses(sections, clock),
    )
    document.problems.raise_if_any()
    return schedule


def _sections(document: Value) -> dict[str, Value]:
    """The top-level entries by name, after the checks that need no clock."""
    sections: dict[str, Value] = {}
    problems = document.problems
    with problems.collecting():
        for name, key, value in document.pairs("a map with prompts, motion, ..."):
            if name in _LATER:
                problems.add(InvalidError(key, "is part of the language, but this version cannot read it yet"))
            elif name not in _SECTIONS:
                problems.add(InvalidError(key, f"unknown key; {suggestion(name, _SECTIONS)}"))
            else:
                sections[name] = value
        if "prompts" not in sections:
            problems.add(InvalidError(document, f"prompts: is missing; expected {scenes.EXPECTED}"))
    if "version" in sections:
        _read(_version, sections, "version", Clock(fps=1.0, length=0.0), default=1)
    return sections


def _version(value: Value, clock: Clock) -> int:
    expected = "version 1, the only one there is"
    if (version := value.scalar(expected)) != 1 or isinstance(version, bool):
        raise value.invalid(expected)
    return 1


def _section(kind: type, sections: dict[str, Value], name: str, clock: Clock) -> Any:
    return read_section(kind, sections[name], clock) if name in sections else kind()


def _read(reader: fields.Reader, sections: dict[str, Value], name: str, clock: Clock, default: Any) -> Any:
    """The section `name`, or the default where it is missing or wrong; what is wrong is noted."""
    if name in sections:
        with sections[name].problems.collecting():
            return reader(sections[name], clock)
    return default


def _fps(sections: dict[str, Value]) -> float:
    """The frame rate alone: a length in frames needs it. If it is wrong, the section says so."""
    fallback = Output().fps
    entries = sections["output"].entries() if "output" in sections else {}
    fps: float = _read(
        setting_readers(Output)["fps"], entries, "fps", Clock(fps=fallback, length=math.nan), default=fallback
    )
    return fps


def _check_size(document: Value, sections: dict[str, Value], output: Output, models: Models) -> None:
    """The model's stride must divide the size; told where the size stands, else where the model does."""
    unit = size_unit(models.latent)
    width, height = output.size
    problems = {problem.path.split("[")[0] for problem in document.problems.found}
    if (width % unit or height % unit) and not problems & {"output", "output.size", "models.latent"}:
        fitting = [max(1, round(side / unit)) * unit for side in output.size]
        message = f"expected multiples of {unit} for the latent model '{models.latent.name}', such as {fitting}"
        section, name = ("output", "size") if "output" in sections else ("models", "latent")
        value = sections[section].entries().get(name, sections[section])
        value = dataclasses.replace(value, path=f"{section}.{name}")
        document.problems.add(InvalidError(value, f"{message}, got [{width}, {height}]"))


def _motion(sections: dict[str, Value], clock: Clock) -> Motion:
    if "motion" not in sections:
        return Motion()
    moves = {name: catalogue.load(transforms, name).TRANSFORM for name in catalogue.names(transforms)}
    readers: dict[str, fields.Reader] = {name: _move(move) for name, move in moves.items()}
    read = read_map({**readers, "center": _center, "border": fields.choice(BORDERS)}, sections["motion"], clock)
    placed = {name: read.pop(name) for name in ("center", "border") if name in read}
    return Motion(rates=read, **placed)


def _move(move: Transform) -> fields.Reader:
    """The curve of one transform; a factor that an easing drives to 0 or below is told at once."""
    plain = curve(rate(move))

    def read(value: Value, clock: Clock) -> Curve:
        result: Curve = plain(value, clock)
        if move.multiplicative and clock.known:
            for start, end in pairwise(result.keys):
                times = np.linspace(start.time, end.time, 4097)
                values = result.sample(times)
                if values.min() <= 0:
                    lowest = f"{values.min():.3g} at {times[values.argmin()]:.2f} s"
                    raise InvalidError(value, f"falls to {lowest} and must stay above 0; {end.easing} overshoots")
        return result

    return read


def _center(value: Value, clock: Clock) -> tuple[Curve, Curve]:
    expected = "two shares of the width and height such as [0.5, 0.5]"
    parts = value.items(expected)
    if len(parts) != 2:
        raise value.invalid(expected)
    across, down = fields.read_each(curve(share), parts, clock)
    return across, down


def _losses(sections: dict[str, Value], clock: Clock) -> dict[str, Curve]:
    """Weights of the guidance losses; what is not named keeps its default."""
    weights = {name: Curve.constant(weight) for name, weight in DEFAULT_LOSSES.items()}
    if "losses" in sections:
        readers: dict[str, fields.Reader] = {name: curve(number(-1000, 1000)) for name in catalogue.names(losses)}
        weights.update(read_map(readers, sections["losses"], clock))
    return weights
