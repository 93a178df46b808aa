"""What a run reports while it renders: each frame once it is written, and warnings."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from pipeline.run.delivery.report import RunReport
from pipeline.run.events import FrameDone, Warned
from pipeline.run.folder.frames import FrameRecord
from pipeline.run.plan import Stretch
from pipeline.schedule.timeline import Timeline

Written = tuple[int, FrameRecord]


@dataclass(kw_only=True)
class FrameEvents:
    """Counts the frames that a run still has to render, and creates its events.

    Attributes:
        title: the run's name in its events.
        figures: how long each frame took.
    """

    title: str
    timeline: Timeline
    figures: RunReport = field(default_factory=RunReport)
    _warnings: list[Warned] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._expected = np.zeros(len(self.timeline), dtype=bool)

    def expect(self, stretches: Iterable[Stretch]) -> None:
        """Count the frames to render if the nearest state of every stretch is sound."""
        for stretch in stretches:
            self.expect_frames(stretch.first, stretch.end)

    def expect_frames(self, begin: int, end: int) -> None:
        """Count the frames from `begin` to `end` - 1; a frame that was counted before counts once."""
        self._expected[begin:end] = True

    @property
    def remaining(self) -> int:
        """The number of frames still to render."""
        return int(self._expected.sum())

    def warn(self, message: str) -> None:
        """Store a warning until `warnings` is next called."""
        self._warnings.append(Warned(schedule=self.title, message=message))

    def warnings(self) -> Iterator[Warned]:
        """Yield the warnings stored since the last call, and clear them."""
        while self._warnings:
            yield self._warnings.pop(0)

    def done(self, written: Iterable[Written]) -> Iterator[FrameDone]:
        """Yield an event for every written frame, as they arrive."""
        for index, record in written:
            self._expected[index] = False
            yield FrameDone(
                schedule=self.title,
                index=index,
                remaining=self.remaining,
                seconds=self.figures.frame_seconds[index],
                steps_per_second=self.figures.steps_per_second,
                similarity=record.similarity,
                seconds_left=self.figures.seconds_left(self.timeline.num_steps[self._expected]),
            )
