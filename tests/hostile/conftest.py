"""Limits on what an untrusted file may cost: processor seconds (not wall-clock time) and peak memory."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 1.0
MEGABYTES = 300


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a piece of work ended, what it printed, and what it cost; the memory is that of the whole process.

    Attributes:
        seconds: processor time that an idle machine would have needed; see `_slowness` in forked.py.
    """

    code: int
    output: str
    seconds: float
    megabytes: float


class Forked:
    """A process that has imported everything and does each piece of work in a fork of itself.

    Args:
        kind: `command` or `checkpoint`, see forked.py.
        folder: its working directory, which is otherwise empty.
    """

    def __init__(self, kind: str, folder: Path) -> None:
        self.folder = folder
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forked.py")), kind],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __call__(self, *arguments: str | Path) -> Outcome:
        return Outcome(**self._ask(arguments, warm_up=False))

    def warm_up(self, *arguments: str | Path) -> None:
        """Do the work in the process itself, so that everything it imports is loaded."""
        self._ask(arguments, warm_up=True)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()

    def _ask(self, arguments: tuple[str | Path, ...], *, warm_up: bool) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([[str(argument) for argument in arguments], warm_up]) + "\n")
        self._process.stdin.flush()
        while not (line := self._process.stdout.readline()).startswith(("{", "null")):
            assert line, "the process has ended"
        return json.loads(line)


@pytest.fixture(scope="session")
def render(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forked]:
    """Runs `render ...` with the given arguments."""
    schedules = sorted((ROOT / "schedules").glob("*.yaml"))
    first = Forked("command", tmp_path_factory.mktemp("first"))
    first.warm_up("check", *schedules)  # where nothing is cached yet, it analyses music, and stays large
    first.close()
    forked = Forked("command", tmp_path_factory.mktemp("command"))
    forked.warm_up("check", *schedules)
    yield forked
    forked.close()


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forked]:
    """Reads the state dict of the checkpoint at the given path."""
    import torch
    from safetensors.torch import save_file

    good = tmp_path_factory.mktemp("good")
    save_file({"a": torch.zeros(2)}, good / "a.safetensors")
    torch.save({"a": torch.zeros(2)}, good / "a.pt")
    forked = Forked("checkpoint", tmp_path_factory.mktemp("checkpoint"))
    for name in ("a.safetensors", "a.pt"):
        forked.warm_up(good / name)
        assert forked(good / name).output == "1 tensors\n"
    yield forked
    forked.close()


def assert_refused(outcome: Outcome, code: int, path: Path, pattern: str, idle: float) -> None:
    """One message that names the file, within the limits; `idle` is the memory of a process that does nothing."""
    assert outcome.code == code, outcome.output
    lines = outcome.output.splitlines()
    assert all(line.startswith(f"{path.parent}/") or re.fullmatch(r"\.\.\. and \d+ more", line) for line in lines), (
        outcome
    )
    assert 1 <= len(lines) <= 21
    assert re.search(pattern, outcome.output), outcome.output
    assert all(character.isprintable() for line in lines for character in line)
    assert outcome.seconds <= SECONDS
    assert outcome.megabytes <= MEGABYTES + idle


@pytest.fixture
def refused(render: Forked) -> Callable[[Path, str], None]:
    """(schedule, pattern): asserts that `render check` refuses it with a message that matches the pattern."""

    def check(path: Path, pattern: str) -> None:
        assert_refused(render("check", path), 2, path, pattern, idle=0)
        assert list(render.folder.iterdir()) == []

    return check


@pytest.fixture
def checkpoint_refused(checkpoints: Forked) -> Callable[[Path, str], None]:
    """(checkpoint, pattern): asserts that reading it ends with one sentence that matches the pattern."""
    idle = checkpoints("missing.pt").megabytes

    def check(path: Path, pattern: str) -> None:
        outcome = checkpoints(path)
        assert_refused(outcome, 1, path, pattern, idle)
        assert outcome.output.count("\n") == 1
        assert list(checkpoints.folder.iterdir()) == []

    return check
