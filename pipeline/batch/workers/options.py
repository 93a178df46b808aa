"""Define the options of a batch and of each of its workers."""

from dataclasses import dataclass

from pipeline.run.run import RunOptions


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """Options for all jobs of a batch; the batch, its workers and Ray's tasks each read their part.

    Attributes:
        offline: do not download models.
        run: the options of every run.
        at_once: how many jobs of one kind a worker refines together; None measures which number is fastest.
        tries: a job fails after this many workers in a row died while rendering it without a new frame.
        fail_fast: stop everything at the first job that fails.
        time_limit: seconds after which the current frames are finished and no more are started.
    """

    offline: bool = False
    run: RunOptions = RunOptions()
    at_once: int | None = 1
    tries: int = 3
    fail_fast: bool = False
    time_limit: float | None = None


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """Options of one worker process.

    Attributes:
        device: see `render.device.device.pick_device`.
        threads: torch's threads on a CPU; None leaves that to torch and OMP_NUM_THREADS.
        batch: the options for all workers.
    """

    device: str
    threads: int | None
    batch: BatchOptions
