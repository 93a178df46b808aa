import json
from pathlib import Path

import pytest

from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.schedule.origin import Origin
from pipeline.schedule.origin_loader import load_origin
from render.errors import InputError

TOY = "output: {size: [32, 32], fps: 8, length: 3}\nmodels: {latent: pixels, perceptors: [toy]}\nprompts: red\n"
FOOTAGE = b'{"footage": {"title": "a", "fps": 8, "frames": 3}, '


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "toy.yaml"
    path.write_text(TOY)
    return path


@pytest.fixture
def origin(file: Path) -> Origin:
    return Origin(
        file=str(file),
        overrides=(("refine.steps", "7"), ("prompts", "a = b, 夕陽")),
        draft=True,
        allow_paths=True,
        models={"latent": {"name": "pixels", "sha256": {}}, "perceptors": [{"weight": 1.5}]},
    )


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    path = tmp_path / "out" / "toy"
    path.mkdir(parents=True)
    return RunFolder(path)


def test_the_origin_is_read_back_unchanged(folder: RunFolder, origin: Origin) -> None:
    folder.write_origin(load_origin(origin), origin)
    assert folder.origin() == origin


def test_the_video_plan_needs_no_schedule(folder: RunFolder, file: Path, origin: Origin) -> None:
    schedule = load_origin(origin)
    folder.write_origin(schedule, origin)
    file.unlink()
    assert folder.video_plan() == VideoPlan.of(schedule)


def test_an_origin_loads_the_schedule_with_the_command_lines_changes(file: Path) -> None:
    plain, changed = Origin(file=str(file)), Origin(file=str(file), overrides=(("output.length", "5"),), draft=True)
    assert load_origin(plain).output.num_frames == 3
    assert load_origin(changed).output.num_frames == 5
    assert load_origin(changed).output.size < load_origin(plain).output.size


@pytest.mark.parametrize("text", [TOY, TOY.replace("\n", "\r\n"), "\ufeff" + TOY])
def test_schedule_is_edited_only_if_its_text_changed(folder: RunFolder, file: Path, text: str) -> None:
    """The kind of line ending makes no difference."""
    file.write_bytes(text.encode())
    origin = Origin(file=str(file))
    folder.write_origin(load_origin(origin), origin)
    assert folder.load_schedule(folder.origin())[1] is False
    file.write_bytes((text + "# a thought\n").encode())
    assert folder.load_schedule(folder.origin())[1] is True


def test_a_lost_or_damaged_copy_of_the_schedule_counts_as_edited(folder: RunFolder, file: Path) -> None:
    origin = Origin(file=str(file))
    folder.write_origin(load_origin(origin), origin)
    (folder.path / "schedule.yaml").write_bytes(b"\xff\xfe\xff")
    assert folder.load_schedule(origin)[1] is True
    (folder.path / "schedule.yaml").unlink()
    assert folder.load_schedule(origin)[1] is True


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{torn", b"[1]", b"null", b"{}", b"\xff\xfe", FOOTAGE + b'"overrides": 3, "file": "a"}'),
        *(FOOTAGE + b'"overrides": [["a"]], "file": "a"}', FOOTAGE + b'"overrides": [], "file": "a", "new": 1}'),
        *(FOOTAGE + b'"overrides": []}', b'{"overrides": [], "file": "a"}'),
        b'{"overrides": [], "file": "a", "footage": {"title": "a", "fps": 8}}',
    ],
)
def test_a_damaged_record_gives_our_error(folder: RunFolder, content: bytes) -> None:
    (folder.path / "run.json").write_bytes(FOOTAGE + b'"overrides": [], "file": "a"}')
    assert folder.origin().file == "a"
    (folder.path / "run.json").write_bytes(content)
    with pytest.raises(InputError, match=r"not the folder of a run \(no readable run\.json\)"):
        folder.origin()


def test_a_folder_without_a_run_gives_our_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a folder such as outputs/sunset"):
        RunFolder(tmp_path / "nowhere").origin()


def test_a_deleted_schedule_gives_our_error(folder: RunFolder, file: Path) -> None:
    origin = Origin(file=str(file))
    folder.write_origin(load_origin(origin), origin)
    file.unlink()
    with pytest.raises(InputError, match=r"toy\.yaml: cannot be read"):
        folder.load_schedule(folder.origin())


def test_the_record_is_readable_json(folder: RunFolder, origin: Origin) -> None:
    folder.write_origin(load_origin(origin), origin)
    text = (folder.path / "run.json").read_text(encoding="utf-8")
    assert "夕陽" in text
    assert json.loads(text)["file"] == origin.file
