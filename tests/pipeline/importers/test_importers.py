"""All formats: each example file is recognised, passes `render check` and reports every setting; and the command."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.commands.importing import import_
from pipeline.importers import formats as importers
from pipeline.importers.notations.source import MAX_BYTES, read_source
from pipeline.schedule.loader import load_schedule
from render import catalogue
from render.errors import InputError, UnknownNameError

FOLDER = Path(__file__).parent / "settings"
FORMATS = {
    "deforum_3d.txt": "deforum",
    "animations.txt": "vqgan_clip_animations",
    "deforum_notebook.txt": "deforum",
    "deforum_webui.txt": "deforum",
    "disco_settings.txt": "disco",
    "nerdyrodent.sh": "nerdyrodent",
    "parseq.json": "parseq",
    "pixray.yaml": "pixray",
    "pytti.yaml": "pytti",
    "vqgan_clip_generator.txt": "vqgan_clip_generator",
    "warpfusion.txt": "warpfusion",
}
FILES = pytest.mark.parametrize("file", sorted(FORMATS))


def test_every_format_has_an_example_file_and_every_file_a_format() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(FORMATS)
    assert set(FORMATS.values()) == set(catalogue.names(importers))


@FILES
def test_only_its_own_format_recognises_a_file(file: str) -> None:
    source = read_source(FOLDER / file)
    entries = {name: catalogue.load(importers, name) for name in catalogue.names(importers)}
    assert [name for name, entry in entries.items() if entry.recognises(source)] == [FORMATS[file]]


@FILES
def test_the_command_writes_a_schedule_that_passes_check(file: str, tmp_path: Path) -> None:
    target = tmp_path / "out.yaml"
    done = CliRunner().invoke(import_, [str(FOLDER / file), "-o", str(target)])
    assert (done.exit_code, done.stdout) == (0, f"{target}\n"), done.exception
    schedule = load_schedule(target)
    assert schedule.models.latent.name == "embedded"
    assert f": {file}\n" in target.read_text().splitlines(keepends=True)[0]


@FILES
def test_notes_are_on_the_terminal_and_in_the_comments_of_the_file(file: str, tmp_path: Path) -> None:
    target = tmp_path / "out.yaml"
    done = CliRunner().invoke(import_, [str(FOLDER / file), "-o", str(target)])
    comment = [line for line in target.read_text().splitlines() if line.startswith("#")]
    whole = " ".join(line.removeprefix("#").strip() for line in comment)
    lines = done.stderr.splitlines()
    assert lines
    assert all(line.startswith("- ") and line in whole for line in lines)


def test_a_schedule_begins_with_the_losses_and_ends_with_unconverted_settings(plan: Callable[..., Any]) -> None:
    found = plan("deforum_3d.txt")
    top, rest = found.text.split("version: 1\n")
    assert top.splitlines() == [
        "# Imported by `render import` from Deforum: deforum_3d.txt",
        "# - use_depth_warping: Deforum estimates depth by Midas; here by midas-small, and a true camera flies through "
        "it. It",
        "#   agrees with the tool's own geometry in the middle of the depth, and where it drives ahead also at its "
        "ends",
        "# - negative prompts get the weight -1; -0.3 is often enough",
        "# - color_coherence LAB: the histograms are matched in OKLab",
        "# - noise_schedule: the noise is added to the latent here, to the pixels in Deforum",
        "# - settings that are not converted are listed at the end of this file",
    ]
    end = rest.split("# Settings that are not converted:\n")[1]
    assert [line[4:].split(",")[0] for line in end.splitlines() if line.startswith("# - ")] == [
        "sampler",
        "contrast_schedule",
        "noise_type = perlin",
    ]


def test_unread_videos_and_pictures_are_reported_at_the_top(plan: Callable[..., Any]) -> None:
    settings = {"max_frames": 2, "prompts": {"0": "a"}, "hybrid_motion": "Affine", "use_init": True, "steps": 9}
    top, rest = plan("a.txt", json.dumps(settings)).text.split("version: 1\n")
    assert "- video_init_path names no clip: the pictures are drawn from the prompts alone" in top
    assert "- use_init = true: no picture is named" in top
    assert "- steps = 9: only for diffusion models" in rest


@FILES
def test_no_setting_is_dropped_silently(file: str, plan: Callable[..., Any]) -> None:
    """An unknown setting that is added to an example file is reported."""
    text = (FOLDER / file).read_text()
    added = {
        ".json": lambda: json.dumps({**json.loads(text), "strange_setting": 3}),
        ".yaml": lambda: f"{text}strange_setting: 3\n",
        ".sh": lambda: text.replace(" -d\n", " -iw 0.5\n"),
        ".txt": lambda: (
            json.dumps({**json.loads(text), "strange_setting": 3})
            if text.startswith("{")
            else f"strange_setting = 3\n{text}".replace("zoom_scale=", "strange_setting=3, zoom_scale=")
        ),
    }[Path(file).suffix]()
    wanted = "init_weight" if file.endswith(".sh") else "strange_setting"
    assert any(wanted in line for line in plan(file, added).notes)


def test_an_unrecognised_file_gives_one_message(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    for text in ("just some notes", "", '{"a": 1}', "[1, 2]", "\x00", "- a\n- b\n"):
        path.write_text(text)
        done = CliRunner().invoke(import_, [str(path), "-o", str(tmp_path / "out.yaml")])
        assert isinstance(done.exception, InputError)
        message = str(done.exception)
        assert message.startswith(f"{path}: not in a format that can be imported")
        for name in catalogue.names(importers):
            assert f"{name} needs " in message
        assert message.endswith(". --from FORMAT forces one")
    assert not (tmp_path / "out.yaml").exists()


def test_from_forces_a_format_and_suggests_similar_names(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"prompts": {"0": "a lake"}}')
    target = tmp_path / "out.yaml"
    done = CliRunner().invoke(import_, [str(path), "--from", "deforum", "-o", str(target)])
    assert done.exit_code == 0
    assert load_schedule(target).prompts[0].text == "a lake"
    done = CliRunner().invoke(import_, [str(path), "--from", "deform", "-o", str(target)])
    assert isinstance(done.exception, UnknownNameError)
    assert "did you mean 'deforum'?" in str(done.exception)


def test_existing_settings_and_files_are_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "scene.yaml"
    path.write_text("scenes: a lake\n")
    for arguments in ([str(path)], [str(path), "-o", str(path)]):
        done = CliRunner().invoke(import_, arguments)
        assert isinstance(done.exception, InputError)
        assert "already exists and is the settings file; write another one with -o FILE.yaml" in str(done.exception)
    assert path.read_text() == "scenes: a lake\n"


HOSTILE = {
    "deep.json": '{"max_frames": 5, "prompts": ' + "[" * 100_000,
    "list.json": "[" * 1_000_000,
    "deep.py": "a = " + "(" * 100_000,
    "minus.py": "a = " + "-" * 500_000 + "1",
    "plus.py": "a = " + "1+" * 300_000 + "1",
    "bomb.yaml": "a: &a [x, x]\nb: &b [*a, *a]\nscenes: &c [*b, *b]\n"
    + "".join(
        f"k{n}: &k{n} [*{'c' if n == 0 else f'k{n - 1}'}, *{'c' if n == 0 else f'k{n - 1}'}]\n" for n in range(40)
    ),
    "digits.json": '{"max_frames": ' + "9" * 10_000 + ', "prompts": {"0": "a"}}',
    "brackets.json": json.dumps({"max_frames": 5, "prompts": {"0": "a"}, "zoom": "0:(" * 100_000}),
    "disco.json": json.dumps({"text_prompts": {"0": ["a"]}, "cutn_batches": 1, "zoom": "1" * 300_000 + "0:(" * 99_999}),
    "prompt.json": json.dumps({"max_frames": 5, "prompts": {"0": "(a:" * 100_000 + "`" * 100_001}}),
    "latin.txt": "max_frames: \udcff",
}


@pytest.mark.parametrize("file", sorted(HOSTILE))
def test_hostile_files_give_one_message(file: str, tmp_path: Path) -> None:
    path = tmp_path / file
    path.write_bytes(HOSTILE[file].encode("utf-8", "surrogateescape"))
    done = CliRunner().invoke(import_, [str(path), "-o", str(tmp_path / "out.yaml")])
    assert isinstance(done.exception, InputError), done.exception
    assert str(done.exception).startswith(f"{path}: ")
    assert len(str(done.exception)) < 1000
    assert done.exception.exit_code == 2


def test_a_file_that_is_too_large_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(InputError, match="more than 16,000,000 bytes; is this a settings file"):
        read_source(path)


def test_a_prompt_cannot_break_out_of_its_quotes(plan: Callable[..., Any]) -> None:
    text = 'a "b" \\ c: {d}\n# e\x1b[31m \u2028 \ud83c\udf0a \x7f'
    settings = json.dumps({"max_frames": 2, "prompts": {"0": text}, "x\n# y": 1})
    found = plan("odd.json", settings)
    assert found.texts() == {'a "b" \\ c: d # e31m 🌊'}
    assert all("\n" not in line and "\x1b" not in line for line in found.notes)
