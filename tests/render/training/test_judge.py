"""The kept judge recognises unseen scenes, and measures how well the shipped pair follows its prompts."""

import json
from pathlib import Path

import pytest
import torch

from render.training.judging.judge import Judge, check_judge, top

FOLDER = Path(__file__).parents[2] / "data" / "judge"
PAIR = Path(__file__).parents[3] / "render" / "models" / "embedded"


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(FOLDER / "judge")


def test_the_judge_recognises_unseen_scenes_similar_to_a_prompt(judge: Judge) -> None:
    """Uses seeds from no training set, and the prompt that the teacher finds nearest to a scene's captions."""
    shares = check_judge(judge, json.loads((FOLDER / "judge.scenes.json").read_text()))
    assert shares["prompts"] > 20
    assert shares["top-1"] > 0.7
    assert shares["top-5"] > 0.85


def test_the_judge_is_at_chance_on_noise(judge: Judge) -> None:
    """Forty prompts for forty pictures of noise: about one in forty is right by chance."""
    noise = torch.rand(40, 3, 72, 128, generator=torch.Generator().manual_seed(0))
    assert top(judge.ranks(noise, torch.arange(40)))["top-1"] < 0.15


@pytest.mark.slow
def test_the_pair_that_ships_follows_its_prompts(judge: Judge, tmp_path: Path) -> None:
    """A smaller budget than in docs/embedded.md, which gave top-1 0.875 and top-5 0.975; chance is 0.025 and 0.125."""
    from render.training.judging.sheet import paint_sheet

    *_, line = paint_sheet(PAIR / "vqgan", PAIR / "clip", judge, tmp_path / "sheet.png", (128, 72), 24)
    shares = {name: float(value) for name, value in (part.split(" ") for part in line.split(", "))}
    assert shares["top-1"] >= 0.6
    assert shares["top-5"] >= 0.85
