"""`render new`: every template is a valid schedule, and no file is overwritten unless requested."""

import wave
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.commands.new import _templates
from pipeline.schedule.loader import load_schedule, read_schedule
from render.errors import InputError, ScheduleError
from tests import flashes
from tests.footage import written

_CURVE = r"a map of times such as \{0: 1.02, 60: 1.05\}; `render import FILE` converts"


def _new(*args: str) -> str:
    return CliRunner().invoke(main, ["new", *args], catch_exceptions=False, standalone_mode=False).output


@pytest.mark.parametrize("template", ["loop", "song", "story"])
def test_a_template_is_valid_and_has_no_warnings(
    template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "next: render check a.yaml" in _new("a", "--template", template)
    assert load_schedule(Path("a.yaml")).warnings == ()
    assert template in _new("--list")
    assert set(_templates()) == {"clip", "loop", "song", "story"}


def test_overwrites_only_with_force(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("mine")
    with pytest.raises(InputError, match="already exists"):
        _new(str(path))
    assert path.read_text() == "mine"
    _new(str(path), "--force")
    assert load_schedule(path).warnings == ()


def test_force_replaces_the_file_as_a_whole(tmp_path: Path) -> None:
    """Another name of the old file keeps the old text, so no moment had half of the new one in its place."""
    (tmp_path / "a.yaml").write_text("mine")
    (tmp_path / "old").hardlink_to(tmp_path / "a.yaml")
    (tmp_path / "link.yaml").symlink_to("a.yaml")
    _new(str(tmp_path / "link.yaml"), "--force")
    assert (tmp_path / "old").read_text() == "mine"
    assert (tmp_path / "link.yaml").is_symlink()
    assert load_schedule(tmp_path / "a.yaml").warnings == ()
    assert len(list(tmp_path.iterdir())) == 3


def test_a_file_that_cannot_be_replaced_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    with pytest.raises(InputError, match=r"a\.yaml: cannot be written: Is a directory"):
        _new(str(tmp_path / "a"), "--force")
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_a_missing_track_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.mp3: no such file; expected one in the folder of"):
        _new(str(tmp_path / "a"), "--track", "none.mp3")
    assert not (tmp_path / "a.yaml").exists()


@pytest.mark.parametrize("given", ["my track.wav", "folder/my track.wav", "/folder/my track.wav"])
def test_the_path_of_a_track_is_relative_to_the_schedule(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given relative to the schedule, relative to the working folder, or absolute."""
    monkeypatch.chdir(tmp_path)
    track = tmp_path / "folder" / "my track.wav"
    track.parent.mkdir()
    with wave.open(str(track), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", "not compressed"))
        file.writeframes(np.random.default_rng(0).integers(-3_000, 3_000, 8_000 * 17, dtype=np.int16).tobytes())
    _new("folder/a", "--track", given.replace("/folder", str(track.parent)) if given[0] == "/" else given)
    schedule = load_schedule(Path("folder/a.yaml"))
    assert schedule.music.path == track
    assert schedule.output.length == pytest.approx(17)
    assert "  bpm: auto " in Path("folder/a.yaml").read_text()
    assert schedule.warnings == ()


def test_a_track_outside_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "track.wav").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=r"is outside the folder of .*; copy it there"):
        _new(str(tmp_path / "folder" / "a"), "--track", "../track.wav")
    assert not (tmp_path / "folder" / "a.yaml").exists()


def test_a_track_needs_a_template_with_music(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the template loop has no music; use --template song"):
        _new(str(tmp_path / "a"), "--template", "loop", "--track", "track.wav")


def test_render_without_a_file_names_the_command_that_writes_one() -> None:
    with pytest.raises(click.UsageError, match="`render new NAME`"):
        CliRunner().invoke(main, ["--draft"], catch_exceptions=False, standalone_mode=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: 1\nprompts: sea", r"1:1: seed: belongs in output.seed: write output: \{seed: ...\}"),
        (
            "output: {size: 96x64}\nprompts: sea",
            r"output.size: expected a width and a height in pixels: write \[96, 64\]",
        ),
        ("output: {length: 6f}\nprompts: sea", r"output.length: expected a length .*: write 6 for 6 frames, got '6f'"),
        ("zoom: 1\nprompts: sea", r"1:1: zoom: belongs in motion.zoom"),
        ("model: x\nprompts: sea", r"1:1: model: belongs in models.latent"),
        ("prompts: photo: sea", r"put quotes around a text that contains ': '"),
        ("", "`render new NAME` creates one"),
        ("prompts: sea\nmotion: {rotate: 3*kick}", r"2:20: .*unknown name 'kick'; .*music\.signals if it follows"),
        ('prompts: sea\nmotion: {zoom: "0:(1.02)"}', _CURVE),
        ("prompts: sea\nmotion:\n  zoom: 0: (1.02), 60: (1.05)", _CURVE),
        ('prompts: sea\nmotion: {rotate: "0: (10*sin(t)), 60: (1)"}', _CURVE),
        ('prompts: sea\nlet: {a: "0:(1)"}', _CURVE),
    ],
)
def test_hints(text: str, message: str) -> None:
    with pytest.raises(ScheduleError, match=message):
        read_schedule(text, "a.yaml", "a")


def test_weights_in_a_text_are_a_warning() -> None:
    (warning,) = read_schedule('prompts: "sea:2 | fog:-1"', "a.yaml", "a").warnings
    assert warning.message.startswith("weights inside a text are not parsed")
    assert read_schedule('prompts: "oil | 16:9 painting"', "a.yaml", "a").warnings == ()


def test_a_clip_that_is_repainted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, any_ffmpeg: str) -> None:
    flashes.film(any_ffmpeg, tmp_path / "my clip.mp4", "-c:a", "aac")
    monkeypatch.chdir(tmp_path)
    assert "the template clip" in _new("a", "--clip", "my clip.mp4")
    schedule = load_schedule(Path("a.yaml"))
    assert (schedule.output.length, schedule.output.fps, schedule.warnings) == (4, 25, ())
    assert schedule.output.size == (256, 192)
    with pytest.raises(InputError, match="the template clip needs a clip; name one with --clip FILE"):
        _new("b", "--template", "clip")
    with pytest.raises(InputError, match=r"--clip: the template loop has no clip; use --template clip"):
        _new("b", "--template", "loop", "--clip", "my clip.mp4")
    with pytest.raises(InputError, match=r"--clip: missing.mp4: no such file; expected one in the folder of b.yaml"):
        _new("b", "--clip", "missing.mp4")


@pytest.mark.parametrize(
    ("clip", "frame"), [((16, 9), (256, 144)), ((90, 160), (144, 256)), ((48, 20), (256, 104)), ((160, 8), (256, 64))]
)
def test_a_schedule_has_the_shape_of_its_clip(clip: tuple[int, int], frame: tuple[int, int], tmp_path: Path) -> None:
    written(tmp_path / "clip.mkv", [np.zeros((clip[1], clip[0], 3))])
    _new(str(tmp_path / "a"), "--clip", "clip.mkv")
    assert load_schedule(tmp_path / "a.yaml").output.size == frame
