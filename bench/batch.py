"""What a batch costs beside the renders themselves, and its memory over many jobs.

`python -m bench.batch [JOBS] [FRAMES] [FOLDER]` renders schedules with the embedded models, in one run: by a
batch with one worker, by one process after the other as people would, and by one session in this
process, which is the least there can be. Then it says how the worker's memory went from job to job.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from pipeline import Session, load_schedule, render
from pipeline.batch.record import read_record

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


def call(*arguments: object) -> float:
    begun = time.perf_counter()
    code = "from pipeline.cli import entry; entry()"
    subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def in_one_session(files: list[Path], out: Path) -> float:
    """Seconds for all, models loaded before."""
    session = Session("cpu")
    list(render(load_schedule(files[0]), out / "warm", session=session))
    begun = time.perf_counter()
    for file in files:
        list(render(load_schedule(file), out / file.stem, session=session))
    return time.perf_counter() - begun


def main(jobs: int, frames: int, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        here = Path(folder)
        files = write(here, jobs, frames)
        batch = call("batch", *files, "--out", here / "batch", "--device", "cpu")
        single = sum(call(file, "--out", here / "single", "--device", "cpu") for file in files)
        session = in_one_session(files, here / "session")
        memory = [job["memory"] / 1e6 for job in read_record(here / "batch")["jobs"]]
    click.echo(f"batch    {batch:9.1f} s for {jobs} jobs of {frames} frames")
    click.echo(f"single   {single:9.1f} s, one process after the other: the batch takes {batch / single:.2f} of it")
    click.echo(
        f"session  {session:9.1f} s, models loaded: the batch takes {batch / session - 1:+.1%}; the goal is {GOAL:.0%}"
    )
    steps = [0, jobs // 4, jobs // 2, 3 * jobs // 4, jobs - 1]
    click.echo("memory   " + ", ".join(f"{memory[step]:.0f} MB after job {step + 1}" for step in dict.fromkeys(steps)))
    click.echo(f"load     {os.getloadavg()[0]:9.2f} on {os.cpu_count()} cores")


def arguments(values: list[str], *defaults: Any) -> list[Any]:
    return [type(default)(value) for default, value in zip(defaults, values, strict=False)] + list(
        defaults[len(values) :]
    )


if __name__ == "__main__":
    main(*arguments(sys.argv[1:], 50, 24, Path("outputs")))
