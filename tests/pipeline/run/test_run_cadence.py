"""Runs in which not every frame is refined: stopped, cut to pieces, in lockstep, as a loop: always the same bytes."""

import itertools
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
import torch

from pipeline.run.events import Event, FrameDone, Interrupted
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.status import read_status
from pipeline.run.run import Run, RunOptions
from pipeline.run.verify import Verification
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.origin import Origin
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.refinement.lockstep import Lockstep
from render.renderer.renderer import Renderer
from render.spec import FrameSpec
from tests.runs import completes

FRAMES = 15


def toy(rest: str = "", cadence: str = "4", prompts: str = "{0: red, 7: red, 13: blue}") -> Schedule:
    text = f"""
output: {{size: [32, 24], fps: 5, length: {FRAMES}, seed: 3}}
models: {{latent: pixels, perceptors: [toy]}}
prompts: {prompts}
motion: {{zoom: 1.2/s, shake: {{amount: 2%}}}}
noise: {{amount: 0.05}}
refine: {{steps: 2, first_frame: 4, cutouts: 2, cadence: {cadence}}}
{rest}"""
    return read_schedule(text, "toy.yaml", "toy")


Render = Callable[..., list[int]]


@pytest.fixture(autouse=True)
def small_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.run.delivery.sheet.WIDTH", 32)


@pytest.fixture
def render(renderer: Renderer) -> Render:
    """Returns a function that renders a schedule to a folder and returns the frames that were rendered."""

    def rendered(
        schedule: Schedule, folder: Path, stop_after: int | None = None, frames: tuple[int, int] | None = None
    ) -> list[int]:
        events: list[Event] = []
        run = Run(schedule, Origin(file="toy.yaml"), RunFolder(folder), RunOptions(frames=frames))
        asked = itertools.count()
        done = completes(run, lambda warn: renderer, events.append, lambda: next(asked) == stop_after)
        assert done or isinstance(events[-1], Interrupted)
        return [event.index for event in events if isinstance(event, FrameDone)]

    return rendered


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "frames").glob("*.png"))}


def test_stopped_before_every_frame_it_continues_to_the_same_bytes(render: Render, tmp_path: Path) -> None:
    assert render(toy(), tmp_path / "whole") == [*range(FRAMES)]
    rounds = 0
    while not (tmp_path / "out" / "video.mp4").exists():
        assert len(render(toy(), tmp_path / "out", stop_after=1)) <= 1
        rounds += 1
    assert rounds == FRAMES
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")
    assert (tmp_path / "out" / "video.mp4").read_bytes() == (tmp_path / "whole" / "video.mp4").read_bytes()


@pytest.mark.parametrize("lost", [3, 4, 5, 11, 14])
def test_a_lost_frame_is_made_again_from_any_state_that_is_left(render: Render, tmp_path: Path, lost: int) -> None:
    render(toy(), tmp_path / "out")
    whole = bytes_of(tmp_path / "out")
    (tmp_path / "out" / "frames" / f"{lost:06d}.png").unlink()
    render(toy(), tmp_path / "out")
    assert bytes_of(tmp_path / "out") == whole


@pytest.mark.parametrize("frames", [(5, 7), (4, 5), (0, 2), (6, 9)])
def test_requested_frames_are_those_of_the_whole_run(render: Render, tmp_path: Path, frames: tuple[int, int]) -> None:
    render(toy(), tmp_path / "whole")
    render(toy(), tmp_path / "part", frames=frames)
    whole, part = bytes_of(tmp_path / "whole"), bytes_of(tmp_path / "part")
    assert part.items() <= whole.items()
    render(toy(), tmp_path / "part")
    assert bytes_of(tmp_path / "part") == whole
    render(toy(), tmp_path / "whole", frames=frames)
    assert bytes_of(tmp_path / "whole") == whole


def test_an_edit_renders_from_the_group_that_it_changes(render: Render, tmp_path: Path) -> None:
    """The prompts change from frame 8 on, which is refined; frames 5 to 7 are made from frame 4 and from frame 8."""
    edited = toy(prompts="{0: red, 7: red, 13: green}")
    render(toy(), tmp_path / "out")
    assert render(edited, tmp_path / "out")[0] == 5
    render(edited, tmp_path / "whole")
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")


def test_a_run_is_sound_and_rerenders_to_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pipeline import Session

    file = tmp_path / "toy.yaml"
    file.write_text(toy().text)
    schedule = read_schedule(file.read_text(), str(file), "toy")
    Session().render(schedule, tmp_path / "out")
    assert read_status(RunFolder(tmp_path / "out")).done == (f"0:{FRAMES}",)
    found = Verification(RunFolder(tmp_path / "out"))
    assert [*found.damaged(), *found.rerender(FRAMES, 1, "cpu", offline=True)] == []


def test_shots_are_independent_of_each_other(render: Render, tmp_path: Path) -> None:
    shots = "shots:\n- {{length: 6, prompts: red}}\n- {{length: 7, prompts: {}}}\n- {{length: 2, prompts: red}}\n"
    blue, green = (
        read_schedule(toy().text.replace("length: 15, ", "") + shots.format(colour), "toy.yaml", "toy")
        for colour in ("blue", "green")
    )
    render(blue, tmp_path / "out")
    assert render(green, tmp_path / "out") == [*range(6, 13)]
    render(green, tmp_path / "whole")
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")


def test_a_loop_closes_and_continues_after_a_stop(render: Render, tmp_path: Path) -> None:
    loop = toy("loop: {blend: 1s}")
    assert render(loop, tmp_path / "whole") == [*range(FRAMES + 5)]
    for stop in (3, 6, 4, 3, 2, 3, 5):
        render(loop, tmp_path / "out", stop_after=stop)
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")
    last, first = (RunFolder(tmp_path / "whole").frames.read(index) for index in (FRAMES + 4, 4))
    assert (last == first).all()


def test_a_finished_video_becomes_a_loop(render: Render, tmp_path: Path) -> None:
    render(toy(), tmp_path / "out")
    render(toy("loop: {blend: 1s}"), tmp_path / "out")
    render(toy("loop: {blend: 1s}"), tmp_path / "whole")
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")


def test_in_lockstep_the_frames_are_those_of_single_runs(renderer: Renderer, request: pytest.FixtureRequest) -> None:
    """Two schedules with groups of another length and phase, refined as one batch.

    To the bit on one thread: several threads split the sums over a batch in another way than those over one picture.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    request.addfinalizer(lambda: torch.set_num_threads(threads))
    timelines = [Timeline(toy()), Timeline(toy(cadence="3", prompts="green"))]

    def pictures(specs: Iterator[FrameSpec], own: Renderer) -> Iterator[torch.Tensor]:
        state = None
        for spec in specs:
            state = own.step(state, spec)
            yield state.image

    alone = [[*pictures(iter(timeline), renderer)] for timeline in timelines]
    lockstep = Lockstep(2)
    prepared = renderer.of_run(lambda text: None, lockstep)
    together: list[list[torch.Tensor]] = [[], []]

    def numbered(number: int, timeline: Timeline) -> Generator[tuple[int, torch.Tensor], None, None]:
        for picture in pictures(iter(timeline), prepared):
            yield number, picture

    for number, picture in lockstep.run(numbered(*each) for each in enumerate(timelines)):
        together[number].append(picture)
    for mine, wanted in zip(together, alone, strict=True):
        assert len(mine) == FRAMES
        assert all(torch.equal(a, b) for a, b in zip(mine, wanted, strict=True))
