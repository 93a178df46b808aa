"""Run a batch on a Ray cluster: a job, or several in lockstep, is a task, which Ray places where there is room.

When a process or node is lost, the batch assigns its jobs again, by the same rule for blaming a job as with local
workers; Ray's own retries would treat a node that is lost after hours of work like a job that always crashes.

No data of a job is only on one node: its folder is on a file system that all nodes share, or in a bucket.
Only this module imports Ray.
"""

import contextlib
import itertools
import os
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.batch.jobs.job import Job, JobState
from pipeline.batch.workers.options import BatchOptions
from pipeline.batch.workers.process import CRASHED, Crashed, Idle, JobEvent, Note, memory
from pipeline.batch.workers.ray_worker import RayWorker
from pipeline.batch.workers.rendering import Logs, gist, render_jobs
from pipeline.run.events import RUN_AGAIN, Interrupted
from pipeline.run.session.grouping import AtOnce
from pipeline.run.session.session import Session
from pipeline.schedule.schedule import Schedule
from render.device.environment import prepare_environment
from render.errors import InputError, RunError

if TYPE_CHECKING:
    from ray.util.queue import Queue

_KEPT: dict[BatchOptions, tuple[Session, AtOnce]] = {}  # in this process, to which Ray gives one task after the other


@dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """How jobs are placed on a cluster.

    Attributes:
        address: `ray://host:10001`, or `auto` for the cluster that this machine is part of; None starts Ray locally.
        jobs: how many jobs run at once; None: as many as the cluster has GPUs or processors.
        gpus: GPUs per job, may be a fraction; None: one if there are GPUs, else none.
    """

    address: str | None = None
    jobs: int | None = None
    gpus: float | None = None


def render_task(
    number: int, loaded: Sequence[tuple[Job, Schedule]], options: BatchOptions, queue: "Queue"
) -> int | None:
    """Render jobs in a process of the cluster; put events into `queue`, with the task's number.

    If the process cannot continue, as after a failure of its GPU, it ends: the next task gets a new one.

    Returns:
        The best number of jobs of their kind to refine together, if measured.
    """
    prepare_environment()
    jobs = [job for job, _ in loaded]
    schedules = {job.name: schedule for job, schedule in loaded}
    session, at_once = _KEPT.setdefault(
        options, (Session("auto", options.offline), AtOnce(options.at_once, lambda text: None))
    )

    def send(message: object) -> None:
        queue.put((number, message))

    def schedule_of(job: Job) -> Schedule:
        return schedules[job.name]

    at_once.note = lambda text: send(Note(text=text))
    logs = Logs(jobs)
    logs.begin(f"node {_node()}")
    try:
        events = render_jobs(jobs, schedule_of, session, options.run, at_once)
        with logs.listening(), contextlib.closing(events):
            for job, event in events:
                logs.event(job, event)
                send(JobEvent(job=job.name, event=event, memory=memory()))
    except Exception as error:
        logs.write(traceback.format_exc())
        send(Crashed(message=gist(error)))
        os._exit(CRASHED)
    return at_once.measured(jobs[0].batch_key)


class RayPool:
    """Runs as many jobs at once as the cluster has room for; the others wait here.

    Raises:
        InputError: the extra `cluster` is not installed, or there is no such cluster.
    """

    def __init__(self, cluster: ClusterOptions, jobs: int, options: BatchOptions) -> None:
        if cluster.address is None:  # it listens on all networks: without a token, anyone who can connect can run code
            os.environ.setdefault("RAY_AUTH_MODE", "token")  # read when ray is imported
        try:
            import ray
        except ImportError as error:
            raise InputError("--engine ray needs one more package: pip install '.[cluster]'") from error
        from ray.util.queue import Queue
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self._ray = ray
        self._ours = not ray.is_initialized()
        if self._ours:
            try:
                ray.init(address=cluster.address or "local", include_dashboard=False, log_to_driver=False)
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise InputError(f"--address {cluster.address}: no Ray cluster responds: {error}") from error
        resources = ray.cluster_resources()
        gpus = cluster.gpus if cluster.gpus is not None else float(resources.get("GPU", 0) > 0)
        slots = int(resources["GPU"] / gpus) if gpus else int(resources.get("CPU", 1))
        self._workers = [RayWorker(cluster=self) for _ in range(max(1, min(cluster.jobs or slots, jobs)))]
        self._device = "gpu" if gpus else "cpu"
        # A process keeps its models for the next task; Ray's default for GPUs is a new process per task.
        self._task = ray.remote(num_gpus=gpus, num_cpus=1, max_calls=0, max_retries=0)(render_task)
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self._messages = Queue(actor_options={"num_cpus": 0, "scheduling_strategy": here})
        self._options = options
        self._numbers = itertools.count()

    def submit(self, loaded: Sequence[tuple[Job, Schedule]]) -> tuple[Any, int]:
        """Start a task that renders these jobs; return it and its number."""
        number = next(self._numbers)
        return self._task.remote(number, loaded, self._options, self._messages), number

    def cancel(self, task: Any) -> None:
        self._ray.cancel(task, force=False)

    @property
    def room(self) -> int:
        return len(self._workers)

    def working(self) -> list[RayWorker]:
        return [worker for worker in self._workers if worker.states]

    def free_slots(self) -> Iterator[tuple[int, RayWorker | None]]:
        for number, worker in enumerate(self._workers):
            if not worker.states:
                yield number, worker

    def start(self, slot: int) -> RayWorker:
        return self._workers[slot]

    def device(self, slot: int) -> str:
        return self._device

    def wait(self, seconds: float) -> None:
        """Receive the messages in the queue, and detect which tasks have ended."""
        by_task = {worker.task: worker for worker in self.working() if worker.task is not None}
        done, _ = self._ray.wait(list(by_task), timeout=min(seconds, 0.2)) if by_task else ([], [])
        if not by_task:
            time.sleep(min(seconds, 0.2))
        by_number = {worker.number: worker for worker in by_task.values()}
        for number, message in self._received():
            if number in by_number:
                by_number[number].receive(message)
        for task in done:
            self._end(by_task[task])

    def dead(self) -> list[RayWorker]:
        """Return the workers whose process or node was lost, or whose task failed unexpectedly."""
        return [worker for worker in self._workers if worker.lost is not None]

    def close(self) -> None:
        with contextlib.suppress(self._ray.exceptions.RayError):  # the cluster may be gone, which may be why we stop
            for worker in self.working():
                if worker.task is not None:
                    self._ray.cancel(worker.task, force=True)
            self._messages.shutdown(force=True)
        if self._ours:
            self._ray.shutdown()

    def _received(self) -> list[tuple[int, object]]:
        """Return the tasks' messages. Raises RunError if the cluster is gone."""
        try:
            received: list[tuple[int, object]] = self._messages.get_nowait_batch(self._messages.qsize())
        except self._ray.exceptions.RayError as error:
            raise RunError(f"the Ray cluster no longer responds: {gist(error)}; {RUN_AGAIN}") from error
        return received

    def _end(self, worker: RayWorker) -> None:
        """Record how a task has ended."""
        task, worker.task = worker.task, None
        try:
            worker.inbox.append(Idle(at_once=self._ray.get(task)))
        except (self._ray.exceptions.TaskCancelledError, KeyboardInterrupt):
            worker.inbox += [*map(_cancelled, worker.states), Idle()]
        except self._ray.exceptions.RayError as error:
            lines = str(error).strip().splitlines()
            killed = isinstance(error, self._ray.exceptions.WorkerCrashedError)
            worker.lost = "the worker's process was killed" if killed else next(reversed(lines), type(error).__name__)
        except Exception as error:  # its result cannot be read
            worker.lost = gist(error)


def _cancelled(state: JobState) -> JobEvent:
    """Return the event of a cancelled job; it is ignored if the job had already ended."""
    assert state.job is not None
    event = Interrupted(
        schedule=state.name, folder=state.job.folder, done=state.done, frames=state.frames, go_on=RUN_AGAIN
    )
    return JobEvent(job=state.name, event=event, memory=0)


def _node() -> str:
    import ray

    context = ray.get_runtime_context()
    return f"{context.get_node_id()} worker {context.get_worker_id()}"
