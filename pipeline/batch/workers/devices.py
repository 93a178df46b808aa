"""Decide how many workers there are, and which device each one uses."""

import os
from collections.abc import Sequence

from pipeline.batch.jobs.job import JobState
from pipeline.batch.jobs.parts import max_parallel, split
from pipeline.batch.workers.local import LocalPool
from pipeline.batch.workers.on_ray import ClusterOptions, RayPool
from pipeline.batch.workers.options import BatchOptions, WorkerOptions
from pipeline.batch.workers.workers import WorkerPool
from pipeline.run.session.grouping import LARGEST_BATCH


def worker_options(device: str, workers: int | None, jobs: int, options: BatchOptions) -> list[WorkerOptions]:
    """Return the options of every worker: one per GPU unless specified, never more than there are jobs.

    On a CPU the processors are divided among the workers, unless OMP_NUM_THREADS is set. A single worker
    gets all of them, like a single render, so that its frames are the same to the bit.

    Raises:
        InputError: there is no such device.
    """
    devices = _devices(device)
    count = max(1, min(workers or len(devices), jobs))
    on_cpu = devices == ["cpu"]
    threads = None
    if on_cpu and count > 1 and "OMP_NUM_THREADS" not in os.environ:
        threads = max(1, _processors() // count)
    return [
        WorkerOptions(device=devices[number % len(devices)], threads=threads, batch=options) for number in range(count)
    ]


def open_pool(
    cluster: ClusterOptions | None, device: str, workers: int | None, states: Sequence[JobState], options: BatchOptions
) -> tuple[WorkerPool, list[JobState]]:
    """Return the workers, of a cluster or this machine, and the jobs, split if there are fewer jobs than workers.

    Raises:
        InputError: there is no such device or cluster.
    """
    each = options.at_once or LARGEST_BATCH
    if cluster is not None:
        pool = RayPool(cluster, max_parallel(states), options)
        return pool, split(states, pool.room * each)
    parts = split(states, (workers or len(_devices(device))) * each)
    jobs = sum(not state.parts for state in parts)
    return LocalPool(worker_options(device, workers, jobs, options)), parts


def _processors() -> int:
    """The number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # Windows, macOS


def _devices(name: str) -> list[str]:
    if name == "cpu":
        return [name]  # without importing torch
    import torch

    from render.device.device import pick_device

    if name in ("auto", "cuda") and torch.cuda.device_count() > 1:
        return [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return [str(pick_device(name))]
