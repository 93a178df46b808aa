"""The commands `render check`, `plan` and `plot`: their output for editors and pipes."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pipeline.commands.schedules import check, plan, plot
from tests.waiting import PATIENCE

GOOD = "output: {size: [32, 16], fps: 8, length: 3s}\nmodels: {latent: pixels, perceptors: [toy]}\nprompts: red\n"
WARNED = GOOD + "motion: {border: wrap}\nlet: {unused: 1}\n"
BAD = GOOD.replace("fps: 8", "fps: x") + "motion: {zom: 1}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("good", GOOD), ("warned", WARNED), ("bad", BAD)):
        (tmp_path / f"{name}.yaml").write_text(text)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def checked(*arguments: str) -> Result:
    return CliRunner().invoke(check, list(arguments))


def objects(result: Result) -> list[dict[str, Any]]:
    assert result.stderr == ""
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_json_of_a_good_file(folder: Path) -> None:
    result = checked("good.yaml", "--json")
    assert result.exit_code == 0
    assert objects(result) == [
        {
            "file": "good.yaml",
            "ok": True,
            "frames": 24,
            "seconds": 3.0,
            "fps": 8.0,
            "size": [32, 16],
            "problems": [],
            "warnings": [],
        }
    ]


def test_json_of_a_wrong_file_lists_every_problem_with_its_place(folder: Path) -> None:
    result = checked("bad.yaml", "--json")
    assert result.exit_code == 2
    (found,) = objects(result)
    assert not found["ok"]
    assert {found[name] for name in ("frames", "seconds", "fps", "size")} == {None}
    places = [(problem["file"], problem["line"], problem["column"], problem["path"]) for problem in found["problems"]]
    assert places == [("bad.yaml", 1, 31, "output.fps"), ("bad.yaml", 4, 10, "motion.zom")]
    assert "did you mean 'zoom'?" in found["problems"][1]["message"]
    assert set(found["problems"][0]) == {"file", "line", "column", "path", "message"}


def test_json_and_text_report_the_same_problems(folder: Path) -> None:
    (found,) = objects(checked("bad.yaml", "--json"))
    lines = checked("bad.yaml").stderr.splitlines()
    assert lines == ["{file}:{line}:{column}: {path}: {message}".format(**problem) for problem in found["problems"]]


@pytest.mark.parametrize(
    ("file", "message"),
    [("missing.yaml", "cannot be read: No such file or directory"), ("binary.yaml", "not UTF-8 text (byte 0)")],
)
def test_an_unreadable_file_is_a_problem_at_its_beginning(folder: Path, file: str, message: str) -> None:
    result = checked(file, "--json")
    assert result.exit_code == 2
    assert objects(result)[0]["problems"] == [{"file": file, "line": 1, "column": 1, "path": "", "message": message}]


def test_every_file_gives_one_object_and_one_wrong_file_sets_the_exit_code(folder: Path) -> None:
    result = checked("good.yaml", "bad.yaml", "missing.yaml", "warned.yaml", "--json")
    assert result.exit_code == 2
    assert [(found["file"], found["ok"]) for found in objects(result)] == [
        ("good.yaml", True),
        ("bad.yaml", False),
        ("missing.yaml", False),
        ("warned.yaml", True),
    ]


def test_a_warning_is_not_an_error(folder: Path) -> None:
    result = checked("warned.yaml", "--json")
    assert result.exit_code == 0
    (found,) = objects(result)
    assert found["ok"]
    assert [(warning["line"], warning["path"]) for warning in found["warnings"]] == [
        (4, "motion.border"),
        (5, "let.unused"),
    ]


def test_warnings_follow_the_ok_line(folder: Path) -> None:
    result = checked("warned.yaml")
    assert result.exit_code == 0
    assert result.stdout == "warned.yaml: OK: 24 frames, 3 s at 8 fps, 32×16\n"
    assert result.output.startswith(result.stdout)
    assert result.stderr.splitlines() == [
        "warning: warned.yaml:4:18: motion.border: has no effect: nothing moves",
        "warning: warned.yaml:5:15: let.unused: is defined but never used",
    ]


def test_a_text_cannot_break_the_terminal_or_the_line(folder: Path) -> None:
    (folder / "a.yaml").write_text(GOOD + 'motion: {"\\e[31m\\n夕": 1}\n')
    result = checked("a.yaml", "--json")
    assert result.stdout.isascii()
    assert objects(result)[0]["problems"][0]["path"] == "motion.\x1b[31m\n夕"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("variants: {output.seed: [1, 2, 3]}", "3 variants"),
        ("variants: {output.seed: [1]}", "1 variant"),
        ("variants: {output.seed: [1, 2], prompts: [red, blue]}", "4 variants"),
    ],
)
def test_variants_are_counted(folder: Path, more: str, message: str) -> None:
    (folder / "a.yaml").write_text(GOOD + more)
    assert checked("a.yaml").stdout.strip().endswith(f"32×16, {message}")


def test_shots_are_counted(folder: Path) -> None:
    shots = "[{length: 1s}, {length: 2s, start: carry}, {length: 1s, start: carry}]"
    (folder / "a.yaml").write_text(GOOD.replace(", length: 3s", "") + f"shots: {shots}")
    assert checked("a.yaml").stdout == "a.yaml: OK: 32 frames, 4 s at 8 fps, 32×16, 3 shots\n"


def test_overrides_apply_to_json(folder: Path) -> None:
    assert objects(checked("good.yaml", "--json", "--set", "output.fps=16"))[0]["frames"] == 48
    (found,) = objects(checked("good.yaml", "--json", "--set", "refine.nothing=16"))
    assert not found["ok"]
    assert found["problems"][0]["path"] == "refine.nothing"


# plan


def test_a_plan_has_one_line_per_frame(folder: Path) -> None:
    lines = CliRunner().invoke(plan, ["good.yaml"]).stdout.splitlines()
    assert [json.loads(line)["index"] for line in lines] == list(range(24))


def test_a_plan_of_variants_shows_the_first(folder: Path) -> None:
    (folder / "a.yaml").write_text(GOOD + "variants: {output.seed: [5, 6]}")

    def seeds(*more: str) -> set[int]:
        lines = CliRunner().invoke(plan, ["a.yaml", *more]).stdout.splitlines()
        return {json.loads(line)["seed"] for line in lines}

    assert seeds() == {5}
    assert seeds("--set", "output.seed=6") == {6}


def test_a_plan_streams_and_ends_quietly_when_the_pipe_closes(folder: Path, command: str) -> None:
    """A million frames would take minutes."""
    (folder / "long.yaml").write_text(GOOD.replace("length: 3s", "length: 1000000"))
    with subprocess.Popen(
        [command, "plan", "long.yaml"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=PATIENCE) == 0
        assert json.loads(first)["index"] == 0
        assert process.stderr.read() == ""


# plot


@pytest.mark.parametrize(
    ("options", "written"),
    [
        ([], "good-plot.png"),
        (["--html"], "good-plot.html"),
        (["-o", "a.svg"], "a.svg"),
        (["-o", "a.html"], "a.html"),
        (["-o", "a", "--html"], "a.html"),
        (["-o", "a.b.html", "--html"], "a.b.html"),
    ],
)
def test_the_suffix_of_a_plot_decides_its_format(folder: Path, options: Sequence[str], written: str) -> None:
    result = CliRunner().invoke(plot, ["good.yaml", *options])
    assert result.stdout == f"{written}\n"
    begins = {"png": b"\x89PNG", "svg": b"<?xml", "html": b"<!doctype html>"}[written.rpartition(".")[2]]
    assert (folder / written).read_bytes().startswith(begins)
    assert not list(folder.glob(".*partial*"))


def test_a_page_is_not_written_to_a_picture(folder: Path) -> None:
    result = CliRunner().invoke(plot, ["good.yaml", "--html", "-o", "a.png"])
    assert str(result.exception) == "a.png: --html writes a page; name it *.html, or leave out -o or --html"
    assert not (folder / "a.png").exists()


def test_a_failed_plot_leaves_the_old_file(folder: Path) -> None:
    (folder / "a.xyz").write_text("mine")
    result = CliRunner().invoke(plot, ["good.yaml", "-o", "a.xyz"])
    assert "a.xyz: cannot be drawn" in str(result.exception)
    assert (folder / "a.xyz").read_text() == "mine"
