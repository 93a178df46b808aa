"""A batch finishes all jobs that can be finished, whatever happens to one of them."""

import signal
from pathlib import Path

import pytest

from tests.pipeline.batch.conftest import BROKEN, ENDLESS, Desk, alone, killing, toy
from tests.waiting import PATIENCE, wait_for

ALL_BROKEN = ("prompts: [\n", BROKEN, "output: {fps: 0}\nprompts: a sea\n")


def test_broken_killed_and_crashing_jobs_do_not_affect_the_others(desk: Desk) -> None:
    good = {f"good{n}": desk.write(f"good{n}", toy(n, frames=24 if n == 1 else 6)) for n in range(2)}
    broken = desk.write("broken", BROKEN)
    crashing = desk.write("crashing", ENDLESS)
    with (
        killing(desk, "crashing", 2, lambda: True) as crashes,
        killing(desk, "good1", 1, lambda: len(desk.frames("good1")) > 3) as killed,
    ):
        code, said = desk.batch("--tries", 2)
    assert code == 1, said
    assert (len(crashes), len(killed)) == (2, 1)
    assert desk.states() == {"good0": "finished", "good1": "finished", "broken": "broken", "crashing": "failed"}
    jobs = desk.record()
    assert jobs["good1"]["deaths"] == 1
    assert "SIGKILL" in jobs["crashing"]["message"]
    assert "2 times at frame 0; its log: out/crashing/batch.log" in jobs["crashing"]["message"]
    assert f"{broken.relative_to(desk.path)}:2:10: motion.zom: unknown key; did you mean 'zoom'?" in said
    for name, file in good.items():
        assert desk.frames(name) == alone(file.read_text(), desk.path)
    before = {name: desk.stamps(name) for name in good}
    broken.write_text(toy(5))
    crashing.write_text(toy(6))
    code, said = desk.batch()
    assert code == 0, said
    assert set(desk.states().values()) == {"finished"}
    assert {name: job["rendered"] for name, job in desk.record().items()} == {
        "good0": 0,
        "good1": 0,
        "broken": 6,
        "crashing": 6,
    }
    assert {name: desk.stamps(name) for name in good} == before


@pytest.mark.slow
def test_twelve_jobs_on_two_workers(desk: Desk) -> None:
    good = {f"good{n}": desk.write(f"good{n}", toy(n, frames=16)) for n in range(8)}
    for number, text in enumerate(ALL_BROKEN):
        desk.write(f"broken{number}", text)
    desk.write("crashing", ENDLESS)
    with (
        killing(desk, "crashing", 3, lambda: True),
        killing(desk, "good3", 1, lambda: len(desk.frames("good3")) > 3) as killed,
    ):
        code, said = desk.batch("--jobs", 2)
    assert code == 1, said
    assert len(killed) == 1
    states = list(desk.states().values())
    assert (states.count("finished"), states.count("broken"), states.count("failed")) == (8, 3, 1)
    for name, file in good.items():
        assert desk.call(file, "--out", "single")[0] == 0
        assert desk.frames(name) == desk.frames(name, "single")
        video = Path("video.mp4")
        assert (desk.path / "out" / name / video).read_bytes() == (desk.path / "single" / name / video).read_bytes()
    before = {name: desk.stamps(name) for name in good}
    for name in ("broken0", "broken1", "broken2", "crashing"):
        desk.write(name, toy(20))
    code, said = desk.batch("--jobs", 2)
    assert code == 0, said
    assert sum(job["rendered"] for job in desk.record().values()) == 4 * 6
    assert {name: desk.stamps(name) for name in good} == before


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)]
)
def test_a_stopped_batch_continues_later(desk: Desk, number: int, code: int) -> None:
    desk.write("a", toy(1, frames=2000))
    desk.write("b", toy(2))
    process = desk.start("batch", "s", "--out", "out", "--device", "cpu")
    wait_for(lambda: len(desk.frames("a")) >= 3, process)
    [worker] = desk.workers("a")
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, out + err
    assert "Traceback" not in err
    assert not Path(f"/proc/{worker}").exists()
    assert desk.states() == {"a": "stopped", "b": "stopped"}
    done = desk.stamps("a")
    assert 3 <= len(done) < 2000
    desk.write("c", toy(3))
    (desk.path / "s" / "a.yaml").write_text(toy(1, frames=2000).replace("prompts:", "title: a\nprompts:"))
    code, said = desk.batch("--time-limit", "1s")
    assert code == 1, said
    assert done.items() <= desk.stamps("a").items()


@pytest.mark.slow
def test_a_time_limit(desk: Desk) -> None:
    desk.write("a", toy(1, frames=900))
    code, said = desk.batch("--time-limit", "4s")
    assert (code, desk.states()) == (1, {"a": "stopped"})
    assert "time limit reached: finishing the frames being rendered" in said


def test_fail_fast_renders_nothing_if_a_schedule_is_broken(desk: Desk) -> None:
    desk.write("a", toy(1))
    desk.write("b", ALL_BROKEN[0])
    code, said = desk.batch("--fail-fast")
    assert code == 2
    assert "s/b.yaml:2:1: not YAML" in said
    assert not (desk.path / "out").exists()


def test_a_failed_job_is_reported_and_not_tried_again(desk: Desk) -> None:
    desk.write("a", toy(1, frames=2))
    desk.write("b", toy(2, frames=2))
    (desk.path / "out").mkdir()
    (desk.path / "out" / "a").mkdir()
    (desk.path / "out" / "a" / "frames").write_text("in the way")
    code, said = desk.batch()
    assert code == 1
    assert desk.states() == {"a": "failed", "b": "finished"}
    assert desk.record()["a"]["deaths"] == 0
    assert "frames" in desk.record()["a"]["message"]
    assert "finished work is kept" in said
