"""One job of a batch: what to render, and its state."""

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

from pipeline.schedule.origin import Origin
from pipeline.schedule.sections.models import Models

WAITING, RUNNING, FINISHED, FAILED, BROKEN, STOPPED = "waiting", "running", "finished", "failed", "broken", "stopped"


@dataclass(frozen=True, kw_only=True)
class Job:
    """A schedule to render, or a part of one.

    Attributes:
        name: the run's folder, relative to the batch's.
        file: the schedule's path as given, for messages.
        models: its latent and perceptors; jobs with equal models share the models that a worker has loaded.
        batch_key: jobs with the same key can be refined together, see `Schedule.batch_key`.
        frames: the number of frames of the whole video.
        cost: an estimate that orders jobs: pixels times refinement steps.
        remote: the URL that the folder mirrors, see `pipeline.storage`; None without one.
        shots: half-open ranges of frames that can be rendered in parallel; empty for a part.
        part: the frames of the folder that it renders, see `RunOptions.part`.
    """

    name: str
    file: Path
    folder: Path
    origin: Origin
    models: Models
    batch_key: Hashable
    frames: int
    cost: float
    remote: str | None = None
    shots: tuple[tuple[int, int], ...] = ()
    part: tuple[int, int] | None = None

    @property
    def log(self) -> Path:
        return self.folder / ("batch.log" if self.part is None else f"batch-{self.part[0]}.log")


@dataclass(kw_only=True)
class JobState:
    """The state of a job; `job` is None if the schedule is broken.

    Attributes:
        message: why it failed, or the last warning.
        done: the number of finished frames.
        rendered: the number of them that this batch rendered.
        deaths: workers that died while rendering it; `fruitless_deaths`: how many died in a row without a new frame.
        memory: bytes used on its GPU, or by its process on a CPU.
        parts: the parts of a job that several workers render; it waits for them.
        waiting_for: the process that writes into its folder; empty if it only waits for a worker.
        not_before: the earliest time at which it can be assigned, by `time.monotonic`.
        worker: the last one it was assigned to, see `pipeline.batch.workers.workers.Worker`.
    """

    name: str
    file: Path
    job: Job | None = None
    status: str = WAITING
    message: str = ""
    done: int = 0
    rendered: int = 0
    seconds: float = 0.0
    seconds_left: float | None = None
    steps_per_second: float | None = None
    deaths: int = 0
    fruitless_deaths: int = 0
    device: str = ""
    memory: int = 0
    parts: tuple["JobState", ...] = ()
    waiting_for: str = ""
    not_before: float = 0.0
    worker: object = None

    @property
    def failed(self) -> bool:
        return self.status in (FAILED, BROKEN)

    @property
    def status_message(self) -> str:
        """Return what to show besides its status."""
        return f"waiting for {self.waiting_for}" if self.waiting_for else self.message

    @property
    def frames(self) -> int:
        if self.job is not None and self.job.part is not None:
            return self.job.part[1]
        return self.job.frames if self.job else 0

    @property
    def ready(self) -> bool:
        return self.status == WAITING and all(part.status == FINISHED for part in self.parts)
