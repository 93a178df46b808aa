"""Parseq: settings/parseq.json is written by hand in the format of rewbs/sd-parseq's manifest."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from render.errors import InputError

ROWS = json.loads((Path(__file__).parents[1] / "settings" / "parseq.json").read_text())["rendered_frames"]


def test_every_frame_moves_by_its_delta(plan: Callable[..., Any]) -> None:
    found = plan("parseq.json")
    zooms = [row["zoom_delta"] for row in ROWS]
    np.testing.assert_allclose(found.amounts("zoom", 1.0)[1:], zooms[1:], rtol=0, atol=1e-7)
    np.testing.assert_allclose(found.amounts("rotate")[1:], [row["angle_delta"] for row in ROWS[1:]], rtol=0, atol=1e-7)


def test_a_shift_is_scaled_and_turned_with_the_picture(plan: Callable[..., Any]) -> None:
    """The middle (256, 256), shifted by d and then turned, scaled about it, ends at 256 + zoom * R(angle) * d."""
    found = plan("parseq.json")
    for row, matrix in list(zip(ROWS, found.matrices(), strict=True))[1:]:
        shift = row["translation_x_delta"] * row["zoom_delta"] * np.exp(-1j * np.radians(row["angle_delta"]))
        expected = [256 + shift.real, 256 + shift.imag, 1]
        np.testing.assert_allclose(matrix @ [256, 256, 1], expected, rtol=0, atol=1e-6)


def test_prompts_have_the_weights_that_parseq_rendered(plan: Callable[..., Any]) -> None:
    found = plan("parseq.json")
    share = np.arange(24) / 23
    np.testing.assert_allclose(found.weights("a forest pines"), 1 - share, atol=1e-5)
    np.testing.assert_allclose(found.weights("a desert"), share, atol=1e-5)
    np.testing.assert_allclose(found.weights("haze"), share - 1, atol=1e-5)


def test_without_deltas_the_values_are_the_moves(plan: Callable[..., Any]) -> None:
    rows = [{"frame": frame, "angle": frame / 2, "deforum_prompt": "a"} for frame in range(5)]
    found = plan("p.json", json.dumps({"rendered_frames": rows}))
    np.testing.assert_allclose(found.amounts("rotate"), [0, 0.5, 1, 1.5, 2], atol=1e-8)


def test_a_missing_frame_repeats_the_one_before(plan: Callable[..., Any]) -> None:
    rows = [{"frame": frame, "angle": frame / 2, "deforum_prompt": "a"} for frame in (0, 1, 3)]
    found = plan("p.json", json.dumps({"rendered_frames": rows}))
    np.testing.assert_allclose(found.amounts("rotate"), [0, 0.5, 0.5, 1.5], atol=1e-8)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"keyframes": [], "managedFields": []},
            "expected a list of frames; press Render in Parseq and export the result",
        ),
        ({"rendered_frames": [{"frame": 0}]}, "no deforum_prompt; write the prompts in Parseq and render again"),
        ({"rendered_frames": [{"frame": 1}]}, "frame 0 is missing"),
        ({"rendered_frames": [{"frame": 1e99}]}, "rendered_frames[0]: expected a frame from 0 to 200,000"),
        ({"rendered_frames": [{"frame": 0, "zoom": "x"}]}, "zoom: expected a number in every frame"),
        ({"rendered_frames": [{"frame": 0, "zoom": float("nan")}]}, "zoom: is not a usable number at frame 0"),
    ],
)
def test_unusable_settings_give_one_message(plan: Callable[..., Any], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        plan("bad.json", json.dumps(settings))
    assert str(caught.value).endswith(message)


def test_a_frame_without_a_prompt_gets_a_placeholder_and_is_reported(plan: Callable[..., Any]) -> None:
    rows = [{"frame": 0, "deforum_prompt": "a sea"}, {"frame": 1, "deforum_prompt": ""}]
    found = plan("blank.json", json.dumps({"rendered_frames": rows}))
    assert [[prompt.text for prompt in spec.prompts if prompt.weight] for spec in found.specs] == [
        ["a sea"],
        ["a picture"],
    ]
    assert "deforum_prompt: frame 1 is blank; 'a picture' is used until you write what to draw" in found.notes
