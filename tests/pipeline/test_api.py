"""The Python interface: results, exceptions and exports, and the programs of docs/python.md."""

import itertools
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import pipeline
from pipeline import (
    Failed,
    Finished,
    FolderInUseError,
    FrameDone,
    InputError,
    OutputFolderError,
    Problem,
    RunError,
    RunOptions,
    RunStoppedError,
    ScheduleError,
    Session,
    Started,
    load_schedule,
    load_variants,
    render,
)
from pipeline.run.events import to_json
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.lock import holder, only_writer
from pipeline.run.folder.status import read_status
from render import errors


def frames(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "frames").glob("*.png"))}


def test_the_python_interface_renders_like_the_command(toy_file: Path, tmp_path: Path, command: str) -> None:
    finished = render(load_schedule(toy_file), tmp_path / "mine")
    subprocess.run([command, str(toy_file), "--out", str(tmp_path)], check=True, capture_output=True)
    assert frames(tmp_path / "mine") == frames(tmp_path / "toy")
    assert (tmp_path / "mine" / "video.mp4").read_bytes() == (tmp_path / "toy" / "video.mp4").read_bytes()
    assert (finished.video, finished.frames, finished.rendered) == (tmp_path / "mine" / "video.mp4", 12, 12)
    for name in ("mine", "toy"):
        status = read_status(RunFolder(tmp_path / name))
        assert (status.schedule, status.done, status.edited) == (str(toy_file), ("0:12",), False)


def test_the_events_of_a_run(toy_file: Path, tmp_path: Path) -> None:
    events = list(Session().events(load_schedule(toy_file), tmp_path / "out"))
    assert isinstance(events[0], Started)
    assert [event.index for event in events if isinstance(event, FrameDone)] == list(range(12))
    assert isinstance(events[-1], Finished)


def test_leaving_the_loop_releases_the_folder_and_a_later_run_continues(toy_file: Path, tmp_path: Path) -> None:
    schedule, session = load_schedule(toy_file), Session()
    session.render(schedule, tmp_path / "whole")
    first = session.events(schedule, tmp_path / "parts")
    for event in first:
        if isinstance(event, FrameDone) and event.index == 4:
            assert holder(tmp_path / "parts") is not None
            break
    first.close()
    assert holder(tmp_path / "parts") is None
    kept = len(frames(tmp_path / "parts"))
    assert kept >= 5  # a frame that was already refined is kept as well
    second = list(session.events(schedule, tmp_path / "parts"))
    assert [event.index for event in second if isinstance(event, FrameDone)] == list(range(kept, 12))
    assert frames(tmp_path / "parts") == frames(tmp_path / "whole")


def test_a_stopped_run_is_not_a_failure(toy_file: Path, tmp_path: Path) -> None:
    answers = iter([False] * 3)
    with pytest.raises(RunStoppedError, match="toy: stopped, 3 of 12 frames are done") as stopped:
        render(load_schedule(toy_file), tmp_path / "out", stop=lambda: next(answers, True))
    assert stopped.value.event.done == 3
    assert not isinstance(stopped.value, RunError)
    assert render(load_schedule(toy_file), tmp_path / "out").rendered == 9


def test_ctrl_c_raises_keyboard_interrupt_and_keeps_finished_frames(toy_file: Path, tmp_path: Path) -> None:
    asked = itertools.count()

    def press() -> bool:
        if next(asked) == 3:
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        render(load_schedule(toy_file), tmp_path / "out", stop=press)
    assert holder(tmp_path / "out") is None
    assert len(frames(tmp_path / "out")) == 3


def test_a_session_keeps_models(toy_file: Path, tmp_path: Path) -> None:
    session = Session("cpu")
    session.render(load_schedule(toy_file, overrides={"output.length": "2"}), tmp_path / "a")
    kept = session._kept
    assert kept is not None
    session.render(load_schedule(toy_file, overrides={"output.length": "3"}), tmp_path / "b")
    assert session._kept is kept
    random = load_schedule(toy_file, overrides={"models": "{latent: pixels, perceptors: [{model: toy, weight: 2}]}"})
    session.render(random, tmp_path / "c", RunOptions(frames=(0, 1)))
    assert session._kept is not kept


def test_a_draft_and_overrides_are_remembered(toy_file: Path, tmp_path: Path) -> None:
    loaded = load_schedule(toy_file, overrides={"output.length": "3"})
    for name, schedule in {
        "draft": load_schedule(toy_file, overrides={"output.length": "3"}, draft=True),
        "drafted": loaded.draft(),
    }.items():
        render(schedule, tmp_path / name)
        status = read_status(RunFolder(tmp_path / name))
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


def test_wrong_input_and_failures_are_raised(toy_file: Path, tmp_path: Path) -> None:
    schedule, folder = load_schedule(toy_file), tmp_path / "out"
    with pytest.raises(InputError, match="expected A:B"):
        render(schedule, folder, options=RunOptions(frames=(5, 99)))
    with pytest.raises(InputError, match="nowhere"):
        render(schedule, folder, device="nowhere")
    with only_writer(folder), pytest.raises(FolderInUseError) as refused:
        render(schedule, folder)
    assert refused.value.folder == folder
    assert refused.value.holder.startswith(f"process {os.getpid()} on ")
    shutil.rmtree(folder)
    folder.write_text("in the way")
    with pytest.raises(OutputFolderError, match="out"):
        render(schedule, folder)
    toy_file.write_text("prompts: [\n")
    with pytest.raises(ScheduleError, match=r"toy\.yaml:2:1") as wrong:
        load_schedule(toy_file)
    assert all(isinstance(problem, Problem) for problem in wrong.value.problems)


def test_a_failure_as_an_event(toy_file: Path, tmp_path: Path) -> None:
    schedule = load_schedule(toy_file)
    with only_writer(tmp_path / "out"):
        [event] = Session().events(schedule, tmp_path / "out")
    assert isinstance(event, Failed)
    assert isinstance(event.error, FolderInUseError)
    assert (str(event.error), event.error.holder) == (event.message, event.held_by)
    assert pickle.loads(pickle.dumps(event)) == event
    assert "error" not in json.loads(to_json(event))


def test_an_error_of_the_system_is_a_run_error(toy_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> None:
        raise OSError(28, "No space left on device", "/disk")

    monkeypatch.setattr(RunFolder, "write_origin", full)
    with pytest.raises(RunError, match="/disk: No space left on device; finished work is kept"):
        render(load_schedule(toy_file), tmp_path / "out")


def test_warnings_are_logged(toy_file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    render(load_schedule(toy_file), tmp_path / "out")
    (tmp_path / "out" / "frames" / "000003.png").write_bytes(b"torn")
    render(load_schedule(toy_file), tmp_path / "out")
    assert any(record.levelname == "WARNING" and "toy: " in record.getMessage() for record in caplog.records)


def test_importing_costs_nothing() -> None:
    script = (
        "import sys, pipeline; assert not {'numpy', 'torch', 'click', 'yaml'} & set(sys.modules);"
        "from pipeline import *; pipeline.load_schedule('schedules/sunset.yaml'); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2])


def test_every_public_name_exists_and_is_documented() -> None:
    assert pipeline.__all__ == sorted(pipeline.__all__)
    page = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
    for name in pipeline.__all__:
        found = getattr(pipeline, name)
        assert found is pipeline.Event or found.__name__ == name
        assert f"`{name}" in page, name
    assert set(pipeline.__all__) <= set(dir(pipeline))
    assert set(get_args(pipeline.Event)) <= {getattr(pipeline, name) for name in pipeline.__all__}


def test_every_error_is_public() -> None:
    found = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, Exception)}
    assert found < set(pipeline.__all__)


def test_an_unknown_name_raises_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_of_that_kind"):
        pipeline.nothing_of_that_kind  # noqa: B018


def test_both_packages_are_typed() -> None:
    for package in ("pipeline", "render"):
        assert (Path(__file__).parents[2] / package / "py.typed").is_file()


PROGRAMS = re.findall(r"```python\n(.*?)```", (Path(__file__).parents[2] / "docs" / "python.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("program", PROGRAMS, ids=["one", "progress", "batch"])
def test_the_programs_of_the_documentation(program: str, toy_file: Path, tmp_path: Path) -> None:
    """They run unchanged, on the toy schedule and another one with variants."""
    (tmp_path / "schedules").mkdir()
    shutil.move(toy_file, tmp_path / "schedules" / "sunset.yaml")
    text = (tmp_path / "schedules" / "sunset.yaml").read_text(encoding="utf-8")
    (tmp_path / "schedules" / "colours.yaml").write_text(f"{text}variants: {{output.seed: [1, 2]}}\n")
    (tmp_path / "schedules" / "broken.yaml").write_text("prompts: [\n")
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "in-the-way").touch()
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "video.mp4" in done.stdout
    assert len(list((tmp_path / "outputs").rglob("video.mp4"))) == (3 if "load_variants" in program else 1)
    if "load_variants" in program:
        assert "broken.yaml:2:1" in done.stdout
