"""Whether speed and memory stay constant over a long run.

`python -m bench.length [FRAMES]` renders a video of small pictures to a temporary folder, as `render`
does, and prints processor time per frame and memory window by window.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import torch

from bench.memory import resident
from pipeline.run.events import FrameDone
from pipeline.run.session.session import Session
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schedule import Schedule

WINDOWS = 10


@dataclass(frozen=True, kw_only=True)
class Window:
    """A tenth of the run: processor seconds per frame, and resident bytes at its end."""

    last: int
    frame_seconds: float
    resident: float


def small(frames: int) -> Schedule:
    """Two prompts that keep alternating, zoom, rotation and pan, with defaults for everything else."""
    text = f"""
output: {{size: [64, 40], fps: 24, length: {frames}, seed: 7}}
prompts: {{0: a calm sea, 50%: a starry night, 100%: a calm sea}}
motion: {{zoom: 1.05/s, rotate: 3/s, pan_x: "2 * sin(t)"}}
refine: {{steps: 2, first_frame: 20, cutouts: 4}}
"""
    return read_schedule(text, "length", "length")


def windows(schedule: Schedule, folder: Path) -> Iterator[Window]:
    """Render, and yield the figures of each tenth of the run."""
    size = max(1, schedule.output.num_frames // WINDOWS)
    times: list[float] = []
    before = time.process_time()
    for event in Session().events(schedule, folder):
        if isinstance(event, FrameDone):
            now = time.process_time()
            times.append(now - before)
            before = now
            if (event.index + 1) % size == 0:
                yield Window(last=event.index, frame_seconds=sum(times) / len(times), resident=resident("VmRSS"))
                times = []


def main(frames: int) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for window in windows(small(frames), Path(folder) / "length"):
            click.echo(
                f"to frame {window.last:6}   {window.frame_seconds * 1000:7.1f} ms processor time per frame"
                f"   {window.resident / 2**20:7.1f} MB"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
