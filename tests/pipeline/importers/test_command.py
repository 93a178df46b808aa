"""`render import`: several files, standard input and output, overwriting, encodings, help."""

import codecs
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.commands.importing import import_
from pipeline.schedule.loader import load_schedule, read_schedule
from render.errors import InputError

DEFORUM = '{"max_frames": 5, "prompts": {"0": "a calm sea ☂"}}'
ZOOM = Path(__file__).parent / "zoom_loop.sh"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(import_, list(arguments), input=stdin)


def message(done: Result) -> str:
    assert isinstance(done.exception, InputError), done.exception
    assert done.exception.exit_code == 2
    return str(done.exception)


def test_several_files_give_one_schedule_each() -> None:
    Path("a.txt").write_text(DEFORUM)
    Path("b.json").write_text(DEFORUM)
    done = run("a.txt", "b.json")
    assert (done.exit_code, done.stdout) == (0, "a.yaml\nb.yaml\n")
    assert load_schedule(Path("b.yaml")).prompts[0].text == "a calm sea ☂"


def test_a_bad_file_among_several_does_not_stop_the_others() -> None:
    Path("a.txt").write_text("nothing")
    Path("b.json").write_text(DEFORUM)
    done = run("a.txt", "b.json")
    assert message(done).startswith("a.txt: not in a format")
    assert done.stdout == "b.yaml\n"
    assert Path("b.yaml").exists()
    assert not Path("a.yaml").exists()


def test_two_files_never_write_the_same_one() -> None:
    Path("a.txt").write_text(DEFORUM)
    Path("a.json").write_text(DEFORUM)
    assert "another file is also written to a.yaml" in message(run("a.txt", "a.json"))
    assert "2 files give one schedule each" in message(run("a.txt", "a.json", "-o", "x.yaml"))
    assert not list(Path().glob("*.yaml"))


def test_standard_input_and_output() -> None:
    done = run("-", "-o", "-", stdin=DEFORUM)
    assert done.exit_code == 0
    assert read_schedule(done.stdout, "out", "out").prompts[0].text == "a calm sea ☂"
    assert not list(Path().iterdir())
    assert run("-", stdin=DEFORUM).stdout == "import.yaml\n"
    assert message(run("-", "-o", "-", stdin='{"a": 1,}')) == (
        "<stdin>: JSON: line 1, column 9: a comma before the closing bracket; leave it out"
    )


def test_an_existing_file_is_overwritten_only_with_force() -> None:
    Path("a.txt").write_text(DEFORUM)
    Path("mine.yaml").write_text("my own work")
    refusal = "mine.yaml: already exists; write another file with -o FILE.yaml, or overwrite it with --force"
    assert message(run("a.txt", "-o", "mine.yaml")) == refusal
    assert Path("mine.yaml").read_text() == "my own work"
    assert run("a.txt", "-o", "mine.yaml", "--force").exit_code == 0
    assert "calm sea" in Path("mine.yaml").read_text()


def test_force_does_not_overwrite_the_settings_themselves() -> None:
    Path("a.yaml").write_text("scenes: a lake\n")
    assert "already exists" in message(run("a.yaml", "--force"))
    assert Path("a.yaml").read_text() == "scenes: a lake\n"


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_gives_the_encoding(mark: bytes, encoding: str) -> None:
    Path("a.txt").write_bytes(mark + DEFORUM.encode(encoding))
    assert run("a.txt").exit_code == 0
    assert load_schedule(Path("a.yaml")).prompts[0].text == "a calm sea ☂"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (DEFORUM.encode("utf-16-le"), "looks like UTF-16 without a byte order mark; save it as UTF-8"),
        ("fé".encode("latin-1"), "not UTF-8 text (byte 1); save it as UTF-8"),
        (codecs.BOM_UTF16_LE + b"a\x00b", "not UTF-16 text (byte 4); save it as UTF-8"),
    ],
)
def test_other_encodings_give_one_message(raw: bytes, expected: str) -> None:
    Path("a.txt").write_bytes(raw)
    assert message(run("a.txt")) == f"a.txt: {expected}"


def test_the_examples_of_the_help_work_as_printed() -> None:
    examples = re.findall(r"^ +render import (.*)$", run("--help").stdout, re.MULTILINE)
    assert len(examples) == 3
    Path("zoom.sh").write_text(ZOOM.read_text())
    for name in ("20230801_settings.txt", "a.txt", "b.json"):
        Path(name).write_text(DEFORUM)
    for example in examples:
        assert run(*example.split()).exit_code == 0
    assert {path.name for path in Path().glob("*.yaml")} == {"swamp.yaml", "zoom.yaml", "a.yaml", "b.yaml"}


def test_the_tools_own_zoom_script_keeps_its_frames_and_motion() -> None:
    """180 pictures by hand: one before the loop and 179 in it; ffmpeg shows pictures at 25 a second."""
    schedule, _ = run(str(ZOOM), "-o", "-").stdout.split("# Settings that are not converted:")
    assert schedule.endswith(
        "output: {size: [512, 512], fps: 25, length: 180, seed: 0}\n"
        "models: {latent: embedded, perceptors: [embedded]}\n"
        'prompts:\n  0: "A painting"\n'
        "motion:\n  zoom: 1.01/frame\n  rotate: -1/frame\n  border: edge\n"
        "refine:\n  steps: 25\n  first_frame: 25\n  carry: false\n"
    )


def test_the_message_for_an_unknown_format_calls_it_a_format() -> None:
    Path("a.txt").write_text(DEFORUM)
    assert message(run("a.txt", "--from", "deforom")) == "unknown format 'deforom'; did you mean 'deforum'?"


def test_a_notebooks_text_is_never_run() -> None:
    cell = {
        "cell_type": "code",
        "source": "import os\nos.system('touch ran')\n!touch ran\nmax_frames = 3\nprompts = {0: 'a'}",
    }
    Path("a.ipynb").write_text(json.dumps({"cells": [cell]}))
    assert run("a.ipynb").exit_code == 0
    Path("b.sh").write_text("python generate.py -p a -sd $(touch ran) -i 5 `touch ran`.png")
    run("b.sh")
    assert not Path("ran").exists()
