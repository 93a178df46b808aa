"""Writing in the background: in order, bounded, and stopped at the first failure."""

import os
import subprocess
import sys
import threading
import time
import weakref
from functools import partial
from pathlib import Path

import pytest

from pipeline.run.folder.writer import DEPTH, Turn, Writer

ROOT = Path(__file__).parents[4]


class Payload:
    """Stands in for a frame: an object that uses memory."""


def test_writes_happen_in_order() -> None:
    written: list[int] = []
    came: list[int] = []

    def write(number: int, turn: Turn) -> int:
        time.sleep(0.002 * (number % 2))  # every other one overtakes
        turn()
        written.append(number)
        return number

    with Writer[int]() as writer:
        for number in range(20):
            came.extend(writer.put(partial(write, number)))
        came.extend(writer.drain())
    assert written == came == list(range(20))


def test_leaving_the_block_waits_for_all_writes() -> None:
    gate = threading.Event()
    written: list[int] = []

    def write(number: int, turn: Turn) -> int:
        gate.wait()
        turn()
        written.append(number)
        return number

    with Writer[int]() as writer:
        for number in range(DEPTH):
            assert not list(writer.put(partial(write, number)))
        assert not written
        gate.set()
    assert written == list(range(DEPTH))


def test_a_write_within_the_patience_is_reported_at_once() -> None:
    gate = threading.Event()
    with Writer[bool]() as writer:
        assert list(writer.put(lambda turn: True, patience=60.0)) == [True]
        assert list(writer.put(lambda turn: gate.wait(60.0), patience=0.001)) == []
        gate.set()
        assert list(writer.put(lambda turn: True, patience=60.0)) == [True, True]


def test_a_slow_disk_makes_the_run_wait_and_memory_does_not_grow() -> None:
    gate = threading.Semaphore(0)
    alive: list[weakref.ref[Payload]] = []

    def write(payload: Payload, turn: Turn) -> int:
        gate.acquire()
        return id(payload)

    def give(writer: Writer[int]) -> None:
        for _ in range(10):
            payload = Payload()
            alive.append(weakref.ref(payload))
            list(writer.put(partial(write, payload)))

    with Writer[int]() as writer:
        giver = threading.Thread(target=give, args=(writer,))
        giver.start()
        for _ in range(10):
            giver.join(timeout=0.05)
            assert (
                sum(reference() is not None for reference in alive) <= DEPTH + 2
            )  # one more is being handed over, and one was just written
            gate.release()
        giver.join()
        assert len(alive) == 10


def test_after_a_failure_nothing_more_is_written_and_the_failure_is_raised() -> None:
    written: list[str] = []
    gate = threading.Event()

    def fails(turn: Turn) -> str:
        gate.wait()
        raise OSError(28, "No space left on device")

    def later(turn: Turn) -> str:
        turn()
        written.append("later")
        return "later"

    with Writer[str]() as writer:
        assert list(writer.put(fails)) == []
        assert list(writer.put(later)) == []
        gate.set()
        with pytest.raises(OSError, match="No space left"):
            list(writer.drain())
        assert list(writer.drain()) == []
    assert written == []


def test_an_earlier_write_that_is_still_on_its_way_is_not_given_up() -> None:
    gate = threading.Event()
    written: list[str] = []

    def slow(turn: Turn) -> str:
        gate.wait()
        turn()
        written.append("slow")
        return "slow"

    def fails(turn: Turn) -> str:
        gate.set()
        raise OSError(28, "No space left on device")

    with Writer[str]() as writer:
        assert list(writer.put(slow)) == []
        with pytest.raises(OSError, match="No space left"):
            list(writer.put(fails, patience=60.0))
    assert written == ["slow"]


def test_frames_are_written_side_by_side() -> None:
    both = threading.Barrier(DEPTH, timeout=60.0)
    with Writer[int]() as writer:
        came = [written for _ in range(DEPTH) for written in writer.put(lambda turn: both.wait())]
        assert sorted([*came, *writer.drain()]) == list(range(DEPTH))


def test_the_last_write_waits_for_nobody_and_its_failure_is_silent() -> None:
    gate = threading.Event()
    written: list[int] = []

    def write(number: int, turn: Turn) -> int:
        gate.wait()
        turn()
        written.append(number)
        raise OSError(28, "No space left on device")

    with Writer[int]() as writer:
        writer.put_last(partial(write, 0))
        writer.put_last(partial(write, 1))  # given up
        assert list(writer.drain()) == []
        gate.set()
    assert written == [0]


def test_a_write_without_anything_to_do_does_not_let_the_next_one_overtake() -> None:
    """The first of three fails after the second, whose frame was there already, is over: the third must not appear."""
    gate = threading.Event()
    written: list[str] = []

    def fails(turn: Turn) -> str:
        gate.wait()
        raise OSError(28, "No space left on device")

    def last(turn: Turn) -> None:
        turn()
        written.append("last")

    with Writer[str]() as writer:
        assert list(writer.put(fails)) == []
        assert list(writer.put(lambda turn: "nothing to do", patience=0.05)) == []
        writer.put_last(last)
        time.sleep(0.05)
        gate.set()
    assert written == []


def test_a_failure_inside_the_block_is_not_hidden_by_a_failed_write() -> None:
    gate = threading.Event()

    def fails(turn: Turn) -> str:
        gate.wait()
        raise OSError(28, "No space left on device")

    def interrupted() -> None:
        with Writer[str]() as writer:
            list(writer.put(fails))
            gate.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()


ALONE = """
import sys, threading
from pathlib import Path
import torch
from pipeline.run.folder.states import StateFolder
from pipeline.run.folder.frames import FrameFolder, FrameRecord, checksum, to_pixels
from render.renderer.renderer import FrameState
from render.renderer.staging import to_host

torch.set_num_threads(2)
image = torch.rand(1, 3, 144, 256).contiguous(memory_format=torch.channels_last)
moments = {"exp_avg": torch.rand(1, 64, 72, 128)}
state = FrameState(index=0, image=image, latent=image * 2, optimizer_state=moments, similarity=torch.ones(1))
image.mul(2)  # this thread has its team

def write(arriving):
    state = arriving().state
    StateFolder(Path(sys.argv[1]), 12).save(state, "", "")
    pixels = to_pixels(state.image)
    FrameFolder(Path(sys.argv[1])).write(0, pixels, FrameRecord(hash="", similarity=None, pixels=checksum(pixels)))
    print(tasks() - before)

tasks = lambda: len(list(Path("/proc/self/task").iterdir()))
arriving = to_host(state)
before = tasks()
writer = threading.Thread(target=write, args=(arriving,))
writer.start()
writer.join()
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads as Linux shows them")
def test_writing_starts_no_torch_threads(tmp_path: Path) -> None:
    """A second team of OpenMP threads would make the refinement's team sleep at every barrier."""
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    command = [sys.executable, "-c", ALONE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=True)
    assert int(done.stdout) == 1  # the writer's own thread
