"""A batch on a Ray cluster: a job is a task, which Ray places, and starts again elsewhere when its node is lost.

Nothing of a job lies on a node alone: its folder is on a file system that all nodes share, or in a bucket.
Ray is imported here alone.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pipeline.batch.entry import Entry, Work
from pipeline.batch.worker import CRASHED, Idle, Told, memory
from pipeline.events import Event, Failed, Interrupted
from pipeline.models import Models
from pipeline.progress import LineReporter
from pipeline.run import RunOptions
from pipeline.schedule import Schedule
from pipeline.session import Session
from render.errors import InputError

if TYPE_CHECKING:
    from ray.util.queue import Queue

_SESSIONS: dict[bool, Session] = {}  # of this process: Ray gives it one task after the other


@dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """How jobs are put on a cluster.

    Attributes:
        address: `ray://host:10001`, `auto` for the cluster that this machine is part of; None starts Ray here.
        jobs: how many are at work at once; None leaves it to the cluster's GPUs or processors.
        gpus: the share of a GPU for each; None is a whole one where there are GPUs, else none.
        tries: how often Ray starts a job whose node or process was lost.
    """

    address: str | None = None
    jobs: int | None = None
    gpus: float | None = None
    tries: int = 3


def render_task(schedule: Schedule, work: Work, offline: bool, options: RunOptions, told: "Queue") -> None:
    """Render a job in a process of the cluster; tells `told` what happens, with the job's name."""
    session = _SESSIONS.setdefault(offline, Session("auto", offline))
    work.log.parent.mkdir(parents=True, exist_ok=True)
    reporter = LineReporter()
    with work.log.open("a", encoding="utf-8") as log, contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        reporter.note(f"{time.strftime('%Y-%m-%d %H:%M:%S')} node {_node()}")
        options = replace(options, part=work.part)
        with contextlib.closing(session.render(schedule, work.folder, options, remote=work.remote)) as events:
            for event in events:
                reporter(event)
                log.flush()
                if isinstance(event, Failed) and event.fatal:
                    os._exit(CRASHED)  # for Ray a lost process, whose task it starts in another one
                told.put((work.name, Told(event=event, memory=memory())))


@dataclass(kw_only=True, eq=False)
class RayHand:
    """A place in the queue of the cluster: the job that it holds, and its task."""

    crew: "RayCrew"
    entry: Entry | None = None
    models: Models | None = None
    task: Any = None
    inbox: list[Any] = field(default_factory=list)

    def give(self, entry: Entry) -> None:
        assert entry.work is not None
        self.entry, self.models = entry, entry.work.models
        self.task = self.crew.submit(entry.work)

    def ask_to_stop(self) -> None:
        self.crew.cancel(self.task)

    def said(self) -> Iterator[Any]:
        while self.inbox:
            yield self.inbox.pop(0)

    def ending(self) -> str:
        return ""

    def close(self) -> None: ...


class RayCrew:
    """As many jobs at once as the cluster has room for; the others wait here.

    Raises:
        InputError: the extra `cluster` is not installed, or there is no such cluster.
    """

    def __init__(self, options: ClusterOptions, jobs: int, offline: bool, run_options: RunOptions) -> None:
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
                ray.init(address=options.address or "local", include_dashboard=False, log_to_driver=False)
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise InputError(f"--address {options.address}: no Ray cluster answers: {error}") from error
        resources = ray.cluster_resources()
        gpus = options.gpus if options.gpus is not None else float(resources.get("GPU", 0) > 0)
        slots = int(resources["GPU"] / gpus) if gpus else int(resources.get("CPU", 1))
        self._hands = [RayHand(crew=self) for _ in range(max(1, min(options.jobs or slots, jobs)))]
        self._device = "gpu" if gpus else "cpu"
        # A process keeps its models for the next task, which Ray's default for GPUs, one task a process, would not.
        self._task = ray.remote(num_gpus=gpus, num_cpus=1, max_calls=0, max_retries=options.tries - 1)(render_task)
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self._told = Queue(actor_options={"num_cpus": 0, "scheduling_strategy": here})
        self._arguments = offline, run_options

    def submit(self, work: Work) -> Any:
        # The schedule itself goes along: a node need not have its file.
        return self._task.remote(work.origin.load(shown=work.file), work, *self._arguments, self._told)

    def cancel(self, task: Any) -> None:
        self._ray.cancel(task, force=False)

    @property
    def room(self) -> int:
        """How many jobs can be at work at once."""
        return len(self._hands)

    def working(self) -> list[RayHand]:
        return [hand for hand in self._hands if hand.entry is not None]

    def places(self) -> Iterator[tuple[int, RayHand | None]]:
        for number, hand in enumerate(self._hands):
            if hand.entry is None:
                yield number, hand

    def start(self, place: int) -> RayHand:
        return self._hands[place]

    def device(self, place: int) -> str:
        return self._device

    def wait(self, seconds: float) -> None:
        """Hear what is in the queue, and which tasks have ended."""
        by_task = {hand.task: hand for hand in self.working()}
        done, _ = self._ray.wait(list(by_task), timeout=min(seconds, 0.2)) if by_task else ([], [])
        by_name = {hand.entry.name: hand for hand in by_task.values() if hand.entry is not None}
        for name, message in self._told.get_nowait_batch(self._told.qsize()):
            if name in by_name:
                by_name[name].inbox.append(message)
        for task in done:
            hand = by_task[task]
            hand.inbox += self._end(hand.entry, task)

    def dead(self) -> list[RayHand]:
        return []  # Ray itself replaces who dies

    def close(self) -> None:
        for hand in self.working():
            self._ray.cancel(hand.task, force=True)
        self._told.shutdown(force=True)
        if self._ours:
            self._ray.shutdown()

    def _end(self, entry: Entry | None, task: Any) -> list[Any]:
        """What a task leaves: nothing, or why there is no more of it."""
        assert entry is not None
        assert entry.work is not None
        event: Event | None = None
        try:
            self._ray.get(task)
        except (self._ray.exceptions.TaskCancelledError, KeyboardInterrupt):
            go_on = "run the same command again to go on"
            event = Interrupted(
                schedule=entry.name, folder=entry.work.folder, done=entry.done, frames=entry.frames, go_on=go_on
            )
        except self._ray.exceptions.RayError as error:
            gist = next(iter(reversed(str(error).strip().splitlines())), type(error).__name__)
            event = Failed(schedule=entry.name, message=f"{gist}; its log: {entry.work.log}")
        return [Idle()] if event is None else [Told(event=event, memory=0), Idle()]


def _node() -> str:
    import ray

    context = ray.get_runtime_context()
    return f"{context.get_node_id()} worker {context.get_worker_id()}"
