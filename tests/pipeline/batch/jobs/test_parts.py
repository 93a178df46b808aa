"""One schedule for several workers: frames, states and video equal those of a single run."""

from pathlib import Path

import pytest

from pipeline import Session, load_schedule
from pipeline.batch.jobs.collect import collect
from pipeline.batch.jobs.job import BROKEN, FINISHED, JobState
from pipeline.batch.jobs.parts import split
from pipeline.run.events import Event, Finished, FrameDone
from pipeline.run.folder.lock import holder, only_writer
from pipeline.run.run import RunOptions
from pipeline.schedule.origin import Origin
from render.errors import FolderInUseError
from tests.pipeline.batch.conftest import Workspace, alone, killing, one_thread
from tests.shots import SHOTS


def states(workspace: Workspace, text: str = SHOTS) -> list[JobState]:
    return collect([workspace.write("shots", text)], workspace.path / "out", Origin(file=""))


def parts(found: list[JobState]) -> list[tuple[str, tuple[int, int] | None]]:
    return [(state.name, state.job.part if state.job else None) for state in found]


def test_a_job_is_split_at_its_cuts_if_there_is_room(workspace: Workspace) -> None:
    whole = [("shots", None)]
    assert parts(split(states(workspace), 1)) == whole
    halves = [("shots 0:12", (0, 12)), ("shots 12:27", (12, 27)), *whole]
    assert parts(split(states(workspace), 2)) == halves
    thirds = [("shots 0:12", (0, 12)), ("shots 12:19", (12, 19)), ("shots 19:27", (19, 27)), *whole]
    assert parts(split(states(workspace), 3)) == parts(split(states(workspace), 99)) == thirds


def test_there_are_no_more_parts_than_workers_need(workspace: Workspace) -> None:
    both = [*states(workspace), *collect([workspace.write("b", SHOTS)], workspace.path / "out", Origin(file=""))]
    broken = JobState(name="broken", file=Path("broken.yaml"), status=BROKEN)
    assert parts(split([*both, broken], 2)) == [("shots", None), ("b", None), ("broken", None)]
    assert [name for name, _ in parts(split([*both, broken], 3))] == [
        "shots 0:12",
        "shots 12:27",
        "shots",
        "b",
        "broken",
    ]


@pytest.mark.parametrize(
    "text", [SHOTS + "loop: {blend: 1s}\n", SHOTS.replace("prompts: white", "start: carry, prompts: a")]
)
def test_dependent_shots_stay_in_one_part(workspace: Workspace, text: str) -> None:
    """The end of a loop blends into its beginning; a shot that carries continues from the one before it."""
    looped = "loop" in text
    found = parts(split(states(workspace, text), 9))
    assert found == (
        [("shots", None)] if looped else [("shots 0:12", (0, 12)), ("shots 12:27", (12, 27)), ("shots", None)]
    )


def test_a_job_waits_for_its_parts(workspace: Workspace) -> None:
    first, second, job = split(states(workspace), 2)
    assert (first.ready, second.ready, job.ready) == (True, True, False)
    first.status = FINISHED
    assert not job.ready
    second.status = FINISHED
    assert job.ready


def run(file: Path, folder: Path, part: tuple[int, int] | None, stop: int | None = None) -> list[int]:
    """The frames that are rendered for a part; the run is abandoned after frame `stop`."""
    frames: list[int] = []
    event: Event | None = None
    with one_thread():
        for event in Session().events(load_schedule(file), folder, RunOptions(part=part)):
            if isinstance(event, FrameDone):
                frames.append(event.index)
                if event.index == stop:
                    return frames
    assert isinstance(event, Finished)
    return frames


def test_interrupted_parts_in_any_order_make_one_run(workspace: Workspace) -> None:
    file, out = workspace.write("shots", SHOTS), workspace.path / "out"
    assert run(file, out, (19, 27), stop=22)[0] == 19
    assert run(file, out, (0, 12)) == list(range(12))  # and deletes no state of the other part
    assert run(file, out, (19, 27)) in ([*range(n, 27)] for n in (23, 24, 25))
    assert not (out / "video.mp4").exists()
    assert run(file, out, None) == list(range(12, 19))
    assert {path.name: path.read_bytes() for path in sorted((out / "frames").glob("*.png"))} == alone(
        SHOTS, workspace.path
    )
    assert (out / "video.mp4").exists()
    assert not list(out.glob(".lock-*"))


def test_parts_share_a_folder_but_exclude_whole_runs(tmp_path: Path) -> None:
    with only_writer(tmp_path, (0, 5)), only_writer(tmp_path, (5, 9)):
        assert holder(tmp_path) is not None
        with pytest.raises(FolderInUseError, match="process"), only_writer(tmp_path):
            pass
        with pytest.raises(FolderInUseError), only_writer(tmp_path, (5, 9)):
            pass
    with only_writer(tmp_path):
        assert holder(tmp_path) is not None
        with pytest.raises(FolderInUseError), only_writer(tmp_path, (0, 5)):
            pass
    assert holder(tmp_path) is None


def test_two_workers_render_one_schedule_and_one_is_killed(workspace: Workspace) -> None:
    workspace.write("shots", SHOTS)
    log = "batch-12.log"
    with killing(workspace, "shots", 1, lambda: "000013.png" in workspace.frames("shots"), log) as killed:
        code, output = workspace.batch("--jobs", 2)
    assert code == 0, output
    assert len(killed) == 1
    assert set(workspace.states().items()) == {(name, "finished") for name in ("shots 0:12", "shots 12:27", "shots")}
    assert workspace.record()["shots 12:27"]["deaths"] == 1
    assert workspace.record()["shots"]["rendered"] == 0
    assert workspace.frames("shots") == alone(SHOTS, workspace.path)
    assert workspace.workers("shots", log)[0] == killed[0]
    assert set(workspace.workers("shots", "batch-0.log")).isdisjoint(workspace.workers("shots", log)[:1])
    assert (workspace.path / "out" / "shots" / "video.mp4").exists()
