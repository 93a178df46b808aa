"""More invented settings, of which parts were once dropped silently: the result and the report."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from render.errors import InputError

DEFORUM = {"max_frames": 10, "fps": 10, "W": 256, "H": 128, "seed": 5, "prompts": {"0": "a sea"}}
DISCO = {
    **{"text_prompts": {"0": ["a sea"]}, "cutn_batches": 1, "animation_mode": "2D", "max_frames": 8, "fps": 10},
    **{"seed": 5},
}
WARP = {"text_prompts": {"0": ["a sea"]}, "flow_warp": True, "max_frames": 6, "fps": 10, "seed": 1}
PYTTI = "scenes: a sea\nseed: 5\nwidth: 256\nheight: 128\nframes_per_second: 10\nsteps_per_scene: 300\n"
RODENT = "python generate.py -p 'a sea' -sd 1 -i 10 -vid"

# A file, its text or settings, then the texts of all frames and one line that is reported.
REPORTED: dict[str, tuple[str, Any, set[str], str]] = {
    "two prompts at one frame": (
        "a.txt",
        {**DEFORUM, "prompts": {"0": "a sea", "5-1": "fog", "max_f/2": "rain"}},
        {"a sea", "rain"},
        "prompts: frame 4 has two prompts; the last one is used",
    ),
    "a prompt before the first frame": (
        "a.txt",
        {**DEFORUM, "prompts": {"0": "a sea", "-5": "fog"}},
        {"a sea"},
        "prompts at -5 come before frame 0",
    ),
    "two maps of prompts": (
        "a.txt",
        {**DEFORUM, "animation_prompts": {"0": "fog"}},
        {"a sea"},
        "prompts and animation_prompts differ; prompts is used",
    ),
    "two keys at one frame": (
        "a.txt",
        {**DEFORUM, "zoom": "0:(1), 5:(1.1), 5:(1.3)"},
        {"a sea"},
        "zoom: frame 5 has two keys; the last one is used",
    ),
    "a keyword of the web UI": (
        "a.txt",
        {**DEFORUM, "prompts": {"0": "a sea BREAK fog"}},
        {"a sea fog"},
        "'BREAK' means nothing here and is removed from the prompts",
    ),
    "a wildcard": (
        "a.txt",
        {**DEFORUM, "prompts": {"0": "a __colours/warm__ sea"}},
        {"a sea"},
        "'__colours/warm__' means nothing here and is removed from the prompts",
    ),
    "pytti over a video": (
        "a.yaml",
        f"{PYTTI}animation_mode: Video Source\nvideo_path: a.mp4\n",
        {"a sea"},
        "video_path = a.mp4: a.mp4 is not in the schedule's folder: copy it there and import again; until then the "
        "pictures are drawn from the prompts alone",
    ),
    "a blank scene of pytti": (
        "a.yaml",
        PYTTI.replace("a sea", "a sea || || fog"),
        {"a sea", "fog"},
        "scenes: blank ones (2 of 3): no prompt guides the picture there",
    ),
    "a rate that generate.py interpolates to": (
        "a.sh",
        f"{RODENT} -ofps 30",
        {"a sea"},
        "output_video_fps = 30: the video is not interpolated; it has 15 frames a second",
    ),
}
REFUSED: dict[str, tuple[Any, str]] = {
    "a map as Deforum's prompt": (
        {**DEFORUM, "prompts": {"0": {"prompt": "a sea", "negative": "fog"}}},
        'prompts: frame 0: expected a text, got {"prompt": "a sea", "negative": "fog"}',
    ),
    "a list as Deforum's prompt": (
        {**DEFORUM, "prompts": {"0": ["a sea", "fog"]}},
        'prompts: frame 0: expected a text, got ["a sea", "fog"]',
    ),
    "a list of lists": (
        {**DISCO, "text_prompts": [["a sea", "fog"]]},
        'text_prompts: expected prompts by frame such as {"0": ["a calm sea"]}',
    ),
    "a map as Disco's prompt": (
        {**DISCO, "text_prompts": {"0": [{"a sea": 1}]}},
        'text_prompts: expected prompts by frame such as {"0": ["a calm sea"]}',
    ),
    "a size of words": (
        {**DISCO, "width_height": "300x200"},
        "width_height: expected two numbers such as [1280, 768], got 300x200",
    ),
    "half a size": (
        {**WARP, "width_height": [300]},
        "width_height: expected two numbers such as [1280, 720], got [300]",
    ),
}


def _text(settings: Any) -> str:
    return settings if isinstance(settings, str) else json.dumps(settings)


@pytest.mark.parametrize("case", REPORTED)
def test_used_settings_are_converted_and_others_reported(plan: Callable[..., Any], case: str) -> None:
    file, settings, texts, line = REPORTED[case]
    found = plan(file, _text(settings))
    assert {prompt.text for spec in found.specs for prompt in spec.prompts if prompt.weight} == texts
    assert line in found.notes


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_texts_and_sizes_are_refused(plan: Callable[..., Any], case: str) -> None:
    settings, message = REFUSED[case]
    with pytest.raises(InputError) as caught:
        plan("odd.json", _text(settings))
    assert str(caught.value).endswith(f": {message}")


def test_a_size_can_be_given_as_text(plan: Callable[..., Any]) -> None:
    assert plan("a.txt", json.dumps({**DISCO, "width_height": "[320, 256]"})).specs[0].size == (320, 256)
    assert plan("a.txt", json.dumps({**WARP, "width_height": "[320, 256]"})).specs[0].size == (320, 256)


@pytest.mark.parametrize("mode", ["2D", "2d", " 2D "])
def test_pyttis_mode_is_read_in_upper_and_lower_case(plan: Callable[..., Any], mode: str) -> None:
    found = plan("a.yaml", f"{PYTTI}animation_mode: '{mode}'\nrotate_2d: '2'\n")
    assert found.amounts("rotate")[1:] == pytest.approx(2)
