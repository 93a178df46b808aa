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
from tests.pipeline.batch.conftest import ENDLESS, Desk, alone, killing, toy
from tests.shots import SHOTS
from tests.waiting import PATIENCE, wait_for


def assert_nearly(mine: Mapping[str, bytes], wanted: Mapping[str, bytes]) -> None:
    """The same pictures up to rounding: sums are taken over several pictures."""
    assert mine.keys() == wanted.keys()
    for name, data in mine.items():
        ours, theirs = (np.asarray(Image.open(io.BytesIO(png))).astype(int) for png in (data, wanted[name]))
        assert np.abs(ours - theirs).mean() < 0.01, name
        assert np.abs(ours - theirs).max() <= 3, name


def together(desk: Desk, name: str) -> list[str]:
    """The jobs that a job was rendered with, according to its log, each time it was with others."""
    lines = (desk.path / "out" / name / "batch.log").read_text().splitlines()
    return [line.removeprefix("together: ") for line in lines if line.startswith("together: ")]


def test_only_the_job_that_kills_its_worker_is_blamed(desk: Desk) -> None:
    """A job whose disk fails is reported at once; the others in its group continue after their last frames, alone."""
    good = {"a": toy(1, frames=24), "d": toy(2, frames=10)}
    for name, text in good.items():
        desk.write(name, text)
    desk.write("b", ENDLESS)
    desk.write("c", toy(3))
    in_the_way = desk.path / "out" / "c" / "frames"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("")
    with killing(desk, "b", 4, lambda: len(desk.frames("a")) > 3) as killed:
        code, said = desk.batch("--lockstep", 8)
    assert code == 1, said
    assert len(killed) == 4
    jobs = desk.record()
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
    assert "alone" in said
    for name in jobs:
        assert together(desk, name) == ["a, b, c, d"]
    assert jobs["a"]["rendered"] <= 24 + 2, "except for frames that were not reported before the worker died"
    for name, text in good.items():
        assert_nearly(desk.frames(name), alone(text, desk.path))


@pytest.mark.slow
def test_stopped_jobs_in_lockstep_all_continue_later(desk: Desk) -> None:
    """Two at a time as requested, one picture size by itself; after Ctrl-C all continue after their last frames."""
    texts = {name: toy(number, frames=40) for number, name in enumerate("abc")}
    wide = toy(9, frames=8).replace("[32, 24]", "[48, 24]")
    for name, text in {**texts, "wide": wide}.items():
        desk.write(name, text)
    process = desk.start("batch", "s", "--out", "out", "--device", "cpu", "--lockstep", 2)
    wait_for(lambda: len(desk.frames("b")) >= 5, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, out + err
    assert "Traceback" not in err
    assert set(desk.states().values()) == {"stopped"}
    done = {name: desk.stamps(name) for name in "ab"}
    assert all(5 <= len(stamps) < 40 for stamps in done.values())
    assert {desk.record()[name]["done"] for name in "ab"} == {len(stamps) for stamps in done.values()}
    code, said = desk.batch("--lockstep", 2)
    assert code == 0, said
    assert together(desk, "a") == together(desk, "b") == ["a, b", "a, b"]
    assert together(desk, "c") == together(desk, "wide") == []
    for name, text in texts.items():
        assert_nearly(desk.frames(name), alone(text, desk.path))
    assert all(stamps.items() <= desk.stamps(name).items() for name, stamps in done.items())
    assert desk.frames("wide") == alone(wide, desk.path)


@pytest.mark.slow
def test_shots_and_jobs_mix(desk: Desk) -> None:
    """A job is split into its shots if there is room beside the other jobs."""
    other = toy(4, frames=9)
    desk.write("other", other)
    desk.write("shots", SHOTS)
    code, said = desk.batch("--lockstep", 3)
    assert code == 0, said
    assert list(desk.states()) == ["other", "shots 0:12", "shots 12:27", "shots"]
    assert together(desk, "other") == ["other, shots 0:12, shots 12:27"]
    assert desk.record()["shots"]["rendered"] == 0
    assert_nearly(desk.frames("other"), alone(other, desk.path))
    assert_nearly(desk.frames("shots"), alone(SHOTS, desk.path))
    assert (desk.path / "out" / "shots" / "video.mp4").exists()


@pytest.mark.slow
def test_the_fastest_number_is_measured_once(desk: Desk) -> None:
    """A worker measures it for its first group and reports it; the next groups have that size."""
    for number in range(10):
        desk.write(f"job{number}", toy(number, frames=60))
    code, said = desk.batch("--lockstep", "auto")
    assert code == 0, said
    [best] = re.findall(r"lockstep: a step of a picture takes .*: (\d) at once", said)
    assert together(desk, "job0") == [", ".join(f"job{number}" for number in range(8))]
    assert together(desk, "job9") == (["job8, job9"] if int(best) > 1 else [])
    assert_nearly(desk.frames("job9"), alone(toy(9, frames=60), desk.path))


def states(desk: Desk, names: str) -> list[JobState]:
    return collect([desk.write(name, toy(ord(name))) for name in names], desk.path / "out", Origin(file=""))


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
    desk: Desk, names: str, workers: int, at_once: int | None, groups: Sequence[str]
) -> None:
    """No worker stays idle so that another can have more jobs."""
    found = states(desk, names)
    pool = LocalPool(worker_options("cpu", workers, len(names), BatchOptions(at_once=at_once)))
    batch = Batch(found, pool, BatchOptions(at_once=at_once), LineDisplay(), Path("out"))
    given = []
    while group := batch.queue.next(None):
        given.append("".join(state.name for state in group))
        for state in group:
            state.status = "running"
    assert given == list(groups)


def test_a_job_whose_worker_died_is_rendered_alone(desk: Desk) -> None:
    found = states(desk, "abcd")
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
