"""Stops: `text:weight:stop` lets go at a distance in other tools, at a cosine here, of the same cutouts."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.importers.prompts import similarities, split_weight_and_stop
from render.guidance.losses.prompt import spherical_distance
from render.guidance.prompts import stop_distance
from render.spec.prompts import PromptWeight

NEVER = -math.inf


@pytest.mark.parametrize("weight", [1.5, -0.5])
@pytest.mark.parametrize("stop", [NEVER, -6.0, -1.2, -0.2, 0.0, 0.2, 1.2, 6.0])
def test_the_same_cutouts_are_let_go(weight: float, stop: float) -> None:
    """At every angle: max(signed distance, stop) has a gradient there exactly where the prompt holds on here."""
    angles = torch.linspace(0.02, 3.12, 200, dtype=torch.float64)
    seen = torch.stack([angles.cos(), angles.sin()], dim=-1)
    signed = spherical_distance(seen, torch.tensor([1.0, 0.0], dtype=torch.float64)) * math.copysign(1, weight)
    [cosine] = similarities(np.array([stop]), np.array([weight]))
    ours = stop_distance(PromptWeight(text="x", weight=weight, stop=float(cosine)))
    assert torch.equal(signed <= stop, signed <= ours)


def test_a_prompt_that_is_0_and_pushes_later_has_one_stop() -> None:
    found = similarities(np.full(3, -0.2), np.array([0.0, -1.0, 0.0]))
    np.testing.assert_allclose(found, math.cos(math.sqrt(0.4)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a rose:1:0.2", ("a rose", 1.0, 0.2)),
        ("a rose:-1:-.2", ("a rose", -1.0, -0.2)),
        ("a rose:2:-inf", ("a rose", 2.0, NEVER)),
        ("a rose:2:nan", ("a rose", 2.0, NEVER)),
        ("a rose:2", ("a rose", 2.0, NEVER)),
        ("16:9", ("16", 9.0, NEVER)),
        ("rose: red", ("rose: red", 1.0, NEVER)),
    ],
)
def test_a_prompt_is_split(text: str, expected: tuple[str, float, float]) -> None:
    assert split_weight_and_stop(text) == expected


FILES = {
    "nerdyrodent": ("go.sh", 'python generate.py -p "a sea:1 | a rose:0.5:0.2 | fog:-1:-0.9" -i 100'),
    "pytti": ("pytti.yaml", "scenes: 'a sea | a rose:0.5:0.2 | fog:-1:-0.9'\nsteps_per_scene: 500\n"),
    "vqgan_clip_animations": (
        "cell.txt",
        'text_prompts = "a sea:1 | a rose:0.5:0.2 | fog:-1:-0.9"\nmax_frames = 5\niterations_per_frame = "0: (10)"\n',
    ),
}


@pytest.mark.parametrize("file", FILES)
def test_stops_are_carried(plan: Callable[..., Any], file: str) -> None:
    name, text = FILES[file]
    found = plan(name, text)
    stops = {prompt.text: prompt.stop for prompt in found.specs[0].prompts}
    assert stops["a sea"] is None
    assert stops["a rose"] == pytest.approx(math.cos(math.sqrt(0.4)), abs=1e-9)
    assert stops["fog"] == pytest.approx(math.cos(math.sqrt(1.8)), abs=1e-9)
    assert not any("stop" in note for note in found.notes)


def test_a_stop_of_pytti_may_be_an_expression(plan: Callable[..., Any]) -> None:
    found = plan("pytti.yaml", "scenes: 'a rose:1:`0.1*t`'\nsteps_per_scene: 500\n")
    stops = [prompt.stop for spec in found.specs for prompt in spec.prompts]
    seconds = (np.arange(1, 10) - 1) / 12
    np.testing.assert_allclose(stops[1:], np.cos(np.sqrt(0.2 * seconds)), atol=1e-9)


def test_an_unreadable_stop_is_reported(plan: Callable[..., Any]) -> None:
    found = plan("pytti.yaml", "scenes: 'a rose:1:high'\n")
    assert "a rose:1:high: stop: 'high' is not known here" in "\n".join(found.notes)
    assert found.specs[0].prompts[0].stop is None


def test_a_text_with_two_stops_is_reported(plan: Callable[..., Any]) -> None:
    found = plan("go.sh", 'python generate.py -p "a rose:1:0.2 | sea ^ a rose:1:0.4" -cpe 50 -zvid -zse 10 -i 100')
    assert "a rose:1:0.4: the same text has another stop before, which is used" in found.notes
