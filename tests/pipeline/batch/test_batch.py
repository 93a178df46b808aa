"""A batch finishes all jobs that can be finished, whatever happens to one of them."""

import signal
from pathlib import Path

import pytest

from tests.pipeline.batch.conftest import BROKEN, ENDLESS, Workspace, alone, killing, toy
from tests.waiting import PATIENCE, wait_for

ALL_BROKEN = ("prompts: [\n", BROKEN, "output: {fps: 0}\nprompts: a sea\n")


def test_broken_killed_and_crashing_jobs_do_not_affect_the_others(workspace: Workspace) -> None:
    good = {f"good{n}": workspace.write(f"good{n}", toy(n, frames=24 if n == 1 else 6)) for n in range(2)}
    broken = workspace.write("broken", BROKEN)
    crashing = workspace.write("crashing", ENDLESS)
    with (
        killing(workspace, "crashing", 2, lambda: True) as crashes,
        killing(workspace, "good1", 1, lambda: len(workspace.frames("good1")) > 3) as killed,
    ):
        code, output = workspace.batch("--tries", 2)
    assert code == 1, output
    assert (len(crashes), len(killed)) == (2, 1)
    assert workspace.states() == {"good0": "finished", "good1": "finished", "broken": "broken", "crashing": "failed"}
    jobs = workspace.record()
    assert jobs["good1"]["deaths"] == 1
    assert "SIGKILL" in jobs["crashing"]["message"]
    assert "2 times at frame 0; its log: out/crashing/batch.log" in jobs["crashing"]["message"]
    assert f"{broken.relative_to(workspace.path)}:2:10: motion.zom: unknown key; did you mean 'zoom'?" in output
    for name, file in good.items():
        assert workspace.frames(name) == alone(file.read_text(), workspace.path)
    before = {name: workspace.stamps(name) for name in good}
    broken.write_text(toy(5))
    crashing.write_text(toy(6))
    code, output = workspace.batch()
    assert code == 0, output
    assert set(workspace.states().values()) == {"finished"}
    assert {name: job["rendered"] for name, job in workspace.record().items()} == {
        "good0": 0,
        "good1": 0,
        "broken": 6,
        "crashing": 6,
    }
    assert {name: workspace.stamps(name) for name in good} == before


@pytest.mark.slow
def test_twelve_jobs_on_two_workers(workspace: Workspace) -> None:
    good = {f"good{n}": workspace.write(f"good{n}", toy(n, frames=16)) for n in range(8)}
    for number, text in enumerate(ALL_BROKEN):
        workspace.write(f"broken{number}", text)
    workspace.write("crashing", ENDLESS)
    with (
        killing(workspace, "crashing", 3, lambda: True),
        killing(workspace, "good3", 1, lambda: len(workspace.frames("good3")) > 3) as killed,
    ):
        code, output = workspace.batch("--jobs", 2)
    assert code == 1, output
    assert len(killed) == 1
    states = list(workspace.states().values())
    assert (states.count("finished"), states.count("broken"), states.count("failed")) == (8, 3, 1)
    for name, file in good.items():
        assert workspace.call(file, "--out", "single")[0] == 0
        assert workspace.frames(name) == workspace.frames(name, "single")
        video = Path("video.mp4")
        assert (workspace.path / "out" / name / video).read_bytes() == (
            workspace.path / "single" / name / video
        ).read_bytes()
    before = {name: workspace.stamps(name) for name in good}
    for name in ("broken0", "broken1", "broken2", "crashing"):
        workspace.write(name, toy(20))
    code, output = workspace.batch("--jobs", 2)
    assert code == 0, output
    assert sum(job["rendered"] for job in workspace.record().values()) == 4 * 6
    assert {name: workspace.stamps(name) for name in good} == before


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)]
)
def test_a_stopped_batch_continues_later(workspace: Workspace, number: int, code: int) -> None:
    workspace.write("a", toy(1, frames=2000))
    workspace.write("b", toy(2))
    process = workspace.start("batch", "s", "--out", "out", "--device", "cpu")
    wait_for(lambda: len(workspace.frames("a")) >= 3, process)
    [worker] = workspace.workers("a")
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, out + err
    assert "Traceback" not in err
    assert not Path(f"/proc/{worker}").exists()
    assert workspace.states() == {"a": "stopped", "b": "stopped"}
    done = workspace.stamps("a")
    assert 3 <= len(done) < 2000
    workspace.write("c", toy(3))
    (workspace.path / "s" / "a.yaml").write_text(toy(1, frames=2000).replace("prompts:", "title: a\nprompts:"))
    code, output = workspace.batch("--time-limit", "1s")
    assert code == 1, output
    assert done.items() <= workspace.stamps("a").items()


@pytest.mark.slow
def test_a_time_limit(workspace: Workspace) -> None:
    workspace.write("a", toy(1, frames=900))
    code, output = workspace.batch("--time-limit", "4s")
    assert (code, workspace.states()) == (1, {"a": "stopped"})
    assert "time limit reached: finishing the frames being rendered" in output


def test_fail_fast_renders_nothing_if_a_schedule_is_broken(workspace: Workspace) -> None:
    workspace.write("a", toy(1))
    workspace.write("b", ALL_BROKEN[0])
    code, output = workspace.batch("--fail-fast")
    assert code == 2
    assert "s/b.yaml:2:1: not YAML" in output
    assert not (workspace.path / "out").exists()


def test_a_failed_job_is_reported_and_not_tried_again(workspace: Workspace) -> None:
    workspace.write("a", toy(1, frames=2))
    workspace.write("b", toy(2, frames=2))
    (workspace.path / "out").mkdir()
    (workspace.path / "out" / "a").mkdir()
    (workspace.path / "out" / "a" / "frames").write_text("in the way")
    code, output = workspace.batch()
    assert code == 1
    assert workspace.states() == {"a": "failed", "b": "finished"}
    assert workspace.record()["a"]["deaths"] == 0
    assert "frames" in workspace.record()["a"]["message"]
    assert "finished work is kept" in output
