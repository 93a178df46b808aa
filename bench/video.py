"""How long a schedule takes from the command to its first frame, its last frame and its video.

`python -m bench.video [SCHEDULE]` runs the command in a separate process, including everything that it does
before and after the frames.
"""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click

COMMAND = (sys.executable, "-c", "from pipeline.cli import entry; entry()")


@dataclass(frozen=True, kw_only=True)
class Times:
    """Seconds from the command to the first frame, the last frame and the finished video; and the number of frames."""

    first: float
    last: float
    video: float
    frames: int


def render_timed(schedule: Path, out: Path) -> Times:
    """Render `schedule` into the folder `out`.

    Raises:
        CalledProcessError: the render failed; its message is on the terminal.
    """
    arguments = (*COMMAND, str(schedule), "--out", str(out), "--json")
    begun = time.perf_counter()
    times: list[float] = []
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "frame":
                times.append(time.perf_counter() - begun)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return Times(first=times[0], last=times[-1], video=time.perf_counter() - begun, frames=len(times))


@click.command()
@click.argument("schedule", type=click.Path(path_type=Path, exists=True), default="schedules/sunset.yaml")
def main(schedule: Path) -> None:
    """Render SCHEDULE and print when its first frame, its last frame and its video were finished."""
    with tempfile.TemporaryDirectory() as folder:
        found = render_timed(schedule, Path(folder))
    click.echo(
        f"{schedule}, {found.frames} frames: first frame after {found.first:.1f} s, last after {found.last:.1f} s,"
        f" video after {found.video:.1f} s"
    )


if __name__ == "__main__":
    main()
