"""How many workers there are, and which device each has."""

import os
from collections.abc import Sequence

from pipeline.batch.crew import Crew
from pipeline.batch.entry import Entry
from pipeline.batch.hands import Hands
from pipeline.batch.on_ray import ClusterOptions, RayCrew
from pipeline.batch.parts import most, split
from pipeline.batch.worker import Conditions
from pipeline.run import RunOptions


def places(device: str, workers: int | None, jobs: int, offline: bool, options: RunOptions) -> list[Conditions]:
    """The conditions of every worker: one per GPU unless said otherwise, never more than there are jobs.

    Processors are shared out among workers on a CPU, unless OMP_NUM_THREADS does. One worker there
    has all of them, as a single render does, so that its frames are the same to the bit.

    Raises:
        InputError: there is no such device.
    """
    devices = _devices(device)
    count = max(1, min(workers or len(devices), jobs))
    on_cpu = devices == ["cpu"]
    threads = None
    if on_cpu and count > 1 and "OMP_NUM_THREADS" not in os.environ:
        threads = max(1, len(os.sched_getaffinity(0)) // count)
    return [
        Conditions(device=devices[number % len(devices)], threads=threads, offline=offline, options=options)
        for number in range(count)
    ]


def hands(
    cluster: ClusterOptions | None,
    device: str,
    workers: int | None,
    entries: Sequence[Entry],
    offline: bool,
    options: RunOptions,
) -> tuple[Hands, list[Entry]]:
    """Those of a cluster, or workers of this machine; and the jobs, split where there are fewer than workers.

    Raises:
        InputError: there is no such device or cluster.
    """
    if cluster is not None:
        crew = RayCrew(cluster, most(entries), offline, options)
        return crew, split(entries, crew.room)
    parts = split(entries, workers or len(_devices(device)))
    at_once = sum(not entry.after for entry in parts)
    return Crew(places(device, workers, at_once, offline, options)), parts


def _devices(name: str) -> list[str]:
    if name == "cpu":
        return [name]  # torch need not be asked
    import torch

    from render.device import pick_device

    if name in ("auto", "cuda") and torch.cuda.device_count() > 1:
        return [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return [str(pick_device(name))]
