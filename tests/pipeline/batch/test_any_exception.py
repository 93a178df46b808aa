"""Any exception while a job is collected, loaded or rendered fails that job only; the others are rendered."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.batch.batch import Batch
from pipeline.batch.display import LineDisplay
from pipeline.batch.jobs.collect import collect, expand
from pipeline.batch.jobs.job import BROKEN, FINISHED, Job, JobState
from pipeline.batch.jobs.reason import reason
from pipeline.batch.workers.devices import worker_options
from pipeline.batch.workers.local import LocalPool, LocalWorker
from pipeline.batch.workers.options import BatchOptions
from pipeline.batch.workers.rendering import Logs
from pipeline.run.events import Event, Warned
from pipeline.schedule.origin import Origin
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.errors import InputError
from tests.pipeline.batch.conftest import Workspace, alone, toy
from tests.waiting import PATIENCE

# The command, patched so that the schedule with seed 66 meets an unexpected error: the code `wrong` is run.
STRANGE = """
import os
from pathlib import Path
def strange(function, is_it, wrong):
    def replaced(*arguments, **named):
        if is_it(*arguments):
            exec(wrong, globals())
        return function(*arguments, **named)
    return replaced
{patch}
if __name__ == "__main__":
    from pipeline.cli import entry
    entry()
"""
COLLECTED = """
import pipeline.batch.jobs.collect as home
home.requests_of = strange(home.requests_of, lambda file, *more: file.stem == "odd", {wrong!r})
"""
LOADED = """
import pipeline.batch.workers.process as home
if __name__ != "__main__":
    home._schedule = strange(home._schedule, lambda job: job.name == "odd", {wrong!r})
"""
RENDERED = """
from render.renderer.renderer import Renderer
Renderer.step = strange(Renderer.step, lambda self, state, spec, **how: spec.seed == 66, {wrong!r})
"""
STARTED = """
if __name__ != "__main__":
    {wrong}
"""
UNPICKLABLE = """
class Inner(Exception):
    def __init__(self, one, two): super().__init__(lambda: one)
raise Inner(1, 2)
"""


def call(workspace: Workspace, patch: str, *arguments: str) -> tuple[int, str]:
    workspace.write("even", toy(2, frames=2))
    workspace.write("odd", toy(66, frames=2))
    (workspace.path / "strange.py").write_text(STRANGE.format(patch=patch))
    done = subprocess.run(
        [sys.executable, "strange.py", "batch", "s", "--out", "out", "--device", "cpu", *arguments],
        cwd=workspace.path,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("1 / 0", "s/odd.yaml: unexpected ZeroDivisionError: division by zero (<string>, line 1); please report this"),
        ("raise MemoryError", "out of memory (MemoryError)"),
        pytest.param("def f(): f()\nf()", "unexpected RecursionError", marks=pytest.mark.slow),
        pytest.param("raise PermissionError(13, 'Permission denied', 'x.mid')", "x.mid: Permission denied"),
    ],
)
def test_an_error_while_a_job_is_collected(workspace: Workspace, wrong: str, message: str) -> None:
    code, shown = call(workspace, COLLECTED.format(wrong=wrong))
    assert code == 1, shown
    assert workspace.states() == {"even": "finished", "odd": "broken"}
    assert message in workspace.record()["odd"]["message"]
    assert message in shown


def test_an_error_while_a_job_is_loaded_again(workspace: Workspace) -> None:
    """Its files were replaced after they were checked; another attempt would fail in the same way."""
    code, output = call(workspace, LOADED.format(wrong="1 / 0"))
    assert code == 1, output
    job = workspace.record()["odd"]
    assert (job["state"], job["deaths"], workspace.states()["even"]) == ("failed", 0, "finished")
    assert "unexpected ZeroDivisionError: division by zero" in job["message"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("raise EOFError('Ran out of input')", "EOFError: Ran out of input"),  # not from the batch's own pipe
        pytest.param("import sys; sys.exit(3)", "SystemExit: 3", marks=pytest.mark.slow),
        pytest.param("raise KeyboardInterrupt", "KeyboardInterrupt", marks=pytest.mark.slow),
        pytest.param("def f(): f()\nf()", "RecursionError", marks=pytest.mark.slow),
        pytest.param(UNPICKLABLE, "Inner: ", marks=pytest.mark.slow),
        pytest.param("os._exit(9)", "the worker ended with exit code 9", marks=pytest.mark.slow),
        pytest.param("raise GeneratorExit", "GeneratorExit", marks=pytest.mark.slow),
    ],
)
def test_an_error_while_a_job_is_rendered(workspace: Workspace, wrong: str, message: str) -> None:
    code, shown = call(workspace, RENDERED.format(wrong=wrong), "--tries", "2")
    assert code == 1, shown
    assert workspace.states() == {"even": "finished", "odd": "failed"}
    job = workspace.record()["odd"]
    assert message in job["message"]
    assert job["deaths"] == 2
    assert job["message"].endswith("2 times at frame 0; its log: out/odd/batch.log")
    assert len(workspace.workers("odd")) == 2, "a process is not used again after an unexpected error"
    if "_exit" not in wrong:
        assert (workspace.path / "out" / "odd" / "batch.log").read_text().count(
            "Traceback (most recent call last)"
        ) >= 2
    assert workspace.frames("even") == alone(toy(2, frames=2), workspace.path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("raise MemoryError", "out of memory (MemoryError)"),
        ("raise BrokenPipeError(32, 'Broken pipe')", "out/odd: Broken pipe; finished work is kept"),
    ],
)
def test_a_refusal_by_the_system_is_not_tried_again(workspace: Workspace, wrong: str, message: str) -> None:
    code, shown = call(workspace, RENDERED.format(wrong=wrong))
    assert code == 1, shown
    job = workspace.record()["odd"]
    assert (job["state"], job["deaths"], workspace.states()["even"]) == ("failed", 0, "finished")
    assert message in job["message"]


@pytest.mark.slow
def test_a_worker_that_fails_before_it_begins(workspace: Workspace) -> None:
    code, output = call(
        workspace, STARTED.format(wrong="os.dup2(os.open('output', 65), 2); raise ImportError('no such module')")
    )
    assert code == 1, output
    assert workspace.states() == {"even": "failed", "odd": "failed"}
    assert "the worker ended with exit code 1, 3 times at frame 0" in output


def test_reasons() -> None:
    file = Path("a.yaml")
    assert reason(InputError("a.yaml:1: no"), file) == "a.yaml:1: no"
    assert reason(OSError("odd"), file) == "a.yaml: odd"
    assert reason(ValueError("two\nlines"), file) == "a.yaml: unexpected ValueError: two lines; please report this"


def test_an_invalid_timeline_is_one_broken_job(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [workspace.write("a", toy(1)), workspace.write("b", toy(2))]

    def timeline(schedule: Schedule) -> Timeline:
        if schedule.title == "a":
            raise InputError("s/a.yaml: the timeline is wrong")
        return Timeline(schedule)

    monkeypatch.setattr("pipeline.batch.jobs.collect.Timeline", timeline)
    assert [(state.name, state.status) for state in collect(files, workspace.path / "out", Origin(file=""))] == [
        ("a", BROKEN),
        ("b", "waiting"),
    ]


def test_unreadable_paths_give_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(InputError, match="File name too long"):
        expand(["x" * 300 + ".yaml", "y" * 5000], [])
    monkeypatch.setattr(Path, "iterdir", denied)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        expand([str(tmp_path)], [])


# What a batch prints and writes


class Broken(LineDisplay):
    """A display whose terminal is gone."""

    def changed(self, state: JobState) -> None:
        raise OSError(5, "Input/output error")

    def event(self, state: JobState, event: Event) -> None:
        raise UnicodeEncodeError("ascii", "ä", 0, 1, "odd")

    def close(self, states: object) -> None:
        raise RuntimeError("no terminal")


def batch(
    workspace: Workspace, display: LineDisplay, out: str = "out", names: str = "a"
) -> tuple[Batch, list[JobState]]:
    states = collect([workspace.write(name, toy(ord(name), frames=2)) for name in names], Path(out), Origin(file=""))
    pool = LocalPool(worker_options("cpu", 1, len(states), BatchOptions(offline=True)))
    return Batch(states, pool, BatchOptions(), display, Path(out)), states


def test_a_failing_display_stops_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace.path)
    assert batch(workspace, Broken())[0].run() == 0
    assert workspace.states() == {"a": FINISHED}


def test_a_closed_pipe_stops_nothing(workspace: Workspace) -> None:
    """As in `render batch ... | head -1`: everything printed goes to the pipe."""
    for name in "ab":
        workspace.write(name, toy(ord(name), frames=2))
    process = workspace.start("batch", "s", "--out", "out", "--device", "cpu", "--json")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert workspace.states() == {"a": "finished", "b": "finished"}


def test_a_batch_json_that_cannot_be_written_stops_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workspace.path)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.batch.batch.write_record", full)
    assert batch(workspace, LineDisplay())[0].run() == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if "batch.json" in line]
    assert notes == ["out/batch.json: cannot be written: No space left on device; the jobs continue"]
    assert len(workspace.frames("a")) == 2


def test_names_that_are_not_utf8_are_written(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace.path)
    odd = JobState(name=os.fsdecode(b"caf\xe9"), file=Path(os.fsdecode(b"caf\xe9.yaml")), status=BROKEN, message="why")
    rendering, states = batch(workspace, LineDisplay())
    states.append(odd)
    rendering.run()
    jobs = json.loads((workspace.path / "out" / "batch.json").read_text())["jobs"]
    assert jobs[1]["name"] == odd.name


def test_a_folder_that_cannot_be_created_is_one_failed_job(workspace: Workspace) -> None:
    for name in "ab":
        workspace.write(name, toy(ord(name), frames=2))
    (workspace.path / "out").mkdir()
    (workspace.path / "out" / "a").write_text("in the way")
    code, output = workspace.batch()
    assert code == 1
    assert workspace.states() == {"a": "failed", "b": "finished"}
    assert "cannot create the output folder out/a: out/a is a file" in output


def test_a_log_that_cannot_be_written_fails_no_job(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace.path)
    [state] = batch(workspace, LineDisplay())[1]
    assert isinstance(state.job, Job)
    logs = Logs([state.job])

    def odd(event: Event) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(logs, "_reporters", {state.job.log: odd})
    logs.event(state.job, Warned(schedule="a", message="careful"))
    logs.write(os.fsdecode(b"caf\xe9"))
    assert state.job.log.read_text() == "caf\\udce9\n"


# Workers


def test_a_worker_that_cannot_be_started(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system cannot create another process twice; then it can."""
    monkeypatch.chdir(workspace.path)
    rendering, [state] = batch(workspace, LineDisplay())
    start = LocalPool.start
    refused: list[str] = []

    def sometimes(self: LocalPool, slot: int) -> LocalWorker:
        if len(refused) < 2:
            refused.append(state.message)
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return start(self, slot)

    monkeypatch.setattr(LocalPool, "start", sometimes)
    assert rendering.run() == 0
    assert (state.status, state.deaths) == (FINISHED, 2)
    assert "the worker cannot be started: Resource temporarily unavailable" in refused[1]


def test_a_worker_that_sends_garbage_is_replaced(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace.path)
    rendering, [state] = batch(workspace, LineDisplay())
    start = LocalPool.start
    first: list[LocalWorker] = []
    ends: list[object] = []

    def garbled(self: LocalPool, slot: int) -> LocalWorker:
        worker = start(self, slot)
        if not first:
            first.append(worker)
            reader, writer = self._context.Pipe()
            writer.send_bytes(b"no message")
            worker.connection = reader
            ends.append(writer)
        return worker

    monkeypatch.setattr(LocalPool, "start", garbled)
    assert rendering.run() == 0
    assert (state.status, state.deaths) == (FINISHED, 1)
    assert not first[0].process.is_alive()


def test_a_worker_that_closes_its_pipe_and_keeps_running_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.batch.workers.local.PATIENCE", 0.2)
    pool = LocalPool(worker_options("cpu", 1, 1, BatchOptions(offline=True)))
    worker = pool.start(0)
    try:
        os.kill(worker.process.pid or 0, signal.SIGSTOP)
        worker.broken = True
        assert pool.dead() == [worker]
        assert worker.ending() == "the worker stopped responding"
    finally:
        pool.close()
