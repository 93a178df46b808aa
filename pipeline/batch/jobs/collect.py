"""Read and check all schedules of a batch before the first one is rendered."""

import glob
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.batch.jobs.job import BROKEN, Job, JobState
from pipeline.batch.jobs.reason import reason
from pipeline.run.session.requests import RunRequest, requests_of
from pipeline.schedule.document.sources import read_text
from pipeline.schedule.origin import Origin
from pipeline.schedule.timeline import Timeline
from pipeline.storage.did_you_mean import SUFFIXES
from pipeline.storage.naming import run_name
from pipeline.storage.store import is_url
from render.errors import InputError

_RUN = "run.json"  # the file beside a run's schedule.yaml
_LOG = logging.getLogger(__name__)


def collect(files: Sequence[Path], out: Path, like: Origin, remote: str | None = None) -> list[JobState]:
    """Return the state of every job of the schedules; an unreadable schedule is broken, with all its problems.

    Args:
        out: the folder in which the runs' folders are created.
        like: how to read each schedule; its `file` is ignored.
        remote: the URL that `out` mirrors, if any.
    """
    states: list[JobState] = []
    folders: set[Path] = set()
    for file in files:
        folder = out / run_name(file, like.draft, like.overrides)
        try:
            if folder in folders:
                raise InputError(f"{file}: another schedule of this name is rendered to {folder}; rename one")
            folders.add(folder)
            requests = requests_of(file, replace(like, file=str(file.absolute())), folder)
            states += [_state_of(request, file, out, remote) for request in requests]
        except Exception as error:  # readers of files may raise anything; the other jobs are rendered
            states.append(JobState(name=folder.name, file=file, status=BROKEN, message=reason(error, file)))
    return states


def expand(written: Sequence[str], lists: Sequence[Path], inputs: Path = Path()) -> list[Path]:
    """Return the schedules that the arguments name, each once, in the order given.

    Args:
        written: files, folders (their *.yaml and *.yml), globs, URLs of buckets.
        lists: files with one of those per line, relative to the file's folder; # begins a comment.
        inputs: the folder to which schedules from buckets are downloaded.

    Raises:
        InputError: a list cannot be read, or a folder or glob contains no schedule.
    """
    found = [path for text in written for path in _schedules_of(text, Path(), inputs)]
    for path in lists:
        lines = (line.strip() for line in read_text(path).splitlines())
        found += [
            schedule
            for line in lines
            if line and line[0] != "#"
            for schedule in _schedules_of(line, path.parent, inputs)
        ]
    once: dict[Path, Path] = {}
    for path in found:
        once.setdefault(path.absolute(), path)
    if not once:
        raise InputError("no schedule given; expected files, folders or globs such as schedules/*.yaml")
    return list(once.values())


def _schedules_of(text: str, base: Path, inputs: Path) -> Iterator[Path]:
    if is_url(text):
        from pipeline.storage.inputs import fetch

        yield from fetch(text, inputs)
        return
    try:
        schedules = list(_on_disk(text, base / text))
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise InputError(f"{base / text}: cannot be read: {why}") from error
    if not schedules:
        raise InputError(f"{base / text}: contains no schedule; expected files that end in {' or '.join(SUFFIXES)}")
    yield from schedules


def _on_disk(text: str, path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(inside for inside in path.iterdir() if inside.suffix in SUFFIXES)
        if deeper := _in_subfolders(path):
            _LOG.warning(
                "%s: schedules in its subfolders are left out (%d); '%s/**/*.yaml' includes them",
                text,
                deeper,
                text.rstrip("/"),
            )
    elif glob.has_magic(text) and not path.exists():
        matches = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207
        yield from (match for match in matches if match.is_file())
    else:
        yield path


def _in_subfolders(path: Path) -> int:
    """Count the schedules in subfolders, one level down; a run's own copy does not count."""
    found = (inside for suffix in SUFFIXES for inside in path.glob(f"*/*{suffix}"))
    return sum(not inside.with_name(_RUN).exists() for inside in found)


def _state_of(request: RunRequest, file: Path, out: Path, remote: str | None) -> JobState:
    schedule = request.schedule
    timeline = Timeline(schedule)
    assert schedule.origin is not None
    name = request.folder.relative_to(out).as_posix()
    job = Job(
        name=name,
        file=file,
        folder=request.folder,
        origin=schedule.origin,
        models=schedule.models,
        batch_key=schedule.batch_key,
        frames=len(timeline),
        cost=timeline.cost,
        shots=tuple(timeline.parallel_ranges),
        remote=f"{remote.rstrip('/')}/{name}" if remote else None,
    )
    return JobState(name=job.name, file=file, job=job)
