"""Splits one schedule into parts: shots that start from noise are rendered in parallel into one folder.

A part is a run of some of these shots (`RunOptions.part`). After its parts, the run itself finds every frame there and
makes the video. Frames, states and hashes are the same as without parts, whichever process rendered them.
"""

import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from pipeline.run.events import Event, Finished
from pipeline.run.run import Run


def shares(jobs: Sequence[tuple[float, int]], room: int) -> list[int]:
    """The number of parts for each job: more than one if there is room for more runs than there are jobs.

    Args:
        jobs: for each job its cost, and the number of shots that can be rendered in parallel.
        room: how many runs can be rendered at the same time.
    """
    counts = [1] * len(jobs)

    def per_part(number: int) -> float:
        """The cost of one part of job `number`; 0 if the job cannot be split further."""
        cost, shots = jobs[number]
        return cost / counts[number] if counts[number] < shots else 0.0

    while jobs and sum(counts) < room:
        largest = max(range(len(jobs)), key=per_part)
        if not per_part(largest):
            break
        counts[largest] += 1
    return counts


def ranges(shots: Sequence[tuple[int, int]], count: int) -> list[tuple[int, int]]:
    """Split the shots into `count` ranges of neighbours with about equally many frames; each has at least one shot."""
    found: list[tuple[int, int]] = []
    left = list(shots)
    for parts_left in range(count, 0, -1):
        begin, last = left[0][0], left[-1][1]
        wanted = begin + (last - begin) / parts_left
        most_shots = len(left) - parts_left + 1
        num_shots = min(range(1, most_shots + 1), key=lambda number: abs(left[number - 1][1] - wanted))
        found.append((begin, left[num_shots - 1][1]))
        left = left[num_shots:]
    return found


def split(runs: Sequence[Run], room: int) -> tuple[list[Run], dict[Run, Run]]:
    """The runs, split into parts if there is room, and for every part the run that makes the video from all parts."""
    found: list[Run] = []
    wholes: dict[Run, Run] = {}
    for run, count in zip(runs, shares([(run.cost, len(run.parallel_ranges)) for run in runs], room), strict=True):
        parts = [run.of_part(part) for part in ranges(run.parallel_ranges, count)] if count > 1 else [run]
        found += parts
        if count > 1:
            wholes |= dict.fromkeys(parts, run.of_the_rest())
    return found, wholes


def joined(
    part_events: Generator[tuple[Run, Event], None, None],
    wholes: Mapping[Run, Run],
    events: Callable[[Run], Generator[Event, None, None]],
) -> Generator[tuple[Run, Event], None, None]:
    """Yield the events of runs and parts and, after the last part of a run, those of making its video.

    The numbers of frames and seconds that this last run reports are totals over all parts.

    Args:
        wholes: see `split`; `part_events` covers either all parts of a run or none.
        events: starts a run and yields its events.
    """
    left = Counter(wholes.values())
    rendered: Counter[Run] = Counter()
    taken_back: Counter[Run] = Counter()
    begun: dict[Run, float] = {}
    with closing(part_events):
        for run, event in part_events:
            yield run, event
            if (whole := wholes.get(run)) is None:
                continue
            begun.setdefault(whole, time.perf_counter())
            if not isinstance(event, Finished):
                continue
            left[whole] -= 1
            rendered[whole] += event.rendered
            taken_back[whole] += event.taken_back
            if left[whole]:
                continue
            for last in events(whole):
                if isinstance(last, Finished):
                    seconds = time.perf_counter() - begun[whole]
                    rendered[whole] += last.rendered
                    taken_back[whole] += last.taken_back
                    last = replace(last, rendered=rendered[whole], taken_back=taken_back[whole], seconds=seconds)
                yield whole, last
