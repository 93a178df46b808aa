"""A run is killed at any point and restarted: the video is bit for bit that of an undisturbed run."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import Tally
from tests.faults.harness import (
    FRAMES,
    RUN_AGAIN,
    TOY,
    Ended,
    Workspace,
    assert_equal,
    assert_nothing_broken,
    ended,
    programs,
)
from tests.faults.watch import Moment, Watch
from tests.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="watches files with inotify")

MANY = int(os.environ.get("RENDER_FAULT_MOMENTS", "50"))
SPAN = 2.5  # approximate seconds from the lock to the video
ENDLESS = TOY.replace("steps: 5, first_frame: 5", "steps: {0: 1, 3: 1, 4: 10000}, first_frame: 1")
LOCKED = Moment(folder="", kind="created", pattern=".lock")


def moments(chance: random.Random, span: float) -> list[Moment]:
    """One moment in every phase, each partly random: anywhere in the run, and aimed at the short phases."""
    frame, instant = chance.randint(1, FRAMES // 3), chance.uniform(0, 0.004)
    state = chance.randint(1, 3)  # there is not one for every frame
    return [
        Moment(folder="", kind="modified", pattern=".lock", delay=chance.uniform(0, span)),
        Moment(folder="state", kind="created", pattern=".*.partial.*", count=state, delay=instant),
        Moment(folder="frames", kind="created", pattern=".*.partial.*", count=frame, delay=instant),
        Moment(folder="", kind="created", pattern=".video.partial.mp4", delay=chance.uniform(0, 0.3)),
        Moment(folder="state", kind="renamed", pattern="*", count=state, delay=instant),
        Moment(folder="frames", kind="renamed", pattern="*", count=frame, delay=chance.uniform(0, 0.1)),
        Moment(folder="", kind="modified", pattern=".lock", delay=chance.uniform(0, span)),
        Moment(folder="state", kind="deleted", pattern="[0-9]*", delay=instant),
        Moment(folder="frames", kind="renamed", pattern="*", count=frame, delay=instant),
        Moment(folder="", kind="created", pattern=".*.partial.*", count=chance.randint(1, 6), delay=instant),
        Moment(folder="", kind="renamed", pattern="*", count=chance.randint(1, 6), delay=instant),
    ]


def storm(
    count: int,
    number: int,
    new_workspace: Callable[[str], Workspace],
    reference: Workspace,
    check: Callable[[Workspace, Ended], None],
    span: float = SPAN,
) -> None:
    """Strike `count` times: restart a run until it is finished, then begin the next one.

    Args:
        reference: an undisturbed run of the same schedule.
        check: examines what an interrupted run left and printed.
        span: approximate seconds from the lock to the video.
    """
    chance = random.Random(count)
    aims: list[Moment] = []
    struck, runs = 0, 0
    while struck < count:
        runs += 1
        workspace = new_workspace(f"run-{runs}").write((reference.path / "toy.yaml").read_text())
        kept: dict[str, tuple[int, int]] = {}
        while struck < count:
            aims = aims or moments(chance, span)
            done = workspace.strike(aims.pop(0), number)
            if done is None:
                break
            struck += 1
            check(workspace, done)
            assert_nothing_broken(workspace, reference)
            assert kept.items() <= workspace.stamps().items(), "a finished frame was lost, or written again"
            kept = workspace.stamps()
        workspace.render()
        assert_equal(workspace, reference)
        assert kept.items() <= workspace.stamps().items(), "a finished frame was written again"


@pytest.mark.parametrize("count", [2, pytest.param(MANY, marks=pytest.mark.slow, id="many")])
def test_killed_at_random_moments(
    count: int, new_workspace: Callable[[str], Workspace], reference: Workspace, tally: Tally
) -> None:
    begun = time.monotonic()

    def check(workspace: Workspace, done: Ended) -> None:
        assert done.code == -signal.SIGKILL

    storm(count, signal.SIGKILL, new_workspace, reference, check)
    tally.add("SIGKILL", count, time.monotonic() - begun)


@pytest.mark.slow
def test_embedded_models_killed_at_random_moments(
    new_workspace: Callable[[str], Workspace], embedded_reference: Workspace, tally: Tally
) -> None:
    begun = time.monotonic()

    def check(workspace: Workspace, done: Ended) -> None:
        assert done.code == -signal.SIGKILL

    storm(MANY, signal.SIGKILL, new_workspace, embedded_reference, check, span=2.5 * SPAN)
    tally.add("SIGKILL with the embedded models", MANY, time.monotonic() - begun)


@pytest.mark.parametrize("count", [1, pytest.param(MANY, marks=pytest.mark.slow, id="many")])
def test_terminated_at_random_moments(
    count: int, new_workspace: Callable[[str], Workspace], reference: Workspace, tally: Tally
) -> None:
    begun, slowest = time.monotonic(), 0.0

    def check(workspace: Workspace, done: Ended) -> None:
        nonlocal slowest
        slowest = max(slowest, done.seconds)
        if f"video.mp4: {FRAMES} frames" in done.out:  # it had finished and was about to exit
            return
        assert done.code == 143
        assert done.message == f"terminated; {RUN_AGAIN}"
        assert programs(workspace.folder) == [], "ffmpeg must not outlive its run"

    storm(count, signal.SIGTERM, new_workspace, reference, check)
    tally.add(f"SIGTERM, at an end after {slowest:.1f} s at most", count, time.monotonic() - begun)


@pytest.mark.slow
def test_terminated_within_a_long_frame(workspace: Workspace, reference: Workspace) -> None:
    """Frame 4 would take minutes."""
    workspace.write(ENDLESS)
    moment = Moment(folder="frames", kind="renamed", pattern="000003.png", delay=0.3)
    done = workspace.strike(moment, signal.SIGTERM)
    assert done is not None
    assert (done.code, done.message) == (143, f"terminated; {RUN_AGAIN}")
    assert sorted(workspace.pictures()) == [f"{index:06d}.png" for index in range(4)]
    assert workspace.half_written() == []


def hanging_ffmpeg(path: Path) -> Path:
    """An ffmpeg that prints nothing, ignores signals, and has a child that does the same."""
    script = path / "hangs"
    script.write_text(f"#!/bin/sh\ntrap '' TERM INT\ntouch {path}/runs\nsleep 600 & wait; sleep 600\n")
    script.chmod(0o755)
    return script


@pytest.mark.parametrize("task", ["render", "assemble"])
def test_termination_also_ends_ffmpeg(task: str, done: Workspace, reference: Workspace) -> None:
    (done.folder / "video.mp4").unlink()
    hangs = hanging_ffmpeg(done.path)
    arguments = ["assemble", "out/toy"] if task == "assemble" else ["toy.yaml", "--out", "out"]
    process = done.start(*arguments, "--ffmpeg", hangs)
    wait_for((done.path / "runs").exists, process)
    process.terminate()
    result = ended(process)
    assert (result.code, result.message) == (143, f"terminated; {RUN_AGAIN}")
    wait_for(lambda: not programs(hangs))  # it was killed; on a busy system this takes a moment
    before = done.stamps()
    done.render()
    assert_equal(done, reference)
    assert done.stamps() == before


def next_line(process: subprocess.Popen[str], sign: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if sign in line:
            return
    raise AssertionError(f"{sign} was never printed")


@pytest.mark.slow
def test_interrupted_once_finishes_the_frame(workspace: Workspace, reference: Workspace) -> None:
    done = workspace.strike(Moment(folder="frames", kind="renamed", pattern="000002.png"), signal.SIGINT)
    assert done is not None
    assert done.code == 130
    assert "finishing this frame; Ctrl-C again stops at once" in done.err
    assert RUN_AGAIN in done.out
    count = len(workspace.pictures())
    assert 3 <= count < FRAMES
    assert f"{count} of {FRAMES} frames are done" in done.out
    before = workspace.stamps()
    workspace.render()
    assert_equal(workspace, reference)
    assert before.items() <= workspace.stamps().items()


@pytest.mark.slow
def test_interrupted_twice_stops_at_once(workspace: Workspace) -> None:
    workspace.write(ENDLESS)
    watch = Watch(workspace.folder)
    process = workspace.start("toy.yaml", "--out", "out")
    assert watch.reach(Moment(folder="frames", kind="renamed", pattern="000003.png", delay=0.2), process)
    watch.close()
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert "finishing this frame" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert (done.code, done.err.strip()) == (130, f"stopped; {RUN_AGAIN}")
    assert len(workspace.pictures()) == 4


@pytest.mark.slow
def test_unread_output_does_not_block_termination(workspace: Workspace) -> None:
    """A run that is blocked on printing must stop as fast as any other; its reader may be stopped, too."""
    workspace.write(TOY.replace("steps: 5, first_frame: 5", "steps: 0, first_frame: 1").replace(f"{FRAMES}", "900"))
    process = workspace.start("toy.yaml", "--out", "out", "--json")
    count, deadline = -1, time.monotonic() + PATIENCE
    while count != (count := len(workspace.stamps())) or count <= 0:  # until no more frames arrive
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.5 if count > 0 else 0.1)
    process.terminate()
    try:
        assert process.wait(PATIENCE) == 143  # nobody reads the pipe, so a run that waited for a reader would never end
    finally:
        process.kill()
        process.communicate()
