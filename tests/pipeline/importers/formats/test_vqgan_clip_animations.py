"""VQGAN-CLIP-animations: settings/animations.txt is written by hand in the form of the notebook's cell."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from pipeline.curves.array import Array
from render.errors import InputError


def pandas_series(keys: Mapping[int, float], count: int) -> Array:
    """The notebook's get_inbetweens: pandas appends keys after the end right after the last frame."""
    inside = {frame: value for frame, value in sorted(keys.items()) if frame < count}
    beyond = [value for frame, value in keys.items() if frame >= count]
    known = {**inside, **{count + number: value for number, value in enumerate(beyond)}}
    return np.interp(np.arange(count), list(known), list(known.values()))


def test_motion_is_the_notebooks_in_every_frame(plan: Callable[..., Any]) -> None:
    found = plan("animations.txt")
    zoom = pandas_series({10: 1, 30: 1.2, 50: 0.9}, 50)
    angle = pandas_series({10: 0, 30: 1, 50: -1}, 50)
    right = pandas_series({0: 0, 25: 6.5}, 50)
    np.testing.assert_allclose(found.amounts("zoom", 1.0)[1:], zoom[1:], rtol=0, atol=1e-7)
    np.testing.assert_allclose(found.amounts("rotate")[1:], angle[1:], rtol=0, atol=1e-7)
    for frame in range(1, 50):
        x, y = 200, 144  # of 400x288, the size made multiples of 16
        cos = zoom[frame] * math.cos(math.radians(angle[frame]))
        sin = zoom[frame] * math.sin(math.radians(angle[frame]))
        turn = [[cos, sin, (1 - cos) * x - sin * y], [-sin, cos, sin * x + (1 - cos) * y], [0, 0, 1]]
        expected = np.array(turn) @ np.array([[1, 0, right[frame]], [0, 1, 3], [0, 0, 1]])
        np.testing.assert_allclose(found.matrices()[frame], expected, rtol=0, atol=1e-6)


PROMPTS: dict[str, dict[int, float]] = {
    "an orchard in spring": {10: 1, 20: 0},
    "an orchard, 16:9": {10: 0, 20: 1, 90: 0.25},
    "snow": {20: -0.5},
}


@pytest.mark.parametrize("text", PROMPTS)
def test_every_prompt_has_its_own_weight(plan: Callable[..., Any], text: str) -> None:
    found: Array = plan("animations.txt").weights(text)
    np.testing.assert_allclose(found, pandas_series(PROMPTS[text], 50), rtol=0, atol=1e-9)


def test_iterations_are_steps_and_the_optimizer_is_not_carried_over(plan: Callable[..., Any]) -> None:
    found = plan("animations.txt")
    expected = pandas_series({0: 10, 40: 25}, 50).astype(int)
    assert [spec.num_steps for spec in found.specs] == expected.tolist()
    assert not found.specs[1].carry_optimizer


@pytest.mark.parametrize(
    ("prompts", "weights"),
    [
        ("10:(Apple: 1| Orange: 0), 20: (Apple: 0| Orange: 1| Peach: 1)", {"Apple": 0.5, "Orange": 0.5, "Peach": 1.0}),
        ("Apple | Orange:0.5:-0.9 | a 16:9 photo", {"Apple": 1.0, "Orange": 0.5, "a 16:9 photo": 1.0}),
    ],
)
def test_older_notations(plan: Callable[..., Any], prompts: str, weights: dict[str, float]) -> None:
    cell = f'text_prompts = "{prompts}"\niterations_per_frame = "5"\nmax_frames = 30\nzoom = "10: (1), 20: (1.2)"\n'
    found = plan("cell.txt", cell)
    assert {prompt.text: prompt.weight for prompt in found.specs[15].prompts} == pytest.approx(weights)
    np.testing.assert_allclose(found.specs[15].transforms["zoom"], 1.1, atol=1e-9)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('zoom = "fast"', "zoom: expected keys such as 10: 1, 30: 1.2, got 'fast'"),
        ("zoom = \"0: 'a'\"", "zoom: expected a number, got 'a'"),
        ('zoom = "-1: 2"', "zoom: expected a frame, got '-1'"),
        (
            '''text_prompts = "'a': {0: 0}"''',
            "text_prompts: expected prompts such as 'Apple': {0: 1, 20: 0}, 'Orange': {0: 0, 20: 1}",
        ),
    ],
)
def test_unusable_settings_give_one_message(plan: Callable[..., Any], line: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        plan("bad.txt", f'{line}\niterations_per_frame = "5"\ntext_prompts = "a"\n')
    assert str(caught.value).endswith(message)
