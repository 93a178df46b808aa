"""The Python interface: three lines do what the command does."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import Session, load_schedule, load_variants, render
from pipeline.run.events import Failed, Finished, FrameDone, Started
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.lock import holder
from pipeline.run.folder.status import inspect
from pipeline.run.run import RunOptions
from render.errors import InputError, ScheduleError


def frames(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "frames").glob("*.png"))}


def test_three_lines_do_what_the_command_does(toy_file: Path, tmp_path: Path, command: str) -> None:
    events = list(render(load_schedule(toy_file), tmp_path / "mine"))
    subprocess.run([command, str(toy_file), "--out", str(tmp_path)], check=True, capture_output=True)
    assert frames(tmp_path / "mine") == frames(tmp_path / "toy")
    assert (tmp_path / "mine" / "video.mp4").read_bytes() == (tmp_path / "toy" / "video.mp4").read_bytes()
    assert isinstance(events[0], Started)
    assert [event.index for event in events if isinstance(event, FrameDone)] == list(range(12))
    assert isinstance(events[-1], Finished)
    for name in ("mine", "toy"):
        status = inspect(RunFolder(tmp_path / name))
        assert (status.schedule, status.done, status.edited) == (str(toy_file), ("0:12",), False)


def test_breaking_off_frees_the_folder_and_goes_on_later(toy_file: Path, tmp_path: Path) -> None:
    schedule = load_schedule(toy_file)
    whole = list(render(schedule, tmp_path / "whole"))
    first = render(schedule, tmp_path / "parts")
    for event in first:
        if isinstance(event, FrameDone) and event.index == 4:
            assert holder(tmp_path / "parts") is not None
            break
    first.close()  # type: ignore[attr-defined]
    assert holder(tmp_path / "parts") is None
    kept = len(frames(tmp_path / "parts"))
    assert kept >= 5  # what was refined when it was broken off is kept as well
    second = list(render(schedule, tmp_path / "parts"))
    assert [event.index for event in second if isinstance(event, FrameDone)] == list(range(kept, 12))
    assert frames(tmp_path / "parts") == frames(tmp_path / "whole")
    assert isinstance(whole[-1], Finished)


def test_a_session_keeps_models(toy_file: Path, tmp_path: Path) -> None:
    session = Session("cpu")
    schedule = load_schedule(toy_file, overrides={"output.length": "2"})
    list(render(schedule, tmp_path / "a", session=session))
    kept = session._kept
    assert kept is not None
    list(render(load_schedule(toy_file, overrides={"output.length": "3"}), tmp_path / "b", session=session))
    assert session._kept is kept
    random = load_schedule(toy_file, overrides={"models": "{latent: pixels, perceptors: [{model: toy, weight: 2}]}"})
    list(render(random, tmp_path / "c", session=session, options=RunOptions(frames=(0, 1))))
    assert session._kept is not kept


def test_a_draft_and_overrides_are_remembered(toy_file: Path, tmp_path: Path) -> None:
    loaded = load_schedule(toy_file, overrides={"output.length": "3"})
    for name, schedule in {
        "draft": load_schedule(toy_file, overrides={"output.length": "3"}, draft=True),
        "drafted": loaded.draft(),
    }.items():
        list(render(schedule, tmp_path / name))
        status = inspect(RunFolder(tmp_path / name))
        assert (status.done, status.edited) == (("0:3",), False)


def test_variants_by_name(toy_file: Path) -> None:
    assert list(load_variants(toy_file)) == [""]
    toy_file.write_text(toy_file.read_text() + "variants: {output.seed: [1, 2], refine.steps: [3]}\n")
    found = load_variants(toy_file)
    assert {name: schedule.output.seed for name, schedule in found.items()} == {
        "seed-1_steps-3": 1,
        "seed-2_steps-3": 2,
    }
    with pytest.raises(InputError, match="varies in"):
        load_variants(toy_file, overrides={"output.seed": "5"})


def test_what_is_wrong_is_raised_and_what_fails_is_told(toy_file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected A:B"):
        render(load_schedule(toy_file), tmp_path / "out", options=RunOptions(frames=(5, 99)))
    (tmp_path / "out").write_text("in the way")
    [event] = render(load_schedule(toy_file), tmp_path / "out")
    assert isinstance(event, Failed)
    toy_file.write_text("prompts: [\n")
    with pytest.raises(ScheduleError, match=r"toy\.yaml:2:1"):
        load_schedule(toy_file)


def test_importing_costs_nothing() -> None:
    script = (
        "import sys, pipeline; assert 'numpy' not in sys.modules; from pipeline import load_schedule, render, Session;"
        "load_schedule('schedules/sunset.yaml'); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2])


def test_a_name_that_is_not_there() -> None:
    import pipeline

    with pytest.raises(AttributeError, match="nothing_of_that_kind"):
        pipeline.nothing_of_that_kind  # noqa: B018
