"""`render new`: every template is a valid schedule, and no file is overwritten unasked."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.commands.new import _templates
from pipeline.loader import load_schedule, read_schedule
from render.errors import InputError, ScheduleError


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
    assert set(_templates()) == {"loop", "song", "story"}


def test_never_overwrites_unasked(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("mine")
    with pytest.raises(InputError, match="already exists"):
        _new(str(path))
    assert path.read_text() == "mine"
    _new(str(path), "--force")
    assert load_schedule(path).warnings == ()


def test_a_missing_track_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a file in the folder"):
        _new(str(tmp_path / "a"), "--track", "none.mp3")
    assert not (tmp_path / "a.yaml").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed: 1\nprompts: sea", r"1:1: seed: belongs in output.seed: write output: \{seed: ...\}"),
        ("zoom: 1\nprompts: sea", r"1:1: zoom: belongs in motion.zoom"),
        ("model: x\nprompts: sea", r"1:1: model: belongs in models.latent"),
        ("prompts: photo: sea", r"put quotes around a text that contains ': '"),
        ("", "`render new NAME` writes one"),
    ],
)
def test_hints(text: str, said: str) -> None:
    with pytest.raises(ScheduleError, match=said):
        read_schedule(text, "a.yaml", "a")


def test_weights_in_a_text_are_a_warning() -> None:
    (warning,) = read_schedule('prompts: "sea:2 | fog:-1"', "a.yaml", "a").warnings
    assert warning.message.startswith("weights in a text are just text here")
    assert read_schedule('prompts: "oil | 16:9 painting"', "a.yaml", "a").warnings == ()
