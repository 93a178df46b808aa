"""Deforum: the plan is compared with Deforum's rules, implemented again here, and with numexpr.

settings/deforum_notebook.txt holds the schedules and prompts of deforum-art/deforum-stable-diffusion (MIT);
settings/deforum_webui.txt is written by hand in the format of deforum-art/sd-webui-deforum.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any

import numexpr
import numpy as np
import pytest

from pipeline.curves.array import Array
from render.errors import InputError
from render.spec.camera import RoomMove

Keys = dict[int, Any]
FUNCTIONS = (
    "abs(), arccos(), arccosh(), arcsin(), arcsinh(), arctan(), arctan2(), arctanh(), ceil(), cos(), cosh(), exp(), "
    "expm1(), floor(), fmod(), log(), log10(), log1p(), sin(), sinh(), sqrt(), tan(), tanh(), where()"
)
WEBUI_KEYS: dict[str, Keys] = {
    "angle": {0: 0.0, 40: 1.5, 80: -2.0},
    "zoom": {
        0: lambda t: 1.0025 + 0.002 * math.sin(1.25 * 3.14 * t / 30),
        50: 1.02,
        109: lambda t: 1.01 if t % 4 < 2 else 0.99,
    },
    "translation_x": {0: 5.0, 60: lambda t: -0.05 * (t - 60) + math.atan2(t, 7), 90: lambda t: 1.0},
    "translation_y": {0: lambda t: abs(math.cos(6.28 * t / 119)) * 3},
    "transform_center_x": {0: 0.5, 100: 0.75},
    "transform_center_y": {0: 0.25},
}


def series(keys: Keys, count: int) -> Array:
    """Numbers are interpolated; a function gives the value of every frame up to the next key."""
    known: dict[int, float] = {}
    current = None
    for frame in range(count):
        if frame in keys:
            current = keys[frame]
            if not callable(current):
                known[frame] = current
        if callable(current):
            known[frame] = current(frame)
    return np.interp(np.arange(count), list(known), list(known.values()))


def opencv(center: tuple[float, float], angle: float, scale: float, shift: tuple[float, float]) -> Array:
    """A translation followed by cv2.getRotationMatrix2D, as OpenCV documents it."""
    alpha, beta = scale * math.cos(math.radians(angle)), scale * math.sin(math.radians(angle))
    x, y = center
    turn = np.array([[alpha, beta, (1 - alpha) * x - beta * y], [-beta, alpha, beta * x + (1 - alpha) * y], [0, 0, 1]])
    matrix: Array = turn @ np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]])
    return matrix


@pytest.fixture
def webui(plan: Callable[..., Any]) -> Any:
    return plan("deforum_webui.txt")


def test_zoom_and_rotation_are_deforums_in_every_frame(webui: Any) -> None:
    for name, field, neutral in (("zoom", "zoom", 1.0), ("rotate", "angle", 0.0)):
        expected = series(WEBUI_KEYS[field], 120)
        np.testing.assert_allclose(webui.amounts(name, neutral)[1:], expected[1:], rtol=0, atol=1e-7)


def test_every_frames_matrix_is_deforums(webui: Any) -> None:
    values = {name: series(keys, 120) for name, keys in WEBUI_KEYS.items()}
    for frame in range(1, 120):
        at = {name: column[frame] for name, column in values.items()}
        center = (640 * at["transform_center_x"], 384 * at["transform_center_y"])
        expected = opencv(center, at["angle"], at["zoom"], (at["translation_x"], at["translation_y"]))
        np.testing.assert_allclose(webui.matrices()[frame], expected, rtol=0, atol=1e-6)


def test_the_first_frame_does_not_move(webui: Any) -> None:
    assert webui.specs[0].transforms == {}


def test_size_rate_length_seed_and_border(webui: Any) -> None:
    spec = webui.specs[0]
    assert (spec.size, spec.seed, spec.border, len(webui.specs)) == ((640, 384), 7, "wrap", 120)
    assert "fps: 15" in webui.text


def test_prompts_hold_until_the_next_and_those_after_neg_are_negative(webui: Any) -> None:
    village = webui.weights("a fishing village at dawn, soft light")
    ruins = webui.weights("ruins under water")
    np.testing.assert_array_equal(village, np.where(np.arange(120) < 30, 1, 0))
    np.testing.assert_array_equal(ruins, np.where(np.arange(120) >= 99, 1, 0))
    np.testing.assert_array_equal(webui.weights("text blurry"), -village)
    np.testing.assert_array_equal(webui.weights("people, text blurry"), -ruins)


def test_without_negatives_the_prompts_are_scenes(plan: Callable[..., Any]) -> None:
    notebook = plan("deforum_notebook.txt")
    assert (
        '  10: {text: "a beautiful portrait of a woman by Artgerm, trending on Artstation", ease: hold}'
        in notebook.text
    )
    lake = notebook.weights("a beautiful lake by Asher Brown Durand, trending on Artstation")
    np.testing.assert_array_equal(lake, np.where(np.arange(60) < 10, 1, 0))


def test_an_expression_stays_an_expression(plan: Callable[..., Any]) -> None:
    text = plan("deforum_notebook.txt").text
    assert "  zoom: 1.04/frame\n" in text
    assert "10 * sin(2 * 3.14 * n / 10)" in text


def test_the_mode_interpolation_fades(plan: Callable[..., Any]) -> None:
    settings = {"animation_mode": "Interpolation", "max_frames": 21, "prompts": {"0": "a", "10": "b", "max_f-1": "c"}}
    found = plan("fade.txt", json.dumps(settings))
    np.testing.assert_allclose(found.weights("a")[:11], np.linspace(1, 0, 11), atol=1e-12)
    np.testing.assert_allclose(found.weights("b")[10:], np.linspace(1, 0, 11), atol=1e-12)
    np.testing.assert_allclose(found.weights("c")[10:], np.linspace(0, 1, 11), atol=1e-12)


def test_3d_motion_by_depth_is_a_camera_and_what_differs_comes_before_all_other_notes(plan: Callable[..., Any]) -> None:
    """deforum_3d.txt: all settings of the extension, whose other features are off."""
    found = plan("deforum_3d.txt")
    assert all(spec.transforms == {} for spec in found.specs)
    assert (found.specs[0].size, found.specs[0].seed, len(found.specs)) == ((1024, 576), 77, 20)
    assert isinstance(found.specs[1].camera, RoomMove)
    assert found.notes == (
        "use_depth_warping: Deforum estimates depth by Midas; here by midas-small, and a true camera flies through it. "
        "It agrees with the tool's own geometry in the middle of the depth, and where it drives ahead also at its ends",
        "negative prompts get the weight -1; -0.3 is often enough",
        "color_coherence LAB: the histograms are matched in OKLab",
        "noise_schedule: the noise is added to the latent here, to the pixels in Deforum",
        "sampler, steps, seed_behavior, seed_iter_N, strength, strength_schedule, cfg_scale_schedule: "
        "only for diffusion models",
        "contrast_schedule, kernel_schedule, sigma_schedule, amount_schedule, threshold_schedule: "
        "sharpness, contrast and greyness are not adjusted between frames",
        "noise_type = perlin, perlin_octaves = 4, perlin_persistence = 0.5: the noise is plain; see noise:",
    )


@pytest.mark.parametrize(
    ("settings", "first"),
    [
        (
            {"animation_mode": "3D", "zoom": "0: (0)", "translation_z": "0:(0), 30: (0.0)", "fov_schedule": "0:(40)"},
            "animation_mode 3D: nothing moves in these settings",
        ),
        (
            {"animation_mode": "3d", "translation_x": 0, "fov_schedule": "0: (70)"},
            "animation_mode 3D: nothing moves in these settings",
        ),
        (
            {"animation_mode": "Video Input", "video_init_path": "a.mp4", "zoom": "0: (1.1)"},
            "video_init_path = a.mp4: a.mp4 is not in the schedule's folder: copy it there and import again; "
            "until then the pictures are drawn from the prompts alone",
        ),
        (
            {"animation_mode": "None", "zoom": "0: (1.1)"},
            "animation_mode None makes stills without motion; one frame is rendered instead of max_frames = 9",
        ),
        (
            {"enable_perspective_flip": True, "perspective_flip_phi": "0: (180)"},
            "perspective flip: not converted (perspective_flip_phi = 0: (180)): turns the picture over at frame 1",
        ),
        ({"width": 640, "W": 512}, "width = 640 and W = 512 differ; width is used"),
    ],
)
def test_the_largest_change_is_reported_first(plan: Callable[..., Any], settings: dict[str, Any], first: str) -> None:
    found = plan("first.txt", json.dumps({"max_frames": 9, "W": 640, "H": 384, "prompts": {"0": "a"}, **settings}))
    assert found.notes[0] == first
    assert len(found.notes) <= 2
    assert found.specs[0].size == (640, 384)
    assert len(found.specs) == (1 if settings.get("animation_mode") == "None" else 9)
    assert all(spec.transforms == {} for spec in found.specs)


@pytest.mark.parametrize(
    ("prompt", "weights"),
    [
        ("a sea:0.5", {"a sea": 0.5}),
        ("a photo, 16:9", {"a photo, 16:9": 1}),
        ("a sea AND fog:-0.25", {"a sea": 1, "fog": -0.25}),
        ("a sea AND fog:9", {"a sea": 1, "fog": 9}),
    ],
)
def test_a_number_after_a_colon_is_a_weight_as_in_the_web_ui(
    plan: Callable[..., Any], prompt: str, weights: dict[str, float]
) -> None:
    """Without AND, a number beyond 2 is not a weight but part of the text."""
    found = plan("weights.txt", json.dumps({"max_frames": 2, "prompts": {"0": prompt}}))
    assert {entry.text: entry.weight for entry in found.specs[0].prompts} == weights


def test_the_notebooks_weights_add_up_to_one(plan: Callable[..., Any]) -> None:
    settings = {"max_frames": 2, "prompts": {"0": "bacon:3 eggs:1 fog:-2"}, "prompt_weighting": True}
    found = plan("weights.txt", json.dumps(settings))
    assert {prompt.text: prompt.weight for prompt in found.specs[0].prompts} == {"bacon": 0.75, "eggs": 0.25, "fog": -1}


@pytest.mark.parametrize(
    "keys",
    [
        {"0": "1.0025+0.002*sin(1.25*3.14*t/30)"},
        {"0": "where((t>10) & (t<=20), 1.01, 1.0)", "25": "1.02", '"max_f-5"': "1 + 0.001*(t-30)**2"},
        {"0": "-0.06*(cos(3.141*t/15)**100)+1.06", "15": "1 + fmod(t, 4)/100"},
        {"0": "1.5 - 0.01*(-t%7)", "30": "exp(-t/10)+sqrt(abs(s-t))/10"},
        {"0": "(0.11 * cos((120/ 240 * 3.141 * (t + 0) / 24))**1 + 1)*(1 * cos((120 / 1920 * 3.141 * t / 12 )) + 1)"},
        {"3": "1.1", "20": "1.2"},
    ],
)
def test_the_plan_matches_numexpr(plan: Callable[..., Any], keys: dict[str, str]) -> None:
    count, scope = 40, {"s": 5, "max_f": 39}
    known: Keys = {}
    for frame, value in keys.items():
        number = re.fullmatch(r"[0-9.]+", value)
        entry = float(value) if number else lambda t, value=value: float(numexpr.evaluate(value, {**scope, "t": t}))
        known[int(numexpr.evaluate(frame.strip('"'), scope))] = entry
    schedule = ", ".join(f"{frame}: ({value})" for frame, value in keys.items())
    settings = {"max_frames": count, "seed": 5, "prompts": {"0": "a"}, "zoom": schedule, "angle": schedule}
    found = plan("numexpr.txt", json.dumps(settings))
    np.testing.assert_allclose(found.amounts("zoom", 1.0)[1:], series(known, count)[1:], rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.amounts("rotate")[1:], series(known, count)[1:], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("zoom", "angle"), [("0:(1)", "0:(0)"), ("0:(1.05)", "0:(0)"), ("0:(0.9)", "0:(12)"), ("0:(-1.1)", "0:(350)")]
)
def test_a_shift_before_a_rotation_is_converted_exactly(plan: Callable[..., Any], zoom: str, angle: str) -> None:
    moves = {"zoom": zoom, "angle": angle, "translation_x": "0: (4*sin(t))", "translation_y": "0: (t/3)"}
    found = plan("turn.txt", json.dumps({"max_frames": 20, "W": 256, "H": 128, "prompts": {"0": "a"}, **moves}))
    for frame in range(1, 20):
        factor, degrees = (float(text[3:-1]) for text in (zoom, angle))
        expected = opencv((128, 64), degrees, factor, (4 * math.sin(frame), frame / 3))
        np.testing.assert_allclose(found.matrices()[frame], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prompts": {}}, 'Deforum: prompts: expected prompts by frame such as {"0": "a calm sea"}'),
        ({"prompts": {"a lake": "0"}}, "Deforum: prompts: 'a lake' is not a frame number: not an expression: a lake"),
        ({"zoom": "0: (0)"}, "Deforum: zoom: zoom is 0 at frame 0"),
        (
            {"zoom": "0: (__import__('os'))"},
            f"Deforum: zoom: frame 0: '__import__()' is not known here; expected one of {FUNCTIONS}",
        ),
        (
            {"zoom": "0: (t.real)"},
            f"Deforum: zoom: frame 0: 't.real' is not known here; expected one of i, max_f, s, t, {FUNCTIONS}",
        ),
        ({"zoom": "0: (1/(t-3))"}, "Deforum: zoom: is beyond 1,000,000,000 at frame 3"),
        ({"zoom": "0: (9**9**9**9)"}, "Deforum: zoom: is beyond 1,000,000,000 at frame 0"),
        ({"zoom": "0: (2*sin(t/10)"}, "Deforum: zoom: frame 0: bracket not closed: (2*sin(t/10)"),
        ({"zoom": "0: (pi)"}, "Deforum: zoom: frame 0: 'pi' is not known here; write 3.14159"),
        ({"zoom": "0: (t^2)"}, "Deforum: zoom: frame 0: ^ is the exclusive or of bits, not a power; write t ** 2"),
        ({"zoom": f"0: ({'(' * 5000})"}, "Deforum: zoom: frame 0: an expression of more than 2000 characters"),
        ({"zoom": f"0: ({'-' * 1000}1)"}, "Deforum: zoom: frame 0: an expression that is too large"),
        ({"max_frames": 10**9}, "Deforum: max_frames: expected a number from 1 to 200000, got 1e+09"),
        ({"W": "wide"}, "Deforum: W: expected a number, got wide"),
    ],
)
def test_unusable_settings_give_one_message(plan: Callable[..., Any], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=r"bad\.txt") as caught:
        plan("bad.txt", json.dumps({"max_frames": 20, "prompts": {"0": "a"}, **settings}))
    assert str(caught.value).endswith(message)
    assert caught.value.exit_code == 2


def test_alternative_names_and_odd_notations_are_read(plan: Callable[..., Any]) -> None:
    prompts = json.dumps({"0": "a ((calm)) [grey] {deep} sea", "5": ""})
    settings = {"max_frames": 9, "width": 1024, "height": 576, "FPS": 30, "animation_mode": "2d", "prompts": prompts}
    odd = {"zoom": 1.02, "angle": "0: 0: ((2*cos(t/10)))", "border": "warp"}
    found = plan("odd.json", json.dumps(settings | odd))
    assert found.specs[0].size == (1024, 576)
    assert "fps: 30" in found.text
    assert found.texts() == {"a calm grey deep sea", "a picture"}
    assert found.amounts("zoom", 1.0)[1:] == pytest.approx([1.02] * 8)
    assert "rotate" not in found.text
    for message in ("angle: frame 0: '0: 0: ((2*cos(t/10)))'", "frame 5 is blank", "border warp"):
        assert any(message in line for line in found.notes)
