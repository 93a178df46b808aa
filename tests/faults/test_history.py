"""A finished run is edited, and killed around the moment when it is put aside or restored: no frame is lost."""

import signal
import sys
import time
from pathlib import Path

import pytest

from tests.faults.conftest import Tally
from tests.faults.harness import TOY, Workspace, assert_equal, ended

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sends signals to a process group")

EDITED = TOY.replace("seed: 5", "seed: 6")

# Runs the command and kills it right after the n-th link, rename or removal.
KILLER = """
import os, pathlib, signal, sys
left = int(sys.argv.pop(1))
def counted(real):
    def call(*arguments, **options):
        global left
        done = real(*arguments, **options)
        places = " ".join(map(str, arguments))
        if "out/toy" in places:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
        return done
    return call
os.link, os.replace, os.unlink = counted(os.link), counted(os.replace), counted(os.unlink)
sys.argv[0] = "render"
from pipeline.cli import entry
entry()
"""


def killed(workspace: Workspace, count: int, *arguments: object) -> bool:
    """Call the command and kill it after `count` links, renames and removals; False if it ended before that."""
    killer = Workspace(command=sys.executable, path=workspace.path)
    done = ended(killer.start("-c", KILLER, count, *arguments))
    assert done.code in (0, -signal.SIGKILL), done.err
    return done.code != 0


def frames_anywhere(workspace: Workspace) -> set[bytes]:
    """The pictures of the current run and of the history."""
    folders = [workspace.folder, *(workspace.folder / "history").glob("[0-9]*")]
    return {path.read_bytes() for folder in folders for path in (folder / "frames").glob("[0-9]*.png")}


def moments(few: list[int], more: range) -> list[object]:
    return [*few, *(pytest.param(count, marks=pytest.mark.slow) for count in more if count not in few)]


@pytest.mark.parametrize("count", moments([3, 40], range(1, 90, 7)))
def test_killed_while_a_finished_run_is_put_aside(
    count: int, done: Workspace, reference: Workspace, tally: Tally
) -> None:
    begun, whole = time.monotonic(), set(reference.pictures().values())
    done.write(EDITED)
    assert killed(done, count, "toy.yaml", "--out", "out")
    assert whole <= frames_anywhere(done)
    done.write(TOY)
    result = done.render()
    assert " new, " not in result.out or "(0 new, " in result.out, "every frame is still there"
    assert_same_run(done, reference)
    tally.add(f"killed while a finished run is put aside, step {count}", 1, time.monotonic() - begun)


@pytest.fixture(scope="session")
def edited(reference: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The finished run, edited and rendered again; not to be changed."""
    workspace = reference.copy(tmp_path_factory.mktemp("faults") / "edited").write(EDITED)
    workspace.render()
    return workspace


@pytest.mark.parametrize("count", moments([5, 60], range(1, 130, 11)))
def test_killed_while_a_run_is_restored(
    count: int, edited: Workspace, reference: Workspace, tmp_path: Path, tally: Tally
) -> None:
    begun, workspace = time.monotonic(), edited.copy(tmp_path / "workspace")
    both = set(reference.pictures().values()) | set(edited.pictures().values())
    came = killed(workspace, count, "history", "out/toy", "--restore", "1")
    assert both <= frames_anywhere(workspace)
    again = workspace.call("history", "out/toy", "--restore", "1")
    assert again.code == 0, again.err
    assert both <= frames_anywhere(workspace)
    assert_same_run(workspace, reference)
    assert len(list((workspace.folder / "history").glob("[0-9]*"))) == 2
    if came:
        tally.add(f"killed while a run is restored, step {count}", 1, time.monotonic() - begun)


def assert_same_run(workspace: Workspace, reference: Workspace) -> None:
    assert_equal(workspace, reference)
    verified = workspace.write(TOY).call("verify", "out/toy")
    assert verified.code == 0, verified.err
