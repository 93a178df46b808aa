"""One schedule for several workers: its parts are entries of their own, and it waits for them.

See `pipeline.run.session.parts`.
"""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.batch.jobs.job import WAITING, Entry, Work
from pipeline.run.session.parts import ranges, shares


def split(entries: Sequence[Entry], room: int) -> list[Entry]:
    """The entries, with jobs split into parts where there is room for more than there are jobs.

    Args:
        room: how many could be rendered at once.
    """
    waiting = [entry for entry in entries if entry.state == WAITING and entry.work is not None]
    counts = shares([(entry.work.cost, len(entry.work.shots)) for entry in waiting if entry.work], room)
    by_entry = {id(entry): count for entry, count in zip(waiting, counts, strict=True)}
    return [part for entry in entries for part in _parts(entry, by_entry.get(id(entry), 1))]


def most(entries: Sequence[Entry]) -> int:
    """How many could be rendered at once."""
    return sum(max(1, len(entry.work.shots)) for entry in entries if entry.work is not None)


def _parts(entry: Entry, count: int) -> list[Entry]:
    """The parts of a job, and behind them the job itself, which waits for them."""
    if count == 1 or entry.work is None:
        return [entry]
    parts = [_part(entry, entry.work, begin, end) for begin, end in ranges(entry.work.shots, count)]
    entry.after = tuple(parts)
    return [*parts, entry]


def _part(entry: Entry, work: Work, begin: int, end: int) -> Entry:
    name = f"{work.name} {begin}:{end}"
    share = work.cost * (end - begin) / work.frames
    return Entry(name=name, file=entry.file, work=replace(work, name=name, part=(begin, end), cost=share, shots=()))
