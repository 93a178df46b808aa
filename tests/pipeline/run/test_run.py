"""The frame loop in one process: what is rendered, what is kept; every path gives the same bytes."""

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from pipeline.run.events import Event, Finished, FrameDone, Interrupted, Started
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.frames import FrameFolder, FrameRecord, Pixels
from pipeline.run.folder.writer import Turn
from pipeline.run.run import Run, RunOptions
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.origin import Origin
from pipeline.schedule.schedule import Schedule
from render.errors import EncodingError, InputError
from render.renderer.renderer import Renderer
from render.renderer.state import FrameState
from render.spec import FrameSpec
from tests.runs import completes

FRAMES = 12  # at 8 fps: states are kept after frames 7, 10 and 11
RED_TO_BLUE = "{0: red, 7: red, 11: blue}"


def toy(prompts: str = RED_TO_BLUE, title: str = "toy", more: str = "") -> Schedule:
    text = f"""
title: {title}
output: {{size: [32, 24], fps: 8, length: {FRAMES}, seed: 3}}
models: {{latent: pixels, perceptors: [toy]{more}}}
prompts: {prompts}
motion: {{zoom: 1.2/s}}
refine: {{steps: 2, first_frame: 4, cutouts: 2}}
"""
    return read_schedule(text, "toy.yaml", "toy")


@dataclass
class Job:
    """A run's folder that can be rendered to repeatedly; `events` are those of the latest run."""

    folder: Path
    renderer: Renderer
    events: list[Event] = field(default_factory=list)
    loaded: int = 0

    def render(
        self,
        schedule: Schedule | None = None,
        stop_after: int | None = None,
        frames: tuple[int | None, int | None] | None = None,
        fresh: bool = False,
        ffmpeg: str | None = None,
    ) -> bool:
        self.events, self.loaded = [], 0
        options = RunOptions(frames=frames, fresh=fresh, ffmpeg=ffmpeg)
        schedule = schedule or toy()
        run = Run(schedule, Origin(file="toy.yaml"), RunFolder(self.folder), options)
        asked = itertools.count()
        return completes(run, self._load, self.events.append, lambda: next(asked) == stop_after)

    def _load(self, warn: Callable[[str], None]) -> Renderer:
        self.loaded += 1
        return self.renderer

    @property
    def rendered(self) -> list[int]:
        return [event.index for event in self.events if isinstance(event, FrameDone)]

    @property
    def finished(self) -> Finished:
        assert isinstance(self.events[-1], Finished)
        return self.events[-1]

    def frame(self, index: int) -> Path:
        return FrameFolder(self.folder / "frames").path(index)

    def state(self, index: int) -> Path:
        return self.folder / "state" / f"{index:06d}.safetensors"

    def frame_bytes(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self.folder / "frames").iterdir())}

    def times(self) -> dict[str, int]:
        """When each file was written."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.stat().st_mtime_ns for path in files}


@pytest.fixture(scope="module", autouse=True)
def small_sheets() -> Iterator[None]:
    """Makes contact sheets small, because they take more time than the toy's frames."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.run.delivery.sheet.WIDTH", 32)
        yield


@pytest.fixture
def slow_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state is written after every frame, as when each takes more than a second."""
    monkeypatch.setattr("pipeline.run.handover.INTERVAL", 0.0)


@pytest.fixture
def job(tmp_path: Path, renderer: Renderer) -> Job:
    return Job(folder=tmp_path / "out" / "toy", renderer=renderer)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, renderer: Renderer) -> Job:
    """One uninterrupted run from start to end; not to be changed."""
    job = Job(folder=tmp_path_factory.mktemp("reference") / "toy", renderer=renderer)
    assert job.render()
    return job


@pytest.fixture
def done(job: Job, reference: Job) -> Job:
    """A finished job: a copy of the reference."""
    shutil.copytree(reference.folder, job.folder)
    return job


def assert_same_frames(job: Job, reference: Job) -> None:
    mine, wanted = job.frame_bytes(), reference.frame_bytes()
    assert mine.keys() == wanted.keys()
    assert [name for name in wanted if mine[name] != wanted[name]] == []


def assert_same_state(job: Job, reference: Job, index: int) -> None:
    mine, wanted = load_file(job.state(index)), load_file(reference.state(index))
    assert mine.keys() == wanted.keys()
    assert {"image", "latent", "optimizer.step"} <= wanted.keys()
    for name, value in wanted.items():
        assert mine[name].tobytes() == value.tobytes(), name


def paint_over(job: Job, index: int) -> None:
    """Make a frame black but keep its record."""
    frames = FrameFolder(job.folder / "frames")
    record = frames.record(index)
    assert record is not None
    frames.write(index, np.zeros((24, 32, 3), np.uint8), record)


def count_frames(video: Path) -> int:
    with av.open(str(video)) as container:
        return sum(1 for _ in container.decode(video=0))


# a whole run


def test_a_run_writes_every_file(reference: Job) -> None:
    folder = reference.folder
    assert sorted(path.name for path in folder.iterdir()) == [
        *(".lock", "contact.png", "frames", "poster.png", "report.json", "run.json", "schedule.yaml", "state"),
        "video.mp4",
    ]
    assert sorted(reference.frame_bytes()) == [f"{index:06d}.png" for index in range(FRAMES)]
    assert sorted(path.stem for path in (folder / "state").iterdir()) == ["000007", "000010", "000011"]
    assert (folder / "schedule.yaml").read_text() == toy().text
    assert count_frames(folder / "video.mp4") == FRAMES


def test_a_run_reports_its_progress(reference: Job) -> None:
    first, *between, last = reference.events
    assert isinstance(first, Started)
    assert (first.frames, first.first, first.last, first.device) == (FRAMES, 0, FRAMES, "cpu")
    assert isinstance(last, Finished)
    assert (last.frames, last.rendered) == (FRAMES, FRAMES)
    assert last.video == reference.folder / "video.mp4"
    frames = [event for event in between if isinstance(event, FrameDone)]
    assert len(frames) == len(between)
    assert [event.index for event in frames] == list(range(FRAMES))
    assert [event.remaining for event in frames] == list(reversed(range(FRAMES)))
    assert frames[-1].seconds_left == 0


def test_pictures_follow_the_prompts(reference: Job) -> None:
    """From red to blue: the toy perceptor pulls the mean colour, so blue minus red must rise."""
    frames = FrameFolder(reference.folder / "frames")
    means = [frames.read(index).mean(axis=(0, 1)) for index in range(FRAMES)]
    blueness = [mean[2] - mean[0] for mean in means]
    assert blueness[7] < -20
    assert blueness[11] > blueness[8]


def test_frames_are_the_states_rounded_to_8_bits(reference: Job) -> None:
    state = load_file(reference.state(11))
    shown = FrameFolder(reference.folder / "frames").read(11)
    assert np.array_equal(shown, np.round(state["image"][0].transpose(1, 2, 0) * 255).astype(np.uint8))


def test_report_and_events_agree_on_similarity(reference: Job) -> None:
    report = json.loads((reference.folder / "report.json").read_text())
    similarities = [event.similarity for event in reference.events if isinstance(event, FrameDone)]
    assert report["similarity"] == similarities
    assert (report["frames"], report["frames_in_schedule"]) == (FRAMES, FRAMES)
    best = max(range(FRAMES), key=lambda index: similarities[index] or -1.0)
    with Image.open(reference.folder / "poster.png") as poster:
        assert np.array_equal(np.asarray(poster), FrameFolder(reference.folder / "frames").read(best))


def test_same_schedule_twice_gives_identical_frame_files(job: Job, reference: Job) -> None:
    assert job.render()
    assert_same_frames(job, reference)
    assert_same_state(job, reference, 11)


def test_another_seed_gives_other_frames(job: Job, reference: Job) -> None:
    """Guards the equality tests: frames do depend on what they are made from."""
    other = read_schedule(toy().text.replace("seed: 3", "seed: 4"), "toy.yaml", "toy")
    assert job.render(other, frames=(None, 1))
    assert job.frame(0).read_bytes() != reference.frame(0).read_bytes()


def test_run_without_prompts_has_no_similarity(job: Job) -> None:
    silent = read_schedule(
        toy().text.replace(f"prompts: {RED_TO_BLUE}", "prompts: [{text: red, weight: 0}]"), "toy.yaml", "toy"
    )
    assert job.render(silent, frames=(None, 3))
    assert [event.similarity for event in job.events if isinstance(event, FrameDone)] == [None] * 3
    assert json.loads((job.folder / "report.json").read_text())["similarity"] == [None] * 3


# interrupted and continued


@pytest.mark.parametrize("after", [0, 1, 5, 8, 11])
def test_interrupted_and_continued_equals_uninterrupted(job: Job, reference: Job, after: int) -> None:
    assert not job.render(stop_after=after)
    last = job.events[-1]
    assert isinstance(last, Interrupted)
    assert (last.done, last.frames, last.folder) == (after, FRAMES, job.folder)
    assert last.go_on == "run the same command again to continue"
    assert not (job.folder / "video.mp4").exists()
    assert job.render()
    assert job.rendered == list(range(after, FRAMES))
    assert job.finished.rendered == FRAMES - after
    assert_same_frames(job, reference)
    assert_same_state(job, reference, 11)


def interruption(job: Job) -> Interrupted:
    assert isinstance(job.events[-1], Interrupted)
    return job.events[-1]


def test_an_interrupted_fresh_run_continues_without_fresh(job: Job, reference: Job) -> None:
    """Repeating the command with --fresh would start over."""
    job.render(fresh=True, stop_after=5)
    last = interruption(job)
    assert (last.done, last.frames, last.go_on) == (5, FRAMES, "run it again without --fresh to continue")
    assert job.render()
    assert job.rendered == list(range(5, FRAMES))
    assert_same_frames(job, reference)


@pytest.mark.parametrize(("stop_after", "stopped"), [(2, 2), (7, 7)])
def test_an_interrupted_range_continues_with_its_remaining_frames(job: Job, stop_after: int, stopped: int) -> None:
    """Interrupted before the range and inside it; repeating the command would render frame 5 again."""
    job.render(frames=(5, 9), stop_after=stop_after)
    last = interruption(job)
    assert (last.done, last.frames, last.go_on) == (stopped, 9, f"run it with --frames {stopped}:9 to continue")
    assert job.render(frames=(stopped, 9))
    assert job.rendered == list(range(stopped, 9))


def test_an_interrupted_range_from_the_first_frame_continues_with_its_remaining_frames(job: Job) -> None:
    job.render(frames=(None, 9), stop_after=4)
    assert interruption(job).go_on == "run it with --frames 4:9 to continue"


def test_interrupted_at_every_frame_equals_uninterrupted(job: Job, reference: Job) -> None:
    for _ in range(FRAMES):
        job.render(stop_after=1)
    assert job.render()
    assert_same_frames(job, reference)
    assert_same_state(job, reference, 11)


@pytest.mark.parametrize("ahead", [0, 4, 11])
def test_state_one_frame_ahead_is_used(job: Job, reference: Job, ahead: int) -> None:
    """A kill between a state and its frame: the frame is written from the state and not rendered again."""
    job.render(stop_after=ahead + 1)
    job.frame(ahead).unlink()
    assert job.render()
    assert job.rendered == list(range(ahead + 1, FRAMES))
    assert_same_frames(job, reference)


def test_deleted_frame_alone_is_rendered_again(done: Job, reference: Job) -> None:
    done.frame(8).unlink()
    before = done.times()
    assert done.render()
    assert done.rendered == [8], "later frames have the right hashes"
    after = done.times()
    assert {name for name in after if name.startswith("frames") and after[name] == before.get(name)} == {
        f"frames/{index:06d}.png" for index in range(FRAMES) if index != 8
    }
    assert_same_frames(done, reference)


@pytest.mark.parametrize("content", [b"", b"not a picture"])
def test_damaged_frame_is_rendered_again(done: Job, reference: Job, content: bytes) -> None:
    done.frame(11).write_bytes(content)
    assert done.render()
    assert_same_frames(done, reference)


def test_a_truncated_frame_is_rendered_again(job: Job, reference: Job) -> None:
    job.render(stop_after=5)
    whole = job.frame(3).read_bytes()
    job.frame(3).write_bytes(whole[: len(whole) // 2])
    assert job.render()
    assert_same_frames(job, reference)


@pytest.mark.usefixtures("slow_frames")
def test_a_truncated_latest_state_falls_back_to_the_previous_one(job: Job, reference: Job) -> None:
    job.render(stop_after=6)
    whole = job.state(5).read_bytes()
    job.state(5).write_bytes(whole[: len(whole) // 2])
    assert job.render()
    assert job.rendered == list(range(5, FRAMES))
    assert_same_frames(job, reference)
    assert_same_state(job, reference, 11)


@pytest.mark.usefixtures("slow_frames")
def test_state_with_the_right_hash_but_without_its_tensors_falls_back(job: Job, reference: Job) -> None:
    job.render(stop_after=6)
    with safe_open(job.state(5), framework="numpy") as file:
        metadata = file.metadata()
    save_file({"image": np.zeros((1, 3, 24, 32), np.float32)}, job.state(5), metadata=metadata)
    assert job.render()
    assert job.rendered == list(range(5, FRAMES))
    assert_same_frames(job, reference)


def test_without_any_state_the_same_frames_are_rendered_from_the_start(job: Job, reference: Job) -> None:
    job.render(stop_after=6)
    for path in (job.folder / "state").iterdir():
        path.unlink()
    assert job.render()
    assert job.rendered == list(range(FRAMES))
    assert_same_frames(job, reference)


def test_frames_and_states_of_another_schedule_are_not_used(job: Job, reference: Job) -> None:
    job.render(toy(prompts="green"))
    assert job.render()
    assert job.rendered == list(range(FRAMES))
    assert_same_frames(job, reference)


# after an edit


def test_edit_at_a_later_key_keeps_the_frames_before_it(done: Job, reference: Job) -> None:
    before = done.times()
    assert done.render(toy(prompts="{0: red, 7: red, 11: green}"))
    assert done.rendered == [8, 9, 10, 11]
    after, old, new = done.times(), reference.frame_bytes(), done.frame_bytes()
    for index in range(FRAMES):
        name = f"{index:06d}.png"
        assert (after[f"frames/{name}"] == before[f"frames/{name}"]) == (index < 8)
        assert (new[name] == old[name]) == (index < 8)


def test_unchanged_frames_that_are_rendered_on_the_way_are_not_written_again(done: Job, tmp_path: Path) -> None:
    """Without states, frame 8 is reached from frame 0; the files of frames 0 to 7 are already correct."""
    edited = toy(prompts="{0: red, 7: red, 11: green}")
    shutil.rmtree(done.folder / "state")
    before = done.times()
    assert done.render(edited)
    assert done.rendered == list(range(FRAMES))
    after = done.times()
    names = [f"frames/{index:06d}.png" for index in range(FRAMES)]
    assert [index for index, name in enumerate(names) if after[name] != before[name]] == [8, 9, 10, 11]
    scratch = Job(folder=tmp_path / "scratch", renderer=done.renderer)
    assert scratch.render(edited)
    assert_same_frames(done, scratch)


def test_edited_run_equals_one_from_scratch(done: Job, tmp_path: Path) -> None:
    edited = toy(prompts="{0: red, 7: red, 11: green}")
    assert done.render(edited)
    scratch = Job(folder=tmp_path / "scratch", renderer=done.renderer)
    assert scratch.render(edited)
    assert_same_frames(done, scratch)
    assert (done.folder / "video.mp4").read_bytes() == (scratch.folder / "video.mp4").read_bytes()


def test_undoing_an_edit_gives_the_first_frames(done: Job, reference: Job) -> None:
    done.render(toy(prompts="{0: red, 7: red, 11: green}"))
    assert done.render()
    assert_same_frames(done, reference)


def test_other_models_change_every_frame(job: Job) -> None:
    job.render(stop_after=3)
    job.render(toy(more=", quantize: true"), stop_after=3)
    assert job.rendered == [0, 1, 2]


def test_a_shorter_schedule_renders_no_frame_and_makes_a_shorter_video(job: Job) -> None:
    job.render(toy(prompts="red"))
    text = toy(prompts="red").text.replace(f"length: {FRAMES}", "length: 5")
    assert job.render(read_schedule(text, "toy.yaml", "toy"))
    assert (job.loaded, job.rendered, job.finished.frames) == (0, [], 5)
    assert count_frames(job.folder / "video.mp4") == 5


# nothing to do


def test_nothing_to_do_loads_no_models_and_encodes_nothing(done: Job) -> None:
    before = done.times()
    assert done.render()
    assert done.loaded == 0
    assert [type(event) for event in done.events] == [Finished]
    assert (done.finished.rendered, done.finished.frames) == (0, FRAMES)
    after = done.times()
    written = {"schedule.yaml", "run.json", ".lock"}
    assert {name: after[name] for name in after.keys() - written} == {
        name: before[name] for name in before.keys() - written
    }


def test_another_title_encodes_again_and_renders_nothing(done: Job) -> None:
    frames = done.frame_bytes()
    assert done.render(toy(title="another name"))
    assert (done.loaded, done.finished.rendered) == (0, 0)
    assert done.frame_bytes() == frames
    with av.open(str(done.folder / "video.mp4")) as container:
        assert container.metadata["title"] == "another name"


@pytest.mark.parametrize("name", ["video.mp4", "contact.png", "poster.png", "report.json"])
def test_deleted_results_are_made_again_from_the_frames(done: Job, name: str) -> None:
    (done.folder / name).unlink()
    assert done.render()
    assert done.loaded == 0
    assert (done.folder / name).is_file()


# ranges, and starting over


@pytest.mark.parametrize(("frames", "rendered"), [((8, 10), [8, 9]), ((8, None), [8, 9, 10, 11]), ((11, 12), [11])])
def test_a_range_rendered_again_has_the_same_bytes(
    done: Job, reference: Job, frames: tuple[int | None, int | None], rendered: list[int]
) -> None:
    assert done.render(frames=frames)
    assert done.rendered == rendered
    assert_same_frames(done, reference)
    assert done.finished.frames == count_frames(done.folder / "video.mp4") == FRAMES


@pytest.mark.parametrize(("frames", "asked"), [((8, 10), [8, 9]), ((9, 11), [9, 10])])
def test_a_range_repairs_its_frames_and_writes_no_others(done: Job, frames: tuple[int, int], asked: list[int]) -> None:
    """Frames between the preceding state and the range are rendered, but not written again."""
    whole = done.frame_bytes()
    for index in asked:
        paint_over(done, index)
    before = done.times()
    assert done.render(frames=frames)
    after = done.times()
    names = [f"frames/{index:06d}.png" for index in range(FRAMES)]
    assert [index for index, name in enumerate(names) if after[name] != before[name]] == asked
    assert done.frame_bytes() == whole


def test_a_range_starts_from_the_state_before_it(done: Job, reference: Job) -> None:
    """Frame 8 is needed for frame 9, and the state after frame 8 was dropped."""
    assert done.render(frames=(9, 10))
    assert done.rendered == [8, 9]
    assert_same_frames(done, reference)


def test_a_range_after_the_finished_frames_renders_the_frames_in_between(job: Job, reference: Job) -> None:
    job.render(stop_after=3)
    assert job.render(frames=(6, 8))
    assert job.rendered == [3, 4, 5, 6, 7]
    assert job.finished.frames == 8
    assert job.frame(7).read_bytes() == reference.frame(7).read_bytes()


def test_a_range_after_a_missing_frame_renders_that_frame_first(done: Job, reference: Job) -> None:
    """There is a state right before the range, but frame 3 would stay missing."""
    done.frame(3).unlink()
    assert done.render(frames=(8, 10))
    assert_same_frames(done, reference)
    assert done.finished.frames == FRAMES


def test_a_prefix_becomes_a_video_and_can_be_continued(job: Job, reference: Job) -> None:
    assert job.render(frames=(None, 5))
    assert job.rendered == [0, 1, 2, 3, 4]
    assert job.finished.frames == count_frames(job.folder / "video.mp4") == 5
    report = json.loads((job.folder / "report.json").read_text())
    assert (report["frames"], report["frames_in_schedule"]) == (5, FRAMES)
    assert job.render()
    assert job.rendered == list(range(5, FRAMES))
    assert_same_frames(job, reference)
    assert count_frames(job.folder / "video.mp4") == FRAMES


def test_prefix_of_a_finished_run_keeps_its_other_frames(done: Job, reference: Job) -> None:
    assert done.render(frames=(None, 3))
    assert done.rendered == [0, 1, 2]
    assert_same_frames(done, reference)
    assert count_frames(done.folder / "video.mp4") == FRAMES


@pytest.mark.parametrize(
    "frames", [(5, 5), (6, 5), (0, FRAMES + 1), (FRAMES, None), (FRAMES, FRAMES + 1), (None, 0), (10**9, None)]
)
def test_empty_and_out_of_range_ranges_are_errors(job: Job, frames: tuple[int | None, int | None]) -> None:
    with pytest.raises(InputError, match=rf"--frames .*: expected A:B with 0 <= A < B <= {FRAMES}"):
        job.render(frames=frames)
    assert not job.folder.exists()


def test_fresh_renders_every_frame_again(done: Job, reference: Job) -> None:
    before = done.times()["video.mp4"]
    assert done.render(fresh=True)
    assert done.rendered == list(range(FRAMES))
    assert done.times()["video.mp4"] != before
    assert_same_frames(done, reference)


def test_fresh_writes_every_frame_again(done: Job) -> None:
    before = done.times()
    assert done.render(fresh=True)
    after = done.times()
    assert [name for name in before if name.startswith("frames") and after[name] == before[name]] == []


def test_fresh_uses_no_state(done: Job, reference: Job) -> None:
    assert done.render(frames=(8, 10), fresh=True)
    assert done.rendered == list(range(10))
    assert_same_frames(done, reference)


def test_fresh_renders_even_the_first_frame_again(job: Job) -> None:
    job.render(stop_after=1)
    job.render(stop_after=1, fresh=True)
    assert job.rendered == [0]


def test_fresh_repairs_a_frame_whose_pixels_were_overwritten(job: Job, reference: Job) -> None:
    """A frame is trusted because of its record; --fresh is the remedy when that trust was wrong."""
    job.render(stop_after=4)
    paint_over(job, 2)
    job.render(stop_after=4)
    assert job.render(fresh=True)
    assert_same_frames(job, reference)


# failures


def test_failing_ffmpeg_costs_no_frame(job: Job, reference: Job, script: Callable[[str, str], Path]) -> None:
    with pytest.raises(EncodingError, match="failed with code 1"):
        job.render(ffmpeg=str(script("ffmpeg", "exit 1")))
    assert_same_frames(job, reference)
    assert job.render()
    assert (job.loaded, job.finished.rendered) == (0, 0)
    assert count_frames(job.folder / "video.mp4") == FRAMES


def test_a_failing_ffmpeg_keeps_the_previous_video_and_the_next_run_retries(
    done: Job, script: Callable[[str, str], Path]
) -> None:
    video = (done.folder / "video.mp4").read_bytes()
    with pytest.raises(EncodingError):
        done.render(toy(prompts="{0: red, 7: red, 11: green}"), ffmpeg=str(script("ffmpeg", "exit 1")))
    assert (done.folder / "video.mp4").read_bytes() == video
    assert done.render(toy(prompts="{0: red, 7: red, 11: green}"))
    assert done.loaded == 0
    assert (done.folder / "video.mp4").read_bytes() != video


def test_a_missing_ffmpeg_is_reported_before_anything_is_rendered(job: Job) -> None:
    with pytest.raises(EncodingError, match="cannot be run"):
        job.render(ffmpeg="/nowhere/ffmpeg")
    assert job.loaded == 0
    assert not job.folder.exists()


class StoppedHereError(Exception):
    """Raised by a test in the middle of a run instead of killing it."""


@pytest.mark.parametrize("frame", [0, 1, 6])
def test_failure_in_the_middle_costs_no_finished_frame(
    job: Job, reference: Job, monkeypatch: pytest.MonkeyPatch, frame: int
) -> None:
    real = Renderer.step

    def step(self: Renderer, state: FrameState | None, spec: FrameSpec, *, checked: bool) -> FrameState:
        if spec.index == frame:
            raise StoppedHereError
        return real(self, state, spec, checked=checked)

    monkeypatch.setattr(Renderer, "step", step)
    with pytest.raises(StoppedHereError):
        job.render()
    monkeypatch.undo()
    assert job.render()
    assert job.rendered == list(range(frame, FRAMES))
    assert_same_frames(job, reference)


def test_after_a_kill_frames_since_the_last_state_are_rendered_but_not_written_again(
    job: Job, reference: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Renderer.step

    def step(self: Renderer, state: FrameState | None, spec: FrameSpec, *, checked: bool) -> FrameState:
        if spec.index == 6:
            raise StoppedHereError
        return real(self, state, spec, checked=checked)

    monkeypatch.setattr("pipeline.run.handover.INTERVAL", float("inf"))
    monkeypatch.setattr(
        "pipeline.run.handover.Handover.end_early", lambda handover: None
    )  # a kill leaves no time for it
    monkeypatch.setattr(Renderer, "step", step)
    with pytest.raises(StoppedHereError):
        job.render()
    monkeypatch.setattr(Renderer, "step", real)
    assert [path.stem for path in (job.folder / "state").iterdir()] == ["000000"]
    before = job.times()
    assert job.render()
    assert job.rendered == list(range(1, FRAMES))
    after = job.times()
    names = [f"frames/{index:06d}.png" for index in range(6)]
    assert [after[name] for name in names] == [before[name] for name in names]
    assert_same_frames(job, reference)
    assert_same_state(job, reference, 11)


@pytest.mark.usefixtures("slow_frames")
def test_full_disk_while_a_frame_is_written_costs_no_finished_frame(
    job: Job, reference: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = FrameFolder.write

    def write(self: FrameFolder, index: int, pixels: Pixels, record: FrameRecord, turn: Turn | None = None) -> None:
        if index == 5:
            raise OSError(28, "No space left on device")
        real(self, index, pixels, record, turn)

    monkeypatch.setattr(FrameFolder, "write", write)
    with pytest.raises(OSError, match="No space left"):
        job.render()
    assert job.rendered == [0, 1, 2, 3, 4]
    assert not job.state(6).exists()  # already refined, but it comes after a missing frame
    monkeypatch.undo()
    assert job.render()
    assert job.rendered == list(range(6, FRAMES))  # frame 5's state was saved before its picture
    assert_same_frames(job, reference)
