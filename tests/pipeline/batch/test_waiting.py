"""A batch waits for a folder that another run writes into: waiting is a state of the job, not a failure."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.batch.batch import Batch
from pipeline.batch.display import JsonDisplay, LineDisplay
from pipeline.batch.jobs.collect import collect
from pipeline.batch.jobs.job import FINISHED, RUNNING, WAITING
from pipeline.batch.workers.devices import worker_options
from pipeline.batch.workers.local import LocalPool
from pipeline.batch.workers.options import BatchOptions
from pipeline.run.folder.lock import in_use, only_writer
from pipeline.schedule.origin import Origin
from tests.pipeline.batch.conftest import ENDLESS, Workspace, alone, toy
from tests.shots import SHOTS
from tests.waiting import PATIENCE, wait_for

HOLD = """
import sys
from pathlib import Path
from pipeline.run.folder.lock import only_writer
with only_writer(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that holds the folder's lock until it is killed or the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def record(workspace: Workspace) -> dict[str, str]:
    """What every job waits for, according to batch.json; empty if there is no file yet."""
    path = workspace.path / "out" / "batch.json"
    return {name: job["waiting_for"] for name, job in workspace.record().items()} if path.exists() else {}


def start(workspace: Workspace, *arguments: str) -> "subprocess.Popen[str]":
    return workspace.start("batch", "s", "--out", "out", "--device", "cpu", *arguments)


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    out, err = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in err, err
    return process.returncode, out + err


def runs(pid: int) -> bool:
    """Whether a process is running, and is not a zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


@pytest.mark.parametrize("lockstep", ["1", "2"])
def test_the_others_are_rendered_meanwhile(workspace: Workspace, lockstep: str) -> None:
    for number, name in enumerate("ab"):
        workspace.write(name, toy(number, frames=3))
    with held(workspace.path / "out" / "a") as holder:
        process = start(workspace, "--lockstep", lockstep)
        wait_for(lambda: record(workspace).get("a") and workspace.states()["b"] == "finished", process)
        assert workspace.states() == {"a": "waiting", "b": "finished"}
        assert record(workspace)["a"].startswith(f"process {holder.pid} on ")
        holder.kill()
        code, output = ended(process)
    assert code == 0, output
    assert f"a: waiting for process {holder.pid} on " in output
    assert workspace.states() == {"a": "finished", "b": "finished"}
    assert (record(workspace)["a"], workspace.record()["a"]["deaths"]) == ("", 0)
    assert workspace.frames("a") == alone(toy(0, frames=3), workspace.path)


def test_a_waiting_batch_can_be_stopped(workspace: Workspace) -> None:
    workspace.write("a", toy(1))
    with held(workspace.path / "out" / "a"):
        process = start(workspace)
        wait_for(lambda: record(workspace).get("a"), process)
        process.send_signal(signal.SIGINT)
        code, output = ended(process)
    assert (code, workspace.states()) == (130, {"a": "stopped"}), output
    assert record(workspace) == {"a": ""}


def test_a_time_limit_ends_the_waiting(workspace: Workspace) -> None:
    workspace.write("a", toy(1))
    with held(workspace.path / "out" / "a"):
        code, output = ended(start(workspace, "--time-limit", "1s"))
    assert (code, workspace.states()) == (1, {"a": "stopped"}), output


def test_a_lock_that_only_the_worker_sees_is_waited_for(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder on another node: from here it looks free, but the worker that renders finds it locked."""
    monkeypatch.chdir(workspace.path)
    seen: list[str] = []
    states = collect([workspace.write(name, toy(1, frames=2)) for name in "ab"], Path("out"), Origin(file=""))

    class Watching(LineDisplay):
        def changed(self, state: object) -> None:
            seen.append(states[0].waiting_for)
            if states[0].waiting_for:
                holder.kill()

    monkeypatch.setattr("pipeline.batch.queue.in_use", lambda folder, part: "")
    with held(Path("out/a")) as holder:
        pool = LocalPool(worker_options("cpu", 1, 2, BatchOptions(offline=True)))
        assert Batch(states, pool, BatchOptions(), Watching(), Path("out")).run() == 0
    assert any(who.startswith(f"process {holder.pid} on ") for who in seen)
    assert [(state.status, state.deaths) for state in states] == [(FINISHED, 0)] * 2


def test_a_waiting_job_is_not_blamed_for_its_former_worker(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has left the worker that found it locked, so the fate of that worker does not affect it."""
    monkeypatch.chdir(workspace.path)
    a, b = states = collect([workspace.write(name, toy(1)) for name in "ab"], Path("out"), Origin(file=""))
    pool = LocalPool(worker_options("cpu", 2, 2, BatchOptions(at_once=2)))
    batch = Batch(states, pool, BatchOptions(at_once=2), LineDisplay(), Path("out"))
    first, second = pool.start(0), pool.start(1)
    try:
        for state, worker in ((a, first), (b, first)):
            state.status, state.worker = RUNNING, worker
        first.states = (a, b)
        batch.queue.hold(a, "process 1 on tower")
        assert (a.status, b.status) == (WAITING, RUNNING)
        assert batch.queue.next(second) == []
        a.status, a.worker, second.states = RUNNING, second, (a,)  # later, when its folder is free
        first.process.kill()
        batch._handle_death(first)
        assert (a.status, a.deaths, b.deaths) == (RUNNING, 0, 1)
    finally:
        pool.close()


def test_json_names_the_process_that_is_waited_for(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    [state] = collect([workspace.write("a", toy(1))], workspace.path / "out", Origin(file=""))
    state.waiting_for = "process 1 on tower"
    JsonDisplay().changed(state)
    LineDisplay().changed(state)
    record, line = capsys.readouterr().out.splitlines()
    assert (json.loads(record)["state"], json.loads(record)["waiting_for"]) == ("waiting", "process 1 on tower")
    assert line == "a: waiting for process 1 on tower"


# Killed and restarted; several at once


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc")
def test_a_batch_killed_in_a_long_frame_can_be_restarted_at_once(workspace: Workspace) -> None:
    file = workspace.write("a", ENDLESS)  # no test waits for that frame to end
    workspace.write("b", toy(2, frames=3))
    first = start(workspace)
    wait_for(lambda: in_use(workspace.path / "out" / "a"), first)
    [worker] = workspace.workers("a")
    first.kill()
    first.communicate()
    file.write_text(toy(99, frames=3))
    code, output = ended(start(workspace))
    assert code == 0, output
    assert workspace.states() == {"a": "finished", "b": "finished"}
    assert workspace.frames("a") == alone(toy(99, frames=3), workspace.path)
    wait_for(lambda: not runs(worker))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc")
def test_workers_end_with_the_batch_whatever_they_do(workspace: Workspace) -> None:
    """Even in the middle of frames that take minutes."""
    workspace.write("a", ENDLESS)
    workspace.write("b", ENDLESS.replace("seed: 99", "seed: 98"))
    process = start(workspace, "--jobs", "2")
    wait_for(lambda: all(in_use(workspace.path / "out" / name) for name in "ab"), process)
    workers = [*workspace.workers("a"), *workspace.workers("b")]
    assert all(map(runs, workers))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for(lambda: not any(map(runs, workers)))
    assert not any(in_use(workspace.path / "out" / name) for name in "ab")
    assert not any(workspace.frames(name) for name in "ab"), "a worker waited until its frame was finished"


def test_two_batches_share_the_work(workspace: Workspace) -> None:
    names = "abcd"
    for number, name in enumerate(names):
        workspace.write(name, toy(number, frames=12))
    outcomes = [ended(process) for process in [start(workspace, "--json"), start(workspace, "--json")]]
    assert [code for code, _ in outcomes] == [0, 0], outcomes
    frames = [json.loads(line) for _, output in outcomes for line in output.splitlines() if '"event": "frame"' in line]
    done = [(frame["job"], frame["index"]) for frame in frames]
    assert sorted(done) == [(name, index) for name in names for index in range(12)], (
        "each frame was rendered once, by one of them"
    )
    assert set(workspace.states().values()) == {"finished"}
    for number, name in enumerate(names):
        assert workspace.frames(name) == alone(toy(number, frames=12), workspace.path)
    assert not list((workspace.path / "out").glob(".*"))


@pytest.mark.slow
def test_when_one_of_two_batches_dies_the_other_takes_over(workspace: Workspace) -> None:
    """All processes of the first batch at once, as when the machine goes down; by then the second waits for its job."""
    workspace.write("a", toy(1, frames=60))
    first = start(workspace)
    wait_for(lambda: len(workspace.frames("a")) > 3, first)
    second = start(workspace)
    wait_for(lambda: record(workspace).get("a"), second)
    assert len(workspace.frames("a")) < 60
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    kept = workspace.stamps("a")
    code, output = ended(second)
    assert code == 0, output
    assert "a: waiting for process " in output
    assert kept.items() <= workspace.stamps("a").items()
    assert workspace.frames("a") == alone(toy(1, frames=60), workspace.path)


@pytest.mark.slow
def test_batches_that_split_a_schedule_differently_share_it(workspace: Workspace) -> None:
    workspace.write("shots", SHOTS)
    processes = [start(workspace, "--jobs", jobs) for jobs in ("2", "3", "1")]
    assert [ended(process)[0] for process in processes] == [0, 0, 0]
    assert workspace.frames("shots") == alone(SHOTS, workspace.path)
    assert (workspace.path / "out" / "shots" / "video.mp4").exists()


def test_parts_that_share_frames_exclude_each_other(tmp_path: Path) -> None:
    with only_writer(tmp_path, (0, 12)):
        assert in_use(tmp_path, (12, 20)) == ""
        assert in_use(tmp_path, (0, 5)).startswith(f"process {os.getpid()} on ")
        assert in_use(tmp_path, (11, 30)).startswith(f"process {os.getpid()} on ")
        assert in_use(tmp_path).startswith(f"process {os.getpid()} on ")
    assert in_use(tmp_path) == ""


# One schedule


def test_render_wait(workspace: Workspace) -> None:
    file = workspace.write("a", toy(1, frames=3))
    with held(workspace.path / "out" / "a") as holder:
        code, output = workspace.call(file, "--out", "out", "--device", "cpu")
        assert code == 1
        assert f"is being rendered by process {holder.pid} on " in output
        assert "wait for it (render --wait does), stop it, or give another --out" in output
        process = workspace.start(file, "--out", "out", "--device", "cpu", "--wait")
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith(f"a: warning: waiting for process {holder.pid} on ")
        assert not workspace.frames("a")
        holder.kill()
        code, output = ended(process)
    assert code == 0, output
    assert workspace.frames("a") == alone(toy(1, frames=3), workspace.path)


def test_render_wait_can_be_stopped(workspace: Workspace) -> None:
    file = workspace.write("a", toy(1, frames=3))
    with held(workspace.path / "out" / "a"):
        process = workspace.start(file, "--out", "out", "--device", "cpu", "--wait")
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        code, output = ended(process)
    assert code == 130, output
    assert "a: 0 of 3 frames are done; run the same command again to continue" in output
