"""What Windows lacks is not needed: the command works without it, as far as that can be seen on another system."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.storage.naming import safe

ROOT = Path(__file__).parents[2]
TOY = """
output: {size: [32, 24], fps: 4, length: 3, seed: 5}
models: {latent: pixels, perceptors: [toy]}
prompts: red
refine: {steps: 1, first_frame: 2, cutouts: 3}
"""


def run(*arguments: object, encoding: str = "utf-8") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.without_posix", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode(encoding)


def test_a_video_is_checked_planned_rendered_and_verified(tmp_path: Path) -> None:
    file, run_folder = tmp_path / "toy.yaml", tmp_path / "out" / "toy"
    file.write_text(TOY)
    assert "3 frames" in run("check", file)
    assert len(run("plan", file).splitlines()) == 3
    run(file, "--out", tmp_path / "out", "--device", "cpu")
    assert (run_folder / "video.mp4").stat().st_size > 1000
    assert not list(run_folder.glob(".lock.by")), "the lock is released, and the note with it"
    assert "no problems found" in run("verify", run_folder)


def test_names_that_the_encoding_of_a_console_lacks_are_escaped(tmp_path: Path) -> None:
    file = tmp_path / "sea → sky.yaml"
    file.write_text(TOY)
    said = run("check", file, encoding="cp1252")
    assert r"sea \u2192 sky.yaml: OK" in said


@pytest.mark.parametrize("name", ["CON", "nul.txt", "conin$", "COM¹", "sea.", "sea ", "a:b", "sea . ."])
def test_names_that_windows_refuses_or_changes_are_replaced(name: str) -> None:
    made = safe(name)
    assert made != name
    assert made == safe(made), "once is enough"
