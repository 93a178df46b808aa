"""`render bank` and `render inspect` of a bank, and a frame that starts from one."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pipeline.cli import main
from render.errors import InputError
from render.priors.bank.file import read_facts


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, colour in (("red", (255, 0, 0)), ("blue", (0, 0, 255))):
        Image.fromarray(np.full((40, 60, 3), colour, np.uint8)).save(folder / f"{name}.png")
    (folder / "blue.txt").write_text("two foxes", encoding="utf-8")
    (folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    return folder


def run(*arguments: str | Path) -> str:
    done = CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_bank_of_a_folder_for_the_models_of_a_schedule(pictures: Path, tmp_path: Path) -> None:
    """The schedule may already name the bank that is being made."""
    schedule = tmp_path / "a.yaml"
    schedule.write_text(
        "output: {size: [64, 48], fps: 2, length: 1s}\nprompts: red\nmodels: {perceptors: [toy]}\n"
        "refine: {steps: 0, first_frame: 0}\nstart: {prior: mine.bank, candidates: 1, temperature: 0}\n"
    )
    bank = tmp_path / "mine.bank"
    output = run("bank", pictures, "-o", bank, "--models", schedule, "--size", "64", "48")
    assert f"{bank}: 2 pictures" in output
    assert "left out:" in output
    assert read_facts(bank).header.grid == (6, 8)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.yaml", "mine.bank", "pictures"]
    assert "perceptor: toy" in run("inspect", bank)
    assert "captions: 3 words" in run("inspect", bank)  # red, two, fox
    run("preview", schedule, "--at", "0s", "-o", tmp_path / "at.png")
    red, _, blue = np.asarray(Image.open(tmp_path / "at.png").convert("RGB")).mean(axis=(0, 1))
    assert red > 150 > 100 > blue
    run("preview", schedule, "--at", "0s", "-o", tmp_path / "at.png", "--set", "prompts=a fox")
    red, _, blue = np.asarray(Image.open(tmp_path / "at.png").convert("RGB")).mean(axis=(0, 1))
    assert blue > 150 > 100 > red


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "mine.png"), "ends in .bank"),
        (("-o", "mine.bank", "--size", "60", "48"), "expected multiples of 8"),
        (("-o", "mine.bank", "--size", "8000", "8000"), "at most 4,096 codes"),
    ],
)
def test_what_cannot_be_made_is_refused(arguments: tuple[str, ...], message: str, pictures: Path) -> None:
    with pytest.raises(InputError, match=message):
        run("bank", pictures, *arguments)


def test_a_file_that_only_has_the_name_of_a_bank_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.bank").write_bytes(b"nothing")
    with pytest.raises(InputError, match="not a bank"):
        run("inspect", tmp_path / "a.bank")
