"""Loads a schedule file into a `Schedule`; needs no torch.

Reports every problem in the file at once, each with its place, what was expected, and similar known names.
"""

import dataclasses
import math
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

from pipeline.schedule.document.document import Value, compose
from pipeline.schedule.document.overrides import OPTION, overridden
from pipeline.schedule.document.problems import InvalidError, Place
from pipeline.schedule.document.sources import read_text, written_out
from pipeline.schedule.document.variants import read_matrix
from pipeline.schedule.fields.clock import Clock, Diagnostics, Noted
from pipeline.schedule.fields.segmenters import has_texts
from pipeline.schedule.flight import require_flight
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections import Reading, belongs, declared, fixed, in_reading_order
from pipeline.schedule.sections.depth import estimating
from pipeline.schedule.sections.include import included
from pipeline.schedule.sections.output import Output, frame_rate
from pipeline.schedule.sections.output_stereo import check_stereo
from pipeline.schedule.sections.shots import Shot
from pipeline.schedule.sections.start import with_priors
from pipeline.schedule.warnings import warnings
from render.errors import suggestion
from render.models.model import Model

_INSTEAD = {
    "defaults": "is not a key: sections at the top apply to every shot; use include: to share them between files",
}


def load_schedule(path: Path, overrides: Sequence[tuple[str, str]] = (), allow_paths: bool = False) -> Schedule:
    """Load a schedule from a file.

    Args:
        overrides: values that replace those in the file, as (path, value).
        allow_paths: allow the schedule to name files outside its folder.

    Raises:
        InputError: the file cannot be read.
        ScheduleError: its content is not valid; lists every problem with its place.
    """
    return read_schedule(read_text(path), str(path), path.stem, overrides, allow_paths)


def read_schedule(
    text: str, file: str, title: str, overrides: Sequence[tuple[str, str]] = (), allow_paths: bool = False
) -> Schedule:
    """Read a schedule from its text; `file` is its name in error messages, see `load_schedule`.

    Raises:
        InputError: a path in `overrides` leads nowhere.
        ScheduleError: the text is not valid; lists every problem with its place.
    """
    plain = compose(text, file)
    plain.problems.allow_paths = allow_paths
    return read_document(plain, text, title, overrides)


def read_document(
    plain: Value,
    text: str,
    title: str,
    overrides: Sequence[tuple[str, str]] = (),
    noted: list[Noted] | None = None,
) -> Schedule:
    """Read a schedule from its composed text; what is read where is added to `noted`, at last the whole document.

    Raises:
        As `read_schedule`.
    """
    document, matrix = read_matrix(included(plain), fixed())
    document.problems.raise_if_any()
    document = overridden(matrix.first(document), overrides)
    schedule = _assembled(document, title, noted)
    for other in matrix.others(document, [path for path, _ in overrides]):
        _assembled(other, title)
    document.problems.raise_if_any()
    if document is not plain:
        text = f"# With all that it includes, varies and sets written out.\n{written_out(document)}"
    return dataclasses.replace(schedule, text=text, variants=matrix.variants())


def _assembled(document: Value, title: str, noted: list[Noted] | None = None) -> Schedule:
    """Build the schedule from the document, without its text; problems are collected."""
    reading = _read(document, noted)
    found = dict(reading.found)
    found["shots"] = found["shots"].shots
    latents = [shot.models.latent for shot in found["shots"]]
    models = with_priors(found["models"], found["start"], latents)
    footage = any(shot.sections["source"] or shot.sections["motion"].flow for shot in found["shots"])
    found["models"] = dataclasses.replace(
        models,
        finds_texts=_finds_texts(found),
        finds_motion=footage,
        depths=_estimating(found["shots"], found["output"]),
    )
    found["title"] = found["title"] or title
    fields = {field.name for field in dataclasses.fields(Schedule)}
    others = {name: found.pop(name) for name in [*found] if name not in fields}
    schedule = Schedule(text="", others=others, **found)
    problems = document.problems
    if not problems.found:
        require_flight(schedule, reading.entries, problems)
        deep = all(shot.sections["depth"] for shot in schedule.shots)
        section = reading.entries["output"].entries() if "output" in reading.entries else {}
        check_stereo(schedule.output, schedule.output.video, deep, section, problems)
        found_warnings = warnings(schedule, reading.entries, reading.clock, problems)
        schedule = dataclasses.replace(schedule, warnings=found_warnings)
    return schedule


def _estimating(shots: Sequence[Shot], output: Output) -> tuple[Model, ...]:
    for_eyes = any(video.stereo for video in output.video)
    return estimating(((shot.sections["camera"], shot.sections["depth"]) for shot in shots), for_eyes)


def _finds_texts(found: dict[str, Any]) -> bool:
    """Whether a region anywhere is a text, which takes a model to find."""
    regions = [prompt.region for prompt in found["prompts"]]
    for shot in found["shots"]:
        kept = shot.sections["keep"]
        regions += [*shot.sections["losses"].regions.values(), kept and kept.region]
    return has_texts(regions)


def _read(document: Value, noted: list[Noted] | None) -> Reading:
    """Read every section of the document, each after those that it depends on."""
    sections = in_reading_order()
    entries = _entries(document, sections)
    before = len(document.problems.found)
    found: dict[str, Any] = {}
    clock = Clock(fps=frame_rate(entries), length=math.nan, diagnostics=Diagnostics(noted=noted))
    for name, section in sections.items():
        reading = Reading(document=document, entries=entries, clock=clock, found=found)
        if section.join is not None:
            found[name] = found["shots"].joined[name]
        elif section.read is not None:
            found[name] = section.read(reading)
        if section.clock is not None:
            known = len(document.problems.found) == before
            clock = dataclasses.replace(section.clock(found[name], clock), known=known)
    reading = Reading(document=document, entries=entries, clock=clock, found=found)
    clock.note(document, reading)
    return reading


def _entries(document: Value, sections: Container[str]) -> dict[str, Value]:
    """The top-level entries of the sections by name; a key that is none of them is reported."""
    entries: dict[str, Value] = {}
    problems = document.problems
    with problems.collecting():
        for name, key, value in document.pairs("a map with prompts, motion, ..."):
            if name in sections:
                entries[name] = value
            else:
                problems.add(InvalidError(key, _INSTEAD.get(name) or _unknown(name, key)))
    return entries


def _unknown(name: str, key: Value) -> str:
    """A hint for an unknown key: the section it belongs in, written as in a file or for `--set`, or a similar key."""
    if (place := belongs(name)) is None:
        return f"unknown key; {suggestion(name, declared())}"
    section, inside = place
    mark = key.node.start_mark
    on_command_line = isinstance(mark, Place) and mark.name.startswith(OPTION)
    written = f"{OPTION} {section}.{inside}=..." if on_command_line else f"{section}: {{{inside}: ...}}"
    return f"belongs in {section}.{inside}: write {written}"
