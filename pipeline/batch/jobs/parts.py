"""Split one schedule for several workers: its parts become separate jobs, for which it waits.

See `pipeline.run.session.parts`.
"""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.batch.jobs.job import WAITING, Job, JobState
from pipeline.run.session.parts import ranges, shares


def split(states: Sequence[JobState], room: int) -> list[JobState]:
    """Return the jobs, split into parts if there is room for more than there are jobs.

    Args:
        room: how many can be rendered at once.
    """
    waiting = [state for state in states if state.status == WAITING and state.job is not None]
    counts = shares([(state.job.cost, len(state.job.shots)) for state in waiting if state.job], room)
    by_state = {id(state): count for state, count in zip(waiting, counts, strict=True)}
    return [part for state in states for part in _parts(state, by_state.get(id(state), 1))]


def max_parallel(states: Sequence[JobState]) -> int:
    """Count the jobs and parts that could be rendered at once."""
    return sum(max(1, len(state.job.shots)) for state in states if state.job is not None)


def _parts(state: JobState, count: int) -> list[JobState]:
    """Return the parts of a job, followed by the job itself, which waits for them."""
    if count == 1 or state.job is None:
        return [state]
    parts = [_part(state, state.job, begin, end) for begin, end in ranges(state.job.shots, count)]
    state.parts = tuple(parts)
    return [*parts, state]


def _part(state: JobState, job: Job, begin: int, end: int) -> JobState:
    name = f"{job.name} {begin}:{end}"
    share = job.cost * (end - begin) / job.frames
    return JobState(name=name, file=state.file, job=replace(job, name=name, part=(begin, end), cost=share, shots=()))
