"""Time several candidates alternately, so that other load affects all of them alike: medians, and ratios per round."""

import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

Work = Callable[[], object]


@dataclass(kw_only=True)
class Timing:
    """Seconds of one candidate in every round: processor time on a CPU (least affected by load), else wall time."""

    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def times_faster_than(self, other: "Timing") -> float:
        """Median over the rounds of how many times longer the other one took in the same round."""
        return statistics.median(theirs / ours for ours, theirs in zip(self.seconds, other.seconds, strict=True))


def interleave(candidates: Mapping[str, Work], rounds: int) -> dict[str, Timing]:
    """Run every candidate once to warm up, then once per round in a shuffled order."""
    timings = {name: Timing() for name in candidates}
    for work in candidates.values():
        work()
    order = random.Random(0)
    for _ in range(rounds):
        for name in order.sample(list(candidates), len(candidates)):
            timings[name].seconds.append(seconds(candidates[name]))
    return timings


def seconds(work: Work) -> float:
    """How long `work` takes once."""
    cuda = torch.cuda.is_available()
    clock = time.perf_counter if cuda else time.process_time
    if cuda:
        torch.cuda.synchronize()
    begun = clock()
    work()
    if cuda:
        torch.cuda.synchronize()
    return clock() - begun
