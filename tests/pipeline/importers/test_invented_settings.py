"""Invented settings in all formats, odd ones included: the exact result, or the reason why they are refused."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from render.errors import InputError

DEFORUM = {"max_frames": 10, "fps": 10, "W": 256, "H": 128, "seed": 5, "prompts": {"0": "a sea"}}
DISCO = {
    "text_prompts": {"0": ["a sea"]},
    "cutn_batches": 1,
    "animation_mode": "2D",
    **{"max_frames": 8, "fps": 10, "seed": 5, "width": 256, "height": 128},
}
WARP = {"text_prompts": {"0": ["a sea"]}, "flow_warp": True, "max_frames": 6, "fps": 10, "width": 264, "height": 136}
ANIMATIONS = {
    **{"text_prompts": "'a sea': {0: 1}", "iterations_per_frame": "5", "max_frames": 6, "fps": 10, "seed": 5},
    **{"width": 256, "height": 128},
}
PARSEQ = [{"frame": 0, "deforum_prompt": "a sea", "seed": 5}, {"frame": 3, "deforum_prompt": "a sea", "zoom": 1}]
PYTTI = "scenes: a sea\nseed: 5\nwidth: 256\nheight: 128\nframes_per_second: 10\nsteps_per_scene: 300\n"
SEA = {"a sea": 1.0}

# Settings, then size, frames, fps, seed and the prompts of the last frame; then amounts of the last frame.
READ: dict[str, tuple[Any, tuple[tuple[int, int], int, str, int, dict[str, float]], dict[str, float]]] = {
    "deforum": (DEFORUM, ((256, 128), 10, "10", 5, SEA), {}),
    "deforum number": ({**DEFORUM, "zoom": 1.02}, ((256, 128), 10, "10", 5, SEA), {"zoom": 1.02}),
    "deforum bracket": ({**DEFORUM, "zoom": "(1.02)"}, ((256, 128), 10, "10", 5, SEA), {"zoom": 1.02}),
    "deforum map": ({**DEFORUM, "angle": {"0": 0, "9": 9}}, ((256, 128), 10, "10", 5, SEA), {"rotate": 9.0}),
    "deforum line": ({**DEFORUM, "angle": "0:(0), 9:(4.5), 30:(9)"}, ((256, 128), 10, "10", 5, SEA), {"rotate": 4.5}),
    "deforum expression": ({**DEFORUM, "angle": "0:(t/3)"}, ((256, 128), 10, "10", 5, SEA), {"rotate": 3.0}),
    "deforum two colons": ({**DEFORUM, "angle": "0: 0: (t)"}, ((256, 128), 10, "10", 5, SEA), {}),
    "deforum json in text": (
        {**DEFORUM, "prompts": '{"0": "a lake", "5": "a sea"}'},
        ((256, 128), 10, "10", 5, SEA),
        {},
    ),
    "deforum list": ({**DEFORUM, "prompts": ["a lake", "a sea"]}, ((256, 128), 10, "10", 5, SEA), {}),
    "deforum blank": ({**DEFORUM, "prompts": {"0": ""}}, ((256, 128), 10, "10", 5, {"a picture": 1.0}), {}),
    "deforum negative": (
        {**DEFORUM, "prompts": {"0": "a sea --neg fog"}},
        ((256, 128), 10, "10", 5, {"a sea": 1.0, "fog": -1.0}),
        {},
    ),
    "deforum weights": (
        {**DEFORUM, "prompts": {"0": "a sea:`t/9` AND fog:0.5"}},
        ((256, 128), 10, "10", 5, {"a sea": 1.0, "fog": 0.5}),
        {},
    ),
    "deforum brackets": ({**DEFORUM, "prompts": {"0": "a ((sea))"}}, ((256, 128), 10, "10", 5, SEA), {}),
    "deforum odd size": ({**DEFORUM, "W": 259}, ((256, 128), 10, "10", 5, SEA), {}),
    "deforum texts": ({**DEFORUM, "FPS": "30", "fps": None, "seed": "7"}, ((256, 128), 10, "30", 7, SEA), {}),
    "deforum random seed": ({**DEFORUM, "seed": -1}, ((256, 128), 10, "10", 0, SEA), {}),
    "deforum 3D": ({**DEFORUM, "animation_mode": "3D", "zoom": "0:(2)"}, ((256, 128), 10, "10", 5, SEA), {}),
    "deforum none": ({**DEFORUM, "animation_mode": "None"}, ((256, 128), 1, "10", 5, SEA), {}),
    "disco": (DISCO, ((256, 128), 8, "10", 5, SEA), {}),
    "disco zoom": ({**DISCO, "zoom": "0:(1), 7:(1.5)"}, ((256, 128), 8, "10", 5, SEA), {"zoom": 1.5}),
    "disco size": ({**DISCO, "width": 300}, ((256, 128), 8, "10", 5, SEA), {}),
    "disco weights": (
        {**DISCO, "text_prompts": '{"0": ["a sea:3", "fog:1"]}'},
        ((256, 128), 8, "10", 5, {"a sea": 0.75, "fog": 0.25}),
        {},
    ),
    "disco blank": (
        {**DISCO, "text_prompts": {"0": [""]}},
        ((256, 128), 8, "10", 5, {"a picture": 1.0}),
        {},
    ),
    "disco random": ({**DISCO, "set_seed": "random_seed"}, ((256, 128), 8, "10", 5, SEA), {}),
    "warpfusion": (WARP, ((264, 136), 6, "10", 0, SEA), {}),
    "warpfusion zoom": ({**WARP, "zoom": "0:(2)", "seed": 3}, ((264, 136), 6, "10", 3, SEA), {}),
    "warpfusion negative": (
        {**WARP, "negative_prompts": {"0": ["fog"]}},
        ((264, 136), 6, "10", 0, {"a sea": 1.0, "fog": -1.0}),
        {},
    ),
    "animations": (ANIMATIONS, ((256, 128), 6, "10", 5, SEA), {}),
    "animations angle": ({**ANIMATIONS, "angle": "0: 0, 5: 10"}, ((256, 128), 6, "10", 5, SEA), {"rotate": 10.0}),
    "animations blank": ({**ANIMATIONS, "text_prompts": ""}, ((256, 128), 6, "10", 5, {"a picture": 1.0}), {}),
    "parseq": ({"rendered_frames": PARSEQ}, ((512, 512), 4, "20", 5, SEA), {}),
    "parseq in text": (
        {"rendered_frames": json.dumps(PARSEQ), "options": '{"output_fps": 12}'},
        ((512, 512), 4, "12", 5, SEA),
        {},
    ),
    "pytti": (PYTTI, ((256, 128), 6, "10", 5, SEA), {}),
    "pytti turn": (PYTTI + "animation_mode: 2D\nrotate_2d: '2'\n", ((256, 128), 6, "10", 5, SEA), {"rotate": 2.0}),
    "pytti seed": (PYTTI.replace("seed: 5", "seed: -7"), ((256, 128), 6, "10", 7, SEA), {}),
}

REFUSED: dict[str, tuple[Any, str]] = {
    "deforum bracket": ({**DEFORUM, "angle": "0: (2*sin(t)"}, "angle: frame 0: bracket not closed: (2*sin(t)"),
    "deforum name": ({**DEFORUM, "angle": "0: (pi)"}, "angle: frame 0: 'pi' is not known here; write 3.14159"),
    "deforum power": (
        {**DEFORUM, "angle": "0: (t^2)"},
        "angle: frame 0: ^ is the exclusive or of bits, not a power; write t ** 2",
    ),
    "deforum json": ({**DEFORUM, "prompts": '{"0": "a"'}, "prompts: invalid JSON: line 1: Expecting ',' delimiter"),
    "disco json": (
        {**DISCO, "text_prompts": '{"0": ["a"'},
        "text_prompts: invalid JSON: line 1: Expecting ',' delimiter",
    ),
    "parseq json": (
        {"rendered_frames": "[{]"},
        "rendered_frames: invalid JSON: line 1: Expecting property name enclosed in double quotes",
    ),
    "pytti required": (PYTTI.replace("a sea", "???"), "scenes: is required, but not set"),
}


def _file(settings: str | Mapping[str, Any]) -> tuple[str, str]:
    return ("odd.yaml", settings) if isinstance(settings, str) else ("odd.json", json.dumps(settings))


@pytest.mark.parametrize("case", READ)
def test_they_become_the_expected_schedule(plan: Callable[..., Any], case: str) -> None:
    settings, expected, amounts = READ[case]
    found = plan(*_file(settings))
    last = found.specs[-1]
    fps = found.text.split("fps: ")[1].split(",")[0]
    weights = {prompt.text: prompt.weight for prompt in last.prompts}
    assert (last.size, len(found.specs), fps, last.seed) == expected[:4]
    assert weights == pytest.approx(expected[4])
    assert last.transforms == pytest.approx(amounts, abs=1e-6)


@pytest.mark.parametrize("case", REFUSED)
def test_they_are_refused_with_a_reason(plan: Callable[..., Any], case: str) -> None:
    settings, message = REFUSED[case]
    with pytest.raises(InputError) as caught:
        plan(*_file(settings))
    assert str(caught.value).endswith(f": {message}")
    assert "odd." in str(caught.value)
