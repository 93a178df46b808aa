"""An undisturbed run to compare with, folders for disturbing other runs, and a count of the faults tried."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.harness import EMBEDDED, TOY, Workspace


@dataclass
class Tally:
    """Counts the faults that were tried and survived as asserted; each gets a line at the end of the test run."""

    lines: list[str] = field(default_factory=list)

    def add(self, fault: str, tried: int, seconds: float) -> None:
        self.lines.append(f"{fault}: {tried} tried, all survived, no frame lost, {seconds:.0f} s")


TALLY = pytest.StashKey[Tally]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TALLY] = Tally()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = config.stash[TALLY].lines
    if lines:
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture
def tally(pytestconfig: pytest.Config) -> Tally:
    return pytestconfig.stash[TALLY]


@pytest.fixture
def new_workspace(command: str, tmp_path: Path) -> Callable[[str], Workspace]:
    """Returns a function that makes a workspace of the given name, with toy.yaml in it."""
    return lambda name: Workspace(command=command, path=tmp_path / name).write()


@pytest.fixture
def workspace(new_workspace: Callable[[str], Workspace]) -> Workspace:
    return new_workspace("workspace")


@pytest.fixture(scope="session")
def reference(command: str, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """An undisturbed run from start to end; not to be changed."""
    whole = Workspace(command=command, path=tmp_path_factory.mktemp("faults") / "whole").write(TOY)
    whole.render()
    return whole


@pytest.fixture(scope="session")
def embedded_reference(command: str, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The same with the models that ship with the package."""
    whole = Workspace(command=command, path=tmp_path_factory.mktemp("faults") / "embedded").write(EMBEDDED)
    whole.render()
    return whole


@pytest.fixture(scope="session")
def half(reference: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The first twelve frames, with the states after frames 7, 10 and 11; not to be changed."""
    some = Workspace(command=reference.command, path=tmp_path_factory.mktemp("faults") / "half").write(TOY)
    some.render("--frames", ":12")
    return some


@pytest.fixture
def done(reference: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the finished run."""
    return reference.copy(tmp_path / "done")


@pytest.fixture
def begun(half: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the run of twelve frames."""
    return half.copy(tmp_path / "begun")
