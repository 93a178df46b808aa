"""pytti: settings/pytti.yaml is written by hand in the format of pytti-tools/pytti-core's configurations."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from render.errors import InputError

FPS = 12
SECONDS = [-100 / 600, *(frame / FPS for frame in range(22))]  # t at the first step of each of 23 frames


def forwards(t: float, side: int) -> Any:
    """What zoom_2d does to the picture: the inverse of its affine_grid, from -1..1 to pixels."""
    zoom = (side - (3 + t % 1)) / side
    theta = math.radians(0.5 * math.cos(t) if t < 1 else 0.25)
    right, up = 4 * math.sin(t * math.pi), 1
    grid = [
        [zoom * math.cos(theta), -zoom * math.sin(theta), -right * 2 / side],
        [zoom * math.sin(theta), zoom * math.cos(theta), up * 2 / side],
        [0, 0, 1],
    ]
    half = (side - 1) / 2
    pixels = np.array([[half, 0, half], [0, half, half], [0, 0, 1]])
    return pixels @ np.linalg.inv(np.array(grid)) @ np.linalg.inv(pixels)


def test_every_frames_matrix_is_pyttis(plan: Callable[..., Any]) -> None:
    found = plan("pytti.yaml")
    assert len(found.specs) == 23
    for frame in range(1, 23):
        np.testing.assert_allclose(found.matrices()[frame], forwards(SECONDS[frame], 320), rtol=0, atol=1e-6)


def test_scenes_fade_in_over_the_interpolation_steps(plan: Callable[..., Any]) -> None:
    """Frame f begins with step 50 + 50 f; the second scene is that of the steps from 600 on, and fades for 150."""
    found = plan("pytti.yaml")
    begins = np.maximum(50 + 50 * np.arange(23), 0)
    begins[0] = 0
    second = np.where(begins < 600, 0, np.minimum((begins - 600) / 150, 1))
    np.testing.assert_allclose(found.weights("kelp cathedral, shafts of light"), 1.5 * (1 - second), atol=1e-9)
    np.testing.assert_allclose(found.weights("bioluminescent reef"), 2 * second, atol=1e-9)
    t = np.array(SECONDS)
    fog = -0.5 * np.abs(np.sin(t * math.pi)) * (1 - second) + 0.1 * t * second
    np.testing.assert_allclose(found.weights("fog"), fog, atol=1e-9)
    np.testing.assert_allclose(found.weights("deep water"), t**2, atol=1e-9)


def test_steps_and_border_and_seed(plan: Callable[..., Any]) -> None:
    specs = plan("pytti.yaml").specs
    assert [spec.num_steps for spec in specs] == [100, *[50] * 22]
    assert (specs[0].border, specs[0].seed, specs[0].carry_optimizer) == ("reflect", 12345, False)


def test_settings_without_a_counterpart_are_reported(plan: Callable[..., Any]) -> None:
    notes = "\n".join(plan("pytti.yaml").notes)
    for words in (
        "bioluminescent reef: its stop is never reached, there as here, and left out",
        "[reef.png]:2: no pictures are read",
        "cutouts = 40",
        "seed -12345 is not between 0 and 9223372036854775807; 12345 is used",
    ):
        assert words in notes


def test_one_scene_keeps_its_expressions(plan: Callable[..., Any]) -> None:
    settings = """
scenes: "a lake | fog:0.5+0.25*sin(t*pi)"
animation_mode: 2D
translate_x: 2*cos(t)
zoom_x_2d: 5
zoom_y_2d: 5
rotate_2d: "0"
width: 256
height: 256
steps_per_scene: 500
"""
    text = plan("one.yaml", settings).text
    assert 'weight: "0.5 + 0.25 * sin((frame - 1) / fps * pi)"' in text
    assert "* (2 * cos((n - 1) / fps)))" in text


def test_a_stretch_becomes_the_nearest_zoom_and_is_reported(plan: Callable[..., Any]) -> None:
    settings = "scenes: a\nanimation_mode: 2D\nzoom_x_2d: 8\nzoom_y_2d: 2\nwidth: 256\nheight: 128\n"
    found = plan("stretch.yaml", settings)
    expected = 1 / math.sqrt((1 - 8 / 256) * (1 - 2 / 128))
    np.testing.assert_allclose(found.specs[1].transforms["zoom"], expected, atol=1e-9)
    assert any("the nearest zoom and rotation are used, up to 1.1" in line for line in found.notes)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("scenes: a:fLo\n", "a:fLo: weight: 'fLo' is not known here; did you mean 'floor'?; 1 is used"),
        (
            "scenes: a\nanimation_mode: 2D\nrotate_2d: fLo*2\n",
            "rotate_2d = fLo*2: 'fLo' is not known here; did you mean 'floor'?; it is ignored",
        ),
        (
            "scenes: a\nanimation_mode: 3D\ntranslate_x: '0'\n",
            "animation_mode 3D: nothing moves in these settings",
        ),
        (
            "scenes: a\nanimation_mode: 3D\nrotate_3d: '[0.9, 0, 0.1]'\n",
            "rotate_3d = [0.9, 0, 0.1]: expected a quaternion such as [1, 0, 0, 0]; it is ignored",
        ),
        (
            "scenes: a\nanimation_mode: 3D\nrotate_3d: '[0.9, 0, 0.1, 0]'\n",
            "rotate_3d: its length is not 1, which also scales the scene in pytti; only the rotation is used",
        ),
    ],
)
def test_unsupported_pytti_settings_are_left_out_and_reported(
    plan: Callable[..., Any], settings: str, message: str
) -> None:
    assert message in plan("band.yaml", settings).notes


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("scenes: '[a.png]'\n", "pytti: scenes: expected texts such as a calm sea | fog:-0.2 || a storm"),
        (
            "scenes: a\nanimation_mode: 2D\nzoom_x_2d: 600\n",
            "shrinks the picture to nothing or turns it over",
        ),
        ("scenes: a\nsteps_per_scene: 100000000\n", "steps_per_scene: 2,000,000 frames; at most 200,000 are allowed"),
    ],
)
def test_unusable_settings_give_one_message(plan: Callable[..., Any], settings: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        plan("bad.yaml", settings)
    assert str(caught.value).endswith(message)


def test_weights_in_backticks_are_expressions(plan: Callable[..., Any]) -> None:
    found = plan("ticks.yaml", "scenes: 'a sea:`0.5+0.25*sin(t)` AND a storm:0.5'\nsteps_per_scene: 500\n")
    assert found.texts() == {"a sea", "a storm"}
    seconds = (np.arange(1, 10) - 1) / 12
    np.testing.assert_allclose(found.weights("a sea")[1:], 0.5 + 0.25 * np.sin(seconds), atol=1e-9)
    assert set(found.weights("a storm")) == {0.5}


def test_a_seed_out_of_range_and_an_unknown_border_are_reported(plan: Callable[..., Any]) -> None:
    found = plan("odd.yaml", "scenes: a\nseed: -4854551145582748953\ninfill_mode: reflect\n")
    assert found.specs[0].seed == 4854551145582748953
    assert (
        "seed -4854551145582748953 is not between 0 and 9223372036854775807; 4854551145582748953 is used" in found.notes
    )
    assert "infill_mode reflect: expected one of mirror, wrap, black, smear; wrap is used" in found.notes
