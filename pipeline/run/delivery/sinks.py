"""The contract of a sink, which makes one delivered file from finished frames.

A format names its sink (`Format.sink`), and `deliver.SINKS` lists the sinks: ffmpeg, and the one of image sequences. A
sink for another format that ffmpeg cannot make is one more module here and one more line there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.schedule.sections.output_video import Video


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One file to make.

    Attributes:
        folder: of the run, with the frames.
        plan: what all files of the run show.
        count: how many frames to use, from the first one on; `plan.shown(count)` is the order to show them in.
        video: the schedule's settings for this file.
        path: where to write the file.
        binary: path of the ffmpeg program.
        warn: called with a message if the file differs from what was requested.
    """

    folder: RunFolder
    plan: VideoPlan
    count: int
    video: Video
    path: Path
    binary: str
    warn: Callable[[str], None]


class Sink(Protocol):
    """Makes the file of a delivery: complete at its path or, on failure, not at all. It changes no frame."""

    def __call__(self, delivery: Delivery, /) -> None:
        """Make the file.

        Raises:
            EncodingError: it cannot be made.
            CheckpointError: the pixels of a frame differ from those that were written.
            RunError: the track or a clip can no longer be read.
        """
