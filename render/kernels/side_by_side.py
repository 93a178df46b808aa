"""Run independent work in threads side by side, each with a share of torch's threads.

Torch divides every operation among its threads, which then wait for each other. In a small network an operation is
shorter than that wait: with two threads a step waited 250 times in the CLIP alone (bench/RESULTS.md). Whole pieces of
work next to each other wait once.
"""

import ctypes
import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Result = TypeVar("Result")


def run_side_by_side(works: Sequence[Callable[[], Result]], threads_each: int | None = None) -> list[Result]:
    """Run each of `works` in a thread of its own, with the caller's gradient mode; return their results in order.

    On one thread of torch, or where the number of threads cannot be set for one thread alone, they run one after the
    other, as they are. An exception is raised once all have ended.

    Args:
        threads_each: threads of torch for each, at least one; None divides those that there are.
    """
    threads = torch.get_num_threads()
    if threads == 1 or not works or not _can_share():
        return [work() for work in works]
    share = threads_each or max(1, threads // len(works))
    tracked = torch.is_grad_enabled()

    def run(work: Callable[[], Result]) -> Result:
        _set_threads(share)
        with torch.set_grad_enabled(tracked):
            return work()

    running = [_pool().submit(run, work) for work in works]
    for each in running:
        each.exception()  # waits: nothing of this call may go on behind the caller's back
    return [each.result() for each in running]


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="side-by-side")


@functools.cache
def _can_share() -> bool:
    """Whether one thread's number of threads can be set without setting those of others, as OpenMP's standard says."""
    if os.name != "posix" or not hasattr(ctypes.CDLL(None), "omp_set_num_threads"):
        return False
    before = torch.get_num_threads()
    inside = _pool().submit(lambda: (_set_threads(1), torch.get_num_threads())).result()
    return inside[1] == 1 and torch.get_num_threads() == before


def _set_threads(count: int) -> None:
    """Set this thread's number of threads; torch's own function sets that of MKL's threads everywhere."""
    torch.get_num_threads()  # sets this thread's number if it is the first question
    ctypes.CDLL(None).omp_set_num_threads(count)
