"""From a schedule's file to a `Schedule`. Reading needs no torch.

Every problem of a file is reported at once, each with its place, what was expected, and what is near.
"""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.schedule.document.document import InvalidError, Problems, Value, compose
from pipeline.schedule.document.overrides import KEY as INCLUDE
from pipeline.schedule.document.overrides import OPTION, overridden
from pipeline.schedule.document.sources import Place, read_text, written_out
from pipeline.schedule.document.variants import KEY as VARIANTS
from pipeline.schedule.document.variants import read_matrix
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.frame_rate import NEAR, auto_near, fitting
from pipeline.schedule.fields.names import with_markers, with_variables
from pipeline.schedule.fields.readers import read_entry, read_section, setting_readers
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections import prompts as scenes
from pipeline.schedule.sections.includes import included
from pipeline.schedule.sections.loop import Loop, read_loop
from pipeline.schedule.sections.models import Models
from pipeline.schedule.sections.music import Music, read_music
from pipeline.schedule.sections.output import MAX_FRAMES, Output
from pipeline.schedule.sections.refine import Refine
from pipeline.schedule.sections.shots import read_lengths, read_parts
from pipeline.schedule.warnings import warnings
from render import catalogue
from render.errors import suggestion
from render.motion import transforms

_SECTIONS = (
    *("version", "title", "output", "music", "loop", "markers", "let"),
    *("models", "prompts", "motion", "refine", "losses", "shots"),
)
_INSTEAD = {
    "defaults": "is not a key: what is at the top applies to every shot; include: shares it between files",
}
_HOLDERS: dict[str, type] = {"output": Output, "models": Models, "refine": Refine}
# Keys that people write at the top although they belong in a section: the full name, and how it is written there.
_ELSEWHERE = {
    **{
        name: (f"{section}.{name}", f"{section}: {{{name}: ...}}")
        for section, kind in _HOLDERS.items()
        for name in setting_readers(kind)
    },
    **{
        name: (f"motion.{name}", f"motion: {{{name}: ...}}")
        for name in ("border", "center", *catalogue.names(transforms))
    },
    "model": ("models.latent", "models: {latent: ...}"),
    "bpm": ("music.bpm", "music: {bpm: ...}"),
}
for _name in _SECTIONS:
    _ELSEWHERE.pop(_name, None)


def load_schedule(path: Path, overrides: Sequence[tuple[str, str]] = (), allow_paths: bool = False) -> Schedule:
    """Read a schedule from a file.

    Args:
        overrides: values to put in the place of those that stand in the file, as (path, value).
        allow_paths: let it name files outside its folder.

    Raises:
        InputError: the file cannot be read.
        ScheduleError: what it says is wrong; every problem with its place.
    """
    return read_schedule(read_text(path), str(path), path.stem, overrides, allow_paths)


def read_schedule(
    text: str, file: str, title: str, overrides: Sequence[tuple[str, str]] = (), allow_paths: bool = False
) -> Schedule:
    """Read a schedule from its text; `file` stands in the problems' places, see `load_schedule`.

    Raises:
        InputError: a path in `overrides` leads nowhere.
        ScheduleError: every problem with its place.
    """
    plain = compose(text, file)
    plain.problems.allow_paths = allow_paths
    document, matrix = read_matrix(included(plain))
    document.problems.raise_if_any()
    document = overridden(matrix.first(document), overrides)
    schedule = _assembled(document, title)
    for other in matrix.others(document):
        _assembled(other, title)
    document.problems.raise_if_any()
    if document is not plain:
        text = f"# With all that it includes, varies and sets written out.\n{written_out(document)}"
    return dataclasses.replace(schedule, source=text, variants=matrix.variants())


def _assembled(document: Value, title: str) -> Schedule:
    """The schedule that the document says, without its source; what is wrong is noted."""
    sections = _sections(document)
    output, music, loop, clock = _clock(document, sections)
    models: Models = _section(Models, sections, "models", clock)
    _check_size(document, sections, output, models)
    shots, part = read_parts(document, sections, clock)
    schedule = Schedule(
        source="",
        title=read_entry(fields.text, sections, "title", clock, default=title),
        output=output,
        models=models,
        prompts=part.prompts,
        motion=part.motion,
        refine=part.refine,
        losses=part.losses,
        music=music,
        loop=loop,
        markers=clock.markers,
        shots=tuple(shots),
    )
    if not document.problems.found:
        schedule = dataclasses.replace(schedule, warnings=warnings(schedule, sections, clock, document.problems))
    return schedule


def _sections(document: Value) -> dict[str, Value]:
    """The top-level entries by name, after the checks that need no clock."""
    sections: dict[str, Value] = {}
    problems = document.problems
    with problems.collecting():
        for name, key, value in document.pairs("a map with prompts, motion, ..."):
            if name in _INSTEAD:
                problems.add(InvalidError(key, _INSTEAD[name]))
            elif name in _ELSEWHERE:
                problems.add(InvalidError(key, _belongs(key, *_ELSEWHERE[name])))
            elif name not in _SECTIONS:
                problems.add(InvalidError(key, f"unknown key; {suggestion(name, {*_SECTIONS, INCLUDE, VARIANTS})}"))
            else:
                sections[name] = value
        if not sections.keys() & {"prompts", "shots"}:
            problems.add(InvalidError(document, f"prompts: is missing; expected {scenes.EXPECTED}"))
    if "version" in sections:
        read_entry(_version, sections, "version", Clock(fps=1.0, length=0.0), default=1)
    return sections


def _belongs(key: Value, path: str, written: str) -> str:
    """Where a key belongs, as its source writes it: a file, or `--set`."""
    place = key.node.start_mark
    on_command_line = isinstance(place, Place) and place.name.startswith(OPTION)
    return f"belongs in {path}: write {f'{OPTION} {path}=...' if on_command_line else written}"


def _clock(document: Value, sections: dict[str, Value]) -> tuple[Output, Music, Loop, Clock]:
    """What times and expressions hang on, read in the order in which one needs the other."""
    before = len(document.problems.found)

    def so_far(clock: Clock) -> Clock:
        return dataclasses.replace(clock, known=len(document.problems.found) == before)

    clock = Clock(fps=_fps(sections), length=math.nan)
    music: Music = read_entry(read_music, sections, "music", clock, default=Music())
    clock = so_far(dataclasses.replace(clock, beat=music.beat, signals=music.signals or {}, track=music.length))
    output: Output = _section(Output, sections, "output", clock)
    output = dataclasses.replace(output, length=_length(sections, output, clock))
    clock = so_far(dataclasses.replace(clock, fps=output.fps, length=output.length, seed=output.seed))
    loop: Loop = read_entry(read_loop, sections, "loop", clock, default=Loop())
    clock = so_far(
        dataclasses.replace(clock, markers=music.section_markers, loop=0.0 if loop.boomerang else loop.blend)
    )
    clock = so_far(read_entry(with_markers, sections, "markers", clock, default=clock))
    return output, music, loop, so_far(read_entry(with_variables, sections, "let", clock, default=clock))


def _length(sections: dict[str, Value], output: Output, clock: Clock) -> float:
    """The output's own, or that of all shots."""
    lengths: list[float] | None = read_entry(
        read_lengths, sections, "shots", dataclasses.replace(clock, fps=output.fps), default=None
    )
    if lengths is None:
        return output.length
    given = sections["output"].entries().get("length") if "output" in sections else None
    if given is not None:
        sections["output"].problems.add(InvalidError(given, "the shots have their own lengths; remove this one"))
    if sum(lengths) * output.fps > MAX_FRAMES:
        sections["shots"].problems.add(InvalidError(sections["shots"], f"are more than {MAX_FRAMES:,} frames long"))
        return output.length
    return sum(lengths)


def _version(value: Value, clock: Clock) -> int:
    expected = "version 1, the only one there is"
    if (version := value.scalar(expected)) != 1 or isinstance(version, bool):
        raise value.invalid(expected)
    return 1


def _section(kind: type, sections: dict[str, Value], name: str, clock: Clock) -> Any:
    return read_section(kind, sections[name], clock) if name in sections else kind()


def _fps(sections: dict[str, Value]) -> float:
    """The frame rate alone: a length in frames needs it. If it is wrong, the section says so."""
    entries = sections["output"].entries() if "output" in sections else {}
    near = auto_near(entries["fps"]) if "fps" in entries else None
    if near is not None:
        return _fitting(sections, near)
    fps: float = read_entry(
        setting_readers(Output)["fps"], entries, "fps", Clock(fps=NEAR, length=math.nan), default=NEAR
    )
    return fps


def _fitting(sections: dict[str, Value], near: float) -> float:
    """The rate that `fps: auto` means: music and length are read ahead of time, and what is wrong is noted later."""
    quiet = {}
    for name, value in sections.items():
        problems = Problems(value.problems.file, allow_paths=value.problems.allow_paths)
        quiet[name] = dataclasses.replace(value, problems=problems)
    clock = Clock(fps=near, length=math.nan)
    music: Music = read_entry(read_music, quiet, "music", clock, default=Music())
    clock = dataclasses.replace(clock, beat=music.beat, track=music.length)
    output: Output = _section(Output, quiet, "output", clock)
    lengths: list[float] | None = read_entry(read_lengths, quiet, "shots", clock, default=None)
    wrong = any(quiet[name].problems.found for name in ("music", "output", "shots") if name in quiet)
    return near if wrong else fitting(sum(lengths) if lengths else output.length, music.beat, near)


def _check_size(document: Value, sections: dict[str, Value], output: Output, models: Models) -> None:
    """The model's stride must divide the size; told where the size stands, else where the model does."""
    unit = models.size_unit
    width, height = output.size
    problems = {problem.path.split("[")[0] for problem in document.problems.found}
    if (width % unit or height % unit) and not problems & {"output", "output.size", "models.latent"}:
        fitting = [max(1, round(side / unit)) * unit for side in output.size]
        message = f"expected multiples of {unit} for the latent model '{models.latent.name}', such as {fitting}"
        section, name = ("output", "size") if "output" in sections else ("models", "latent")
        value = sections[section].entries().get(name, sections[section])
        value = dataclasses.replace(value, path=f"{section}.{name}")
        document.problems.add(InvalidError(value, f"{message}, got [{width}, {height}]"))
