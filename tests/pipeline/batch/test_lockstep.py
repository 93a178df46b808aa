"""Several jobs of a batch refined together: each has its own row, log and outcome; only the culprit is blamed."""

import io
import re
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.batch.batch import Batch
from pipeline.batch.display import LineDisplay
from pipeline.batch.jobs.collect import collect
from pipeline.batch.jobs.job import JobState
from pipeline.batch.workers.devices import worker_options
from pipeline.batch.workers.local import LocalPool
from pipeline.batch.workers.options import BatchOptions
from pipeline.schedule.origin import Origin
from tests.pipeline.batch.conftest import ENDLESS, Workspace, alone, killing, toy
from tests.shots import SHOTS
from tests.waiting import PATIENCE, wait_for


def assert_nearly(mine: Mapping[str, bytes], wanted: Mapping[str, bytes]) -> None:
    """The same pictures up to rounding: sums are taken over several pictures."""
    assert mine.keys() == wanted.keys()
    for name, data in mine.items():
        ours, theirs = (np.asarray(Image.open(io.BytesIO(png))).astype(int) for png in (data, wanted[name]))
        assert np.abs(ours - theirs).mean() < 0.01, name
        assert np.abs(ours - theirs).max() <= 3, name


def together(workspace: Workspace, name: str) -> list[str]:
    """The jobs that a job was rendered with, according to its log, each time it was with others."""
    lines = (workspace.path / "out" / name / "batch.log").read_text().splitlines()
    return [line.removeprefix("together: ") for line in lines if line.startswith("together: ")]


def test_only_the_job_that_kills_its_worker_is_blamed(workspace: Workspace) -> None:
    """A job whose disk fails is reported at once; the others in its group continue after their last frames, alone."""
    good = {"a": toy(1, frames=24), "d": toy(2, frames=10)}
    for name, text in good.items():
        workspace.write(name, text)
    workspace.write("b", ENDLESS)
    workspace.write("c", toy(3))
    in_the_way = workspace.path / "out" / "c" / "frames"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("")
    with killing(workspace, "b", 4, lambda: len(workspace.frames("a")) > 3) as killed:
        code, output = workspace.batch("--lockstep", 8)
    assert code == 1, output
    assert len(killed) == 4
    jobs = workspace.record()
    assert {name: (job["state"], job["deaths"]) for name, job in jobs.items()} == {
        "a": ("finished", 1),
        "b": ("failed", 4),
        "c": ("failed", 0),
        "d": ("finished", jobs["d"]["deaths"]),
    }
    assert jobs["d"]["deaths"] <= 1, "it may have been finished before"
    assert "SIGKILL" in jobs["b"]["message"]
    assert "3 times at frame 0" in jobs["b"]["message"]
    assert "finished work is kept" in jobs["c"]["message"]
    assert "alone" in output
    for name in jobs:
        assert together(workspace, name) == ["a, b, c, d"]
    assert jobs["a"]["rendered"] <= 24 + 2, "except for frames that were not reported before the worker died"
    for name, text in good.items():
        assert_nearly(workspace.frames(name), alone(text, workspace.path))


@pytest.mark.slow
def test_stopped_jobs_in_lockstep_all_continue_later(workspace: Workspace) -> None:
    """Two at a time as requested, one picture size by itself; after Ctrl-C all continue after their last frames."""
    texts = {name: toy(number, frames=40) for number, name in enumerate("abc")}
    wide = toy(9, frames=8).replace("[32, 24]", "[48, 24]")
    for name, text in {**texts, "wide": wide}.items():
        workspace.write(name, text)
    process = workspace.start("batch", "s", "--out", "out", "--device", "cpu", "--lockstep", 2)
    wait_for(lambda: len(workspace.frames("b")) >= 5, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, out + err
    assert "Traceback" not in err
    assert set(workspace.states().values()) == {"stopped"}
    done = {name: workspace.stamps(name) for name in "ab"}
    assert all(5 <= len(stamps) < 40 for stamps in done.values())
    assert {workspace.record()[name]["done"] for name in "ab"} == {len(stamps) for stamps in done.values()}
    code, output = workspace.batch("--lockstep", 2)
    assert code == 0, output
    assert together(workspace, "a") == together(workspace, "b") == ["a, b", "a, b"]
    assert together(workspace, "c") == together(workspace, "wide") == []
    for name, text in texts.items():
        assert_nearly(workspace.frames(name), alone(text, workspace.path))
    assert all(stamps.items() <= workspace.stamps(name).items() for name, stamps in done.items())
    assert workspace.frames("wide") == alone(wide, workspace.path)


@pytest.mark.slow
def test_shots_and_jobs_mix(workspace: Workspace) -> None:
    """A job is split into its shots if there is room beside the other jobs."""
    other = toy(4, frames=9)
    workspace.write("other", other)
    workspace.write("shots", SHOTS)
    code, output = workspace.batch("--lockstep", 3)
    assert code == 0, output
    assert list(workspace.states()) == ["other", "shots 0:12", "shots 12:27", "shots"]
    assert together(workspace, "other") == ["other, shots 0:12, shots 12:27"]
    assert workspace.record()["shots"]["rendered"] == 0
    assert_nearly(workspace.frames("other"), alone(other, workspace.path))
    assert_nearly(workspace.frames("shots"), alone(SHOTS, workspace.path))
    assert (workspace.path / "out" / "shots" / "video.mp4").exists()


@pytest.mark.slow
def test_the_fastest_number_is_measured_once(workspace: Workspace) -> None:
    """A worker measures it for its first group and reports it; the next groups have that size."""
    for number in range(10):
        workspace.write(f"job{number}", toy(number, frames=60))
    code, output = workspace.batch("--lockstep", "auto")
    assert code == 0, output
    [best] = re.findall(r"lockstep: a step of a picture takes .*: (\d) at once", output)
    assert together(workspace, "job0") == [", ".join(f"job{number}" for number in range(8))]
    assert together(workspace, "job9") == (["job8, job9"] if int(best) > 1 else [])
    assert_nearly(workspace.frames("job9"), alone(toy(9, frames=60), workspace.path))


def states(workspace: Workspace, names: str) -> list[JobState]:
    return collect([workspace.write(name, toy(ord(name))) for name in names], workspace.path / "out", Origin(file=""))


@pytest.mark.parametrize(
    ("names", "workers", "at_once", "groups"),
    [
        ("abcdef", 1, 4, ["abcd", "ef"]),
        ("abcdef", 2, 4, ["abc", "def"]),
        ("abcde", 2, 2, ["ab", "cd", "e"]),
        ("abc", 3, 4, ["a", "b", "c"]),
        ("abcdefghijk", 1, None, ["abcdefgh", "ijk"]),
    ],
)
def test_jobs_are_divided_among_workers(
    workspace: Workspace, names: str, workers: int, at_once: int | None, groups: Sequence[str]
) -> None:
    """No worker stays idle so that another can have more jobs."""
    found = states(workspace, names)
    pool = LocalPool(worker_options("cpu", workers, len(names), BatchOptions(at_once=at_once)))
    batch = Batch(found, pool, BatchOptions(at_once=at_once), LineDisplay(), Path("out"))
    given = []
    while group := batch.queue.next(None):
        given.append("".join(state.name for state in group))
        for state in group:
            state.status = "running"
    assert given == list(groups)


def test_a_job_whose_worker_died_is_rendered_alone(workspace: Workspace) -> None:
    found = states(workspace, "abcd")
    found[1].deaths = 1
    batch = Batch(
        found,
        LocalPool(worker_options("cpu", 1, 4, BatchOptions(at_once=4))),
        BatchOptions(at_once=4),
        LineDisplay(),
        Path("out"),
    )
    assert [state.name for state in batch.queue.next(None)] == ["a", "c", "d"]
    found[0].status = "finished"
    assert [state.name for state in batch.queue.next(None)] == ["b"]
