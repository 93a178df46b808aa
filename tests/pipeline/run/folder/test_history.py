"""No finished run is lost: an edit moves the previous run to the history, and it can be restored."""

import itertools
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import av
import pytest

from pipeline.run.events import Event, Finished, FrameDone, Interrupted, Kept, Started, Warned
from pipeline.run.folder import history
from pipeline.run.folder.changes import listed
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.history import History
from pipeline.run.folder.lock import only_writer
from pipeline.run.folder.restoring import restore
from pipeline.run.folder.states import StateFolder
from pipeline.run.folder.status import read_status
from pipeline.run.run import Run, RunOptions
from pipeline.run.verify import Verification
from pipeline.schedule.origin import Origin
from pipeline.schedule.origin_loader import load_origin
from pipeline.storage.naming import run_name
from render.errors import FolderInUseError, InputError
from render.renderer.renderer import Renderer
from tests.pipeline.conftest import TOY
from tests.shots import four_shots

FRAMES = 12
GREEN = TOY.replace("11: blue", "11: green")  # frames 8 to 11 differ
SEED = TOY.replace("seed: 3", "seed: 4")


@dataclass
class Workspace:
    """toy.yaml and its output folder."""

    path: Path
    renderer: Renderer
    events: list[Event] = field(default_factory=list)

    @property
    def folder(self) -> RunFolder:
        return RunFolder(self.path / "out" / "toy")

    def render(
        self,
        text: str = TOY,
        overrides: tuple[tuple[str, str], ...] = (),
        stop_after: int | None = None,
        part: tuple[int, int] | None = None,
        frames: tuple[int | None, int | None] | None = None,
        fresh: bool = False,
    ) -> RunFolder:
        file = self.path / "toy.yaml"
        file.write_text(text, encoding="utf-8")
        origin = Origin(file=str(file), overrides=overrides)
        folder = RunFolder(self.path / "out" / run_name(file, False, overrides))
        schedule = load_origin(origin)
        digests = schedule.models.locate(offline=True, progress=lambda name, done, total: None).digests()
        run = Run(schedule, origin, folder, RunOptions(part=part, frames=frames, fresh=fresh))
        asked = itertools.count()
        self.events = list(run.events(digests, lambda warn: self.renderer, lambda: next(asked) == stop_after))
        return folder

    @property
    def rendered(self) -> list[int]:
        return [event.index for event in self.events if isinstance(event, FrameDone)]

    @property
    def kept(self) -> list[int]:
        return [event.number for event in self.events if isinstance(event, Kept)]

    @property
    def warned(self) -> list[str]:
        return [event.message for event in self.events if isinstance(event, Warned)]


def content(folder: RunFolder) -> dict[str, bytes]:
    """The frames and what was made from them."""
    names = ("contact.png", "poster.png", "schedule.yaml", "video.mp4")
    pictures = {path.name: path.read_bytes() for path in sorted(folder.frames.folder.glob("[0-9]*.png"))}
    return pictures | {name: (folder.path / name).read_bytes() for name in names}


def count_frames(video: Path) -> int:
    with av.open(str(video)) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.fixture(autouse=True)
def small_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.run.delivery.sheet.WIDTH", 32)


@pytest.fixture
def workspace(tmp_path: Path, renderer: Renderer) -> Workspace:
    return Workspace(path=tmp_path, renderer=renderer)


@pytest.fixture
def done(workspace: Workspace) -> Workspace:
    """A finished run; rendered here, because the comparison includes the small contact sheet."""
    workspace.render()
    workspace.events.clear()
    return workspace


# an edit


def test_an_edit_keeps_the_finished_run_for_restoring(done: Workspace) -> None:
    before = content(done.folder)
    done.render(GREEN)
    assert (done.kept, done.rendered) == ([1], [8, 9, 10, 11])
    (entry,) = History(done.folder).entries()
    assert (entry.number, entry.frames, entry.finished) == (1, FRAMES, True)
    assert content(entry.folder) == before
    after = content(done.folder)
    assert after != before
    restored, kept = restore(done.folder, 1)
    assert (restored.number, kept and kept.number) == (1, 2)
    assert content(done.folder) == before
    restore(done.folder, 2)
    assert content(done.folder) == after
    assert len(History(done.folder).entries()) == 2, "a run that is already kept is not kept again"


def test_editing_back_renders_nothing(done: Workspace) -> None:
    before = content(done.folder)
    done.render(SEED)
    done.render()
    assert done.rendered == []
    assert isinstance(last := done.events[-1], Finished)
    assert last.taken_back == 12, "the other seed changed every frame"
    assert content(done.folder) == before
    done.render(SEED)
    assert (done.rendered, len(History(done.folder).entries())) == ([], 2)


def test_verifying_a_restored_run_reports_that_the_schedule_has_changed(done: Workspace) -> None:
    done.render(GREEN)
    assert "has changed since" not in Verification(done.folder).summary(0)
    restore(done.folder, 1)
    verification = Verification(done.folder)
    wrong = [line for line in verification.damaged() if "another schedule" in line]
    assert wrong
    assert f"{done.path / 'toy.yaml'} has changed since this run" in verification.summary(len(wrong))
    done.render(TOY)
    assert "has changed since" not in Verification(done.folder).summary(0)


def test_a_restored_run_can_be_continued(done: Workspace) -> None:
    """Its states are restored, too."""
    done.render(SEED)
    restore(done.folder, 1)
    done.render(GREEN)
    assert done.rendered == [8, 9, 10, 11]


def test_an_entry_of_the_history_is_a_run_folder(done: Workspace) -> None:
    done.render(SEED)
    done.render()  # the schedule file is that of the first run again
    (first, _) = History(done.folder).entries()
    assert list(Verification(first.folder).damaged()) == []
    status = read_status(first.folder)
    assert (status.done, status.stale, status.video, status.history) == ((f"0:{FRAMES}",), (), True, 0)
    assert read_status(done.folder).history == 2
    assert "history       2  render history" in str(read_status(done.folder))


def test_comments_titles_and_missing_frames_add_nothing_to_the_history(done: Workspace) -> None:
    done.render(f"# a thought\n{TOY}")
    done.render(f"title: another\n{TOY}")
    done.folder.frames.path(5).unlink()
    done.render(f"title: another\n{TOY}")
    assert History(done.folder).entries() == []
    assert not History(done.folder).path.exists()


def test_an_unfinished_run_is_not_added_to_the_history(workspace: Workspace) -> None:
    workspace.render(stop_after=5)
    workspace.render(SEED, stop_after=2)
    assert History(workspace.folder).entries() == []


def test_a_finished_run_whose_repair_was_interrupted_is_still_finished(done: Workspace) -> None:
    done.folder.frames.path(3).unlink()
    done.render(stop_after=1)
    assert isinstance(done.events[-1], Interrupted)
    done.render(SEED)
    assert done.kept == [1]


def test_a_shorter_schedule_keeps_the_longer_run(done: Workspace) -> None:
    before = content(done.folder)
    done.render(TOY.replace("length: 12", "length: 5").replace("11: blue", "4: blue"))
    assert done.kept == [1]
    restore(done.folder, 1)
    assert content(done.folder) == before


def test_fresh_keeps_the_previous_run_and_reuses_nothing(done: Workspace) -> None:
    done.render(fresh=True)
    assert (done.kept, done.rendered) == ([], list(range(FRAMES)))
    done.render(SEED, fresh=True)
    assert (done.kept, done.rendered) == ([1], list(range(FRAMES)))
    done.render(fresh=True)
    assert done.rendered == list(range(FRAMES))


def test_the_first_of_parallel_parts_keeps_the_previous_run(workspace: Workspace) -> None:
    shots = four_shots(5, 3, 2, 2)
    before = content(workspace.render(shots))
    other = shots.replace("seed: 3", "seed: 4")
    workspace.render(other, part=(5, FRAMES))
    assert workspace.kept == [1]
    workspace.render(other, part=(0, 5))
    assert workspace.kept == []
    workspace.render(other)
    assert content(History(workspace.folder).find(1).folder) == before


def test_only_the_latest_runs_are_kept(done: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "KEPT", 2)
    for seed in (4, 5, 6):
        done.render(TOY.replace("seed: 3", f"seed: {seed}"))
    assert [entry.number for entry in History(done.folder).entries()] == [2, 3]
    assert History(done.folder).drop(1) == 1
    assert [entry.number for entry in History(done.folder).entries()] == [3]
    with pytest.raises(InputError, match="has no run 2; it has 3"):
        restore(done.folder, 2)


def test_the_listing_shows_changes_and_counts_shared_files_once(done: Workspace) -> None:
    done.render(GREEN)
    first, today = listed(done.folder)
    assert (first.number, first.frames, first.finished, first.changes) == (1, FRAMES, True, ())
    assert (today.number, today.frames) == (None, FRAMES)
    assert today.changes == ("-prompts: {0: red, 7: red, 11: blue}", "+prompts: {0: red, 7: red, 11: green}")
    frames = sum(History(done.folder).find(1).folder.frames.path(index).stat().st_size for index in range(8, FRAMES))
    whole = sum(path.stat().st_size for path in done.folder.files(None))
    assert frames < first.bytes < whole
    assert f"{FRAMES} frames" in str(first)
    assert json.dumps(first.to_record())


def test_files_are_copied_if_links_are_not_supported(done: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    before = content(done.folder)
    done.render(GREEN)
    assert content(History(done.folder).find(1).folder) == before
    restore(done.folder, 1)
    assert content(done.folder) == before


def test_a_full_disk_while_a_run_is_put_aside_overwrites_nothing(
    done: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(done.folder)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    monkeypatch.setattr(shutil, "copy2", full)
    with pytest.raises(OSError, match="No space left"):
        done.render(GREEN)
    assert content(done.folder) == before
    monkeypatch.undo()
    done.render(GREEN)
    assert done.kept == [1]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"hashes": 3}', '{"made": "x", "finished": true, "hashes": []}'])
def test_invalid_entries_are_skipped(done: Workspace, text: str) -> None:
    done.render(GREEN)
    (History(done.folder).path / "0001" / "kept.json").write_text(text)
    (History(done.folder).path / "0007").mkdir()
    assert History(done.folder).entries() == []
    done.render()
    assert done.rendered == [8, 9, 10, 11]


def test_a_folder_in_use_is_not_restored(done: Workspace) -> None:
    done.render(GREEN)
    with only_writer(done.folder.path), pytest.raises(FolderInUseError):
        restore(done.folder, 1)


def test_restoring_keeps_an_unfinished_run(done: Workspace) -> None:
    done.render(SEED, stop_after=6)
    half = {path.name: path.read_bytes() for path in done.folder.frames.folder.glob("[0-9]*.png")}
    _, kept = restore(done.folder, 1)
    assert kept is not None
    assert not kept.finished
    there = {path.name: path.read_bytes() for path in kept.folder.frames.folder.glob("[0-9]*.png")}
    assert there.items() >= {name: half[name] for name in sorted(half)[:6]}.items()
    done.render(SEED)
    assert done.rendered == list(range(6, FRAMES))


# trials


def test_a_trial_does_not_change_the_finished_run(done: Workspace) -> None:
    before = content(done.folder)
    trial = done.render(overrides=(("output.seed", "9"),), frames=(None, 1))
    assert done.rendered == [0]
    assert trial.path.name == "toy-output.seed=9"
    assert count_frames(trial.video) == 1
    assert content(done.folder) == before
    done.render()
    assert [type(event) for event in done.events] == [Finished]


def test_a_trial_reuses_the_frames_that_it_has_in_common(done: Workspace) -> None:
    changed = (("prompts.11", "green"),)
    trial = done.render(overrides=changed)
    assert done.rendered == [8, 9, 10, 11]
    scratch = Workspace(path=done.path / "scratch", renderer=done.renderer)
    scratch.path.mkdir()
    assert content(scratch.render(overrides=changed)) == content(trial)


# a range of frames


def test_one_frame_of_an_edited_schedule_does_not_replace_the_video(done: Workspace) -> None:
    video = done.folder.video.read_bytes()
    done.render(SEED, frames=(None, 1))
    assert (done.kept, done.rendered) == ([1], [0])
    assert done.folder.video.read_bytes() == video
    assert f"not replaced, since it shows {FRAMES} frames and only the first 1 " in done.warned[-1]
    assert isinstance(done.events[-1], Finished)
    assert done.events[-1].video is None
    done.render()
    assert done.rendered == [], "frame 0 comes from the history"
    assert done.folder.video.read_bytes() == video


def test_a_longer_range_makes_a_longer_video(workspace: Workspace) -> None:
    for end, shown in ((5, 5), (3, 5), (7, 7)):
        workspace.render(frames=(None, end))
        assert count_frames(workspace.folder.video) == shown
    workspace.render()
    assert count_frames(workspace.folder.video) == FRAMES


# holes


@pytest.mark.parametrize("damage", ["missing", "torn", "foreign"])
def test_a_missing_frame_is_rendered_from_the_state_before_it(workspace: Workspace, damage: str) -> None:
    long = TOY.replace("length: 12", "length: 40")
    before = content(workspace.render(long))
    for index in (18, 27, 28):
        path = workspace.folder.frames.path(index)
        whole = path.read_bytes()
        path.unlink()
        if damage != "missing":
            path.write_bytes(whole[:-9] if damage == "torn" else b"not a picture")
    stamps = {path: path.stat().st_mtime_ns for path in workspace.folder.frames.folder.glob("*.png")}
    workspace.render(long)
    assert workspace.rendered == [16, 17, 18, 24, 25, 26, 27, 28]
    started = next(event for event in workspace.events if isinstance(event, Started))
    remaining = [event.remaining for event in workspace.events if isinstance(event, FrameDone)]
    assert (started.remaining, remaining) == (8, [7, 6, 5, 4, 3, 2, 1, 0])
    assert content(workspace.folder) == before
    written = {workspace.folder.frames.path(index) for index in (18, 27, 28)}
    assert {path for path in stamps if path.stat().st_mtime_ns != stamps[path]} == written & stamps.keys()


def test_a_damaged_state_before_a_missing_frame_falls_back_to_the_previous_one(workspace: Workspace) -> None:
    long = TOY.replace("length: 12", "length: 40")
    before = content(workspace.render(long))
    for index in (18, 27):
        workspace.folder.frames.path(index).unlink()
    for index in (15, 23):
        (workspace.folder.path / "state" / f"{index:06d}.safetensors").write_bytes(b"torn")
    workspace.render(long)
    assert workspace.rendered == [*range(8, 19), *range(19, 28)], (
        "rendering continues from the state in memory after frame 18"
    )
    assert sum("continuing from an earlier state" in text for text in workspace.warned) == 2
    assert content(workspace.folder) == before


LOOP = TOY.replace("length: 12", "length: 32") + "loop: {blend: 1s}\n"


@pytest.mark.parametrize(("hole", "most"), [(36, 13), (32, 9), (2, 3), (20, 5)])
def test_a_missing_frame_of_a_loop_is_rendered_to_the_same_bits(workspace: Workspace, hole: int, most: int) -> None:
    before = content(workspace.render(LOOP))
    assert len(workspace.rendered) == 40
    workspace.folder.frames.path(hole).unlink()
    workspace.render(LOOP)
    assert hole in workspace.rendered or hole in (0, 2)
    assert len(workspace.rendered) <= most
    assert content(workspace.folder) == before


def test_missing_first_states_of_a_loop_are_computed_again(workspace: Workspace) -> None:
    before = content(workspace.render(LOOP))
    workspace.folder.frames.path(36).unlink()
    states = StateFolder(workspace.folder.path / "state", every=8)
    for index in (3, 38):
        states.path(index).unlink(missing_ok=True)
    workspace.render(LOOP)
    assert content(workspace.folder) == before
    assert states.path(3).exists()
