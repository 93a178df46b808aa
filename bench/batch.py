"""The overhead of a batch over the renders themselves, and its memory over many jobs.

`python -m bench.batch [JOBS] [FRAMES] [FOLDER]` renders schedules with the embedded models, in one run: as a
batch with one worker, with one `render` command after the other, and in one session in this
process, which is the lower bound. Then it prints how the worker's memory changed from job to job.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from pipeline import Session, load_schedule
from pipeline.batch.jobs.record import read_record

GOAL = 0.05


def write(folder: Path, jobs: int, frames: int) -> list[Path]:
    files = []
    for number in range(jobs):
        path = folder / f"job{number:03d}.yaml"
        path.write_text(
            f"output: {{size: [64, 48], fps: 12, length: {frames}, seed: {number}}}\nmotion: {{zoom: 1.05/s}}\n"
            "refine: {steps: 5, first_frame: 20}\nprompts: a golden sunset over the sea\n"
        )
        files.append(path)
    return files


@dataclass(frozen=True, kw_only=True)
class Elapsed:
    """Wall time and processor time in seconds; the latter hardly depends on the machine's other load."""

    wall: float
    cpu: float

    def __add__(self, other: "Elapsed") -> "Elapsed":
        return Elapsed(wall=self.wall + other.wall, cpu=self.cpu + other.cpu)


@contextmanager
def clock() -> Iterator[list[Elapsed]]:
    """Yield a list that receives the time of the block, child processes included, when it ends."""

    def now() -> tuple[float, float]:
        times = os.times()
        return times.elapsed, sum(times[:4])

    measured: list[Elapsed] = []
    wall, cpu = now()
    yield measured
    measured.append(Elapsed(wall=now()[0] - wall, cpu=now()[1] - cpu))


def call(*arguments: object) -> Elapsed:
    code = "from pipeline.cli import entry; entry()"
    with clock() as elapsed:
        subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)
    return elapsed[0]


def in_one_session(files: list[Path], out: Path) -> Elapsed:
    """Render all of them in this process, with the models loaded beforehand."""
    session = Session("cpu")
    session.render(load_schedule(files[0]), out / "warm")
    with clock() as elapsed:
        for file in files:
            session.render(load_schedule(file), out / file.stem)
    return elapsed[0]


def main(jobs: int, frames: int, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        here = Path(folder)
        files = write(here, jobs, frames)
        started = call("batch", files[0], "--out", here / "one", "--device", "cpu")
        again = call(files[0], "--out", here / "one single", "--device", "cpu")
        batch = call("batch", *files, "--out", here / "batch", "--device", "cpu")
        single = sum(
            (call(file, "--out", here / "single", "--device", "cpu") for file in files), Elapsed(wall=0, cpu=0)
        )
        session = in_one_session(files, here / "session")
        memory = [job["memory"] / 1e6 for job in read_record(here / "batch")["jobs"]]
    for name, elapsed in {
        "batch": batch,
        "single": single,
        "session": session,
        "1 batch": started,
        "1 single": again,
    }.items():
        click.echo(f"{name:<9}{elapsed.wall:8.1f} s wall time, {elapsed.cpu:8.1f} s processor time")
    click.echo(
        f"overhead {batch.cpu / single.cpu - 1:+8.1%} of single renders one after the other; the goal is {GOAL:.0%}"
    )
    extra = (batch.cpu - started.cpu) / (jobs - 1) / (session.cpu / jobs) - 1
    click.echo(
        f"         {extra:+8.1%} for every job after the first, compared with a session that has the models loaded"
    )
    steps = [0, jobs // 4, jobs // 2, 3 * jobs // 4, jobs - 1]
    click.echo("memory   " + ", ".join(f"{memory[step]:.0f} MB after job {step + 1}" for step in dict.fromkeys(steps)))
    click.echo(f"load     {os.getloadavg()[0]:8.2f} on {os.cpu_count()} cores")


def arguments(values: list[str], *defaults: Any) -> list[Any]:
    return [type(default)(value) for default, value in zip(defaults, values, strict=False)] + list(
        defaults[len(values) :]
    )


if __name__ == "__main__":
    main(*arguments(sys.argv[1:], 50, 24, Path("outputs")))
