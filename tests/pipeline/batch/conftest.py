"""Batches as users start them, and a helper that kills their workers."""

import hashlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline import load_schedule, render
from tests.waiting import PATIENCE

TOY = """
output: {{size: [32, 24], fps: 8, length: {frames}, seed: {seed}}}
models: {{latent: pixels, perceptors: [toy]}}
prompts: {{0: red, end: blue}}
motion: {{zoom: 1.2/s}}
refine: {{steps: 2, first_frame: {first}, cutouts: 2}}
"""


def toy(seed: int, frames: int = 6, first: int = 4) -> str:
    return TOY.format(seed=seed, frames=frames, first=first)


ENDLESS = toy(99, first=100_000)  # its first frame takes minutes, so a kill in that time comes before any frame


BROKEN = "prompts: a sea\nmotion: {zom: 1}\n"


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A folder with schedules in s/; batches render them to out/."""

    command: str
    path: Path

    def write(self, name: str, text: str) -> Path:
        path = self.path / "s" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.command, *map(str, arguments)],
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            start_new_session=True,  # so that a test can kill all of them, as when the machine goes down
        )

    def call(self, *arguments: object) -> tuple[int, str]:
        """Exit code and everything that was printed; there must be no traceback."""
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except BaseException:
            process.kill()
            raise
        assert "Traceback" not in err, err
        return process.returncode, out + err

    def batch(self, *arguments: object) -> tuple[int, str]:
        return self.call("batch", "s", "--out", "out", "--device", "cpu", *arguments)

    def record(self) -> dict[str, dict[str, Any]]:
        """The jobs in batch.json, by name."""
        jobs = json.loads((self.path / "out" / "batch.json").read_text())["jobs"]
        return {job["name"]: job for job in jobs}

    def states(self) -> dict[str, str]:
        return {name: job["state"] for name, job in self.record().items()}

    def frames(self, name: str, out: str = "out") -> dict[str, bytes]:
        folder = self.path / out / name / "frames"
        return {path.name: path.read_bytes() for path in sorted(folder.glob("[0-9]*.png"))}

    def stamps(self, name: str) -> dict[str, int]:
        folder = self.path / "out" / name / "frames"
        return {path.name: path.stat().st_mtime_ns for path in sorted(folder.glob("[0-9]*.png"))}

    def workers(self, name: str, log_name: str = "batch.log") -> list[int]:
        """The processes that have worked on a job, according to its log."""
        log = self.path / "out" / name / log_name
        lines = log.read_text().splitlines() if log.exists() else []
        return [int(line.split()[-1]) for line in lines if " worker " in line]


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread, so that sums have the same rounding as in `Workspace`'s processes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def alone(text: str, place: Path) -> dict[str, bytes]:
    """The frames of a schedule rendered on its own, with one thread as in `Workspace`'s processes."""
    file = place / "alone" / f"{hashlib.sha256(text.encode()).hexdigest()[:8]}.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    with one_thread():
        render(load_schedule(file), file.with_suffix(""))
    return Workspace(command="", path=file.parent).frames(file.stem, ".")


@pytest.fixture
def workspace(command: str, tmp_path: Path) -> Workspace:
    return Workspace(command=command, path=tmp_path)


@contextmanager
def killing(
    workspace: Workspace, name: str, times: int, ready: Callable[[], bool], log: str = "batch.log"
) -> Iterator[list[int]]:
    """Kill up to `times` workers of a job, each one when `ready`; yields the list of those killed."""
    killed: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.is_set() and len(killed) < times:
            for pid in workspace.workers(name, log):
                if pid not in killed and ready():
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
            time.sleep(0.005)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()
