"""One schedule for several workers: shots that start from noise are rendered side by side into one folder.

A part is a run of some of them (`RunOptions.part`); the job itself comes after its parts, finds every frame and makes
the video. Frames, states and hashes are those of a single run, whoever rendered them.
"""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.batch.entry import WAITING, Entry, Work


def split(entries: Sequence[Entry], room: int) -> list[Entry]:
    """The entries, with jobs split into parts where there is room for more workers than there are jobs.

    Args:
        room: how many workers there can be.
    """
    waiting = [entry for entry in entries if entry.state == WAITING and entry.work is not None]
    counts = {id(entry): 1 for entry in waiting}

    def per_part(entry: Entry) -> float:
        """What a part costs; nothing where there can be no more parts."""
        assert entry.work is not None
        count = counts[id(entry)]
        return entry.work.cost / count if count < len(entry.work.shots) else 0.0

    while waiting and sum(counts.values()) < room:
        largest = max(waiting, key=per_part)
        if not per_part(largest):
            break
        counts[id(largest)] += 1
    return [part for entry in entries for part in _parts(entry, counts.get(id(entry), 1))]


def most(entries: Sequence[Entry]) -> int:
    """How many workers could be busy at once."""
    return sum(max(1, len(entry.work.shots)) for entry in entries if entry.work is not None)


def _parts(entry: Entry, count: int) -> list[Entry]:
    """The parts of a job, and behind them the job itself, which waits for them."""
    if count == 1 or entry.work is None:
        return [entry]
    parts = [_part(entry, entry.work, begin, end) for begin, end in _ranges(entry.work.shots, count)]
    entry.after = tuple(parts)
    return [*parts, entry]


def _part(entry: Entry, work: Work, begin: int, end: int) -> Entry:
    name = f"{work.name} {begin}:{end}"
    share = work.cost * (end - begin) / work.frames
    return Entry(name=name, file=entry.file, work=replace(work, name=name, part=(begin, end), cost=share, shots=()))


def _ranges(shots: Sequence[tuple[int, int]], count: int) -> list[tuple[int, int]]:
    """`count` runs of neighbouring shots, each of about as many frames; never fewer than one shot."""
    found: list[tuple[int, int]] = []
    left = list(shots)
    for parts_left in range(count, 0, -1):
        begin, last = left[0][0], left[-1][1]
        wanted = begin + (last - begin) / parts_left
        most_shots = len(left) - parts_left + 1
        taken = min(range(1, most_shots + 1), key=lambda number: abs(left[number - 1][1] - wanted))
        found.append((begin, left[taken - 1][1]))
        left = left[taken:]
    return found
