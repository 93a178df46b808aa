"""Disco Diffusion: settings/disco_settings.txt holds prompts and zoom of alembics/disco-diffusion's notebook (MIT)."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline.curves.array import Array
from render.errors import InputError

BY_FRAME = 'expected prompts by frame such as {"0": ["a calm sea"]}'


def pandas_series(keys: dict[int, float], count: int) -> Array:
    """Disco's get_inbetweens: the last frame gets the value of the last key, even if that key is after the end."""
    known = {frame: value for frame, value in sorted(keys.items()) if frame < count}
    known[count - 1] = list(keys.values())[-1]
    return np.interp(np.arange(count), list(known), list(known.values()))


def test_zoom_and_angle_are_discos_in_every_frame(plan: Callable[..., Any]) -> None:
    found = plan("disco_settings.txt")
    zoom = pandas_series({0: 1.0, 10: 1.05, 60: 0.9}, 40)
    angle = pandas_series({0: 0.0, 25: 2.0}, 40)
    np.testing.assert_allclose(found.amounts("zoom", 1.0)[1:], zoom[1:], rtol=0, atol=1e-7)
    np.testing.assert_allclose(found.amounts("rotate")[1:], angle[1:], rtol=0, atol=1e-7)


def test_every_frames_matrix_is_discos(plan: Callable[..., Any]) -> None:
    found = plan("disco_settings.txt")
    zoom = pandas_series({0: 1.0, 10: 1.05, 60: 0.9}, 40)
    angle = pandas_series({0: 0.0, 25: 2.0}, 40)
    for frame in range(1, 40):
        cos = zoom[frame] * math.cos(math.radians(angle[frame]))
        sin = zoom[frame] * math.sin(math.radians(angle[frame]))
        x, y, down = 640, 384, -4.5
        turn = [[cos, sin, (1 - cos) * x - sin * y], [-sin, cos, sin * x + (1 - cos) * y], [0, 0, 1]]
        expected = np.array(turn) @ np.array([[1, 0, 0], [0, 1, down], [0, 0, 1]])
        np.testing.assert_allclose(found.matrices()[frame], expected, rtol=0, atol=1e-6)


def test_weights_of_a_frame_add_up_to_one_and_hold_until_the_next(plan: Callable[..., Any]) -> None:
    found = plan("disco_settings.txt")
    later = np.arange(40) >= 20
    np.testing.assert_allclose(found.weights("yellow color scheme"), np.where(later, 0, 0.5))
    np.testing.assert_allclose(found.weights("This prompt has weight five"), np.where(later, 5 / 6, 0), atol=1e-9)
    np.testing.assert_allclose(
        found.weights("This set of prompts start at frame 100"), np.where(later, 1 / 6, 0), atol=1e-9
    )


def test_assumed_defaults_are_reported(plan: Callable[..., Any]) -> None:
    found = plan("disco_settings.txt")
    assert "the file has no fps; the notebook's default, 12, is used" in found.notes
    assert "the file has no animation_mode; 2D is assumed" in found.notes
    assert found.specs[0].border == "wrap"
    assert found.specs[0].seed == 3141592653


def test_a_notebook_cell_is_read_but_not_run(plan: Callable[..., Any]) -> None:
    cell = """
animation_mode = '2D' #@param ['None', '2D']
max_frames = 12
clip_guidance_scale = 5000 #@param
zoom = "0: (1), 10: (1.05)"#@param {type:"string"}
width_height = [300, 200]
raise SystemExit(open("/nonexistent"))
text_prompts = {
    0: ["a lighthouse:2", "fog:-1"],
}
if width_height:
    zoom = "0: (9)"
"""
    notebook = {"cells": [{"cell_type": "markdown", "source": "x"}, {"cell_type": "code", "source": [cell]}]}
    for name, text in (("cell.py", cell), ("notebook.ipynb", json.dumps(notebook))):
        found = plan(name, text)
        assert found.specs[0].size == (256, 192)
        np.testing.assert_allclose(found.amounts("zoom", 1.0)[10], 1.05, atol=1e-9)
        assert {prompt.text: prompt.weight for prompt in found.specs[0].prompts} == {"a lighthouse": 2, "fog": -1}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"zoom": "0: (1), x"}, "zoom: expected keys such as 0: (1), 10: (1.05), got 'x'"),
        ({"zoom": "0: (sin(t))"}, "zoom: expected a number, got '0: (sin(t'"),
        ({"text_prompts": {"0": ["a:1", "b:-1"]}}, 'text_prompts: the weights of ["a:1", "b:-1"] add up to 0'),
        ({"text_prompts": {"first": ["a"]}}, 'text_prompts: expected prompts by frame such as {"0": ["a calm sea"]}'),
        (
            {"text_prompts": {"1" * 5000: ["a"]}},
            'text_prompts: expected prompts by frame such as {"0": ["a calm sea"]}',
        ),
    ],
)
def test_unusable_settings_give_one_message(plan: Callable[..., Any], settings: dict[str, Any], message: str) -> None:
    whole = {"text_prompts": {"0": ["a"]}, "clip_guidance_scale": 5000, "max_frames": 9, **settings}
    with pytest.raises(InputError) as caught:
        plan("bad.txt", json.dumps(whole))
    assert str(caught.value).endswith(f"Disco Diffusion: {message}")
