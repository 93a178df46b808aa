"""WarpFusion: settings/warpfusion.txt is written by hand in the format of Sxela/WarpFusion's settings.txt."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from render.errors import InputError


def test_size_clock_and_seed_are_those_of_the_file_and_nothing_moves(plan: Callable[..., Any]) -> None:
    found = plan("warpfusion.txt")
    assert (found.specs[0].size, len(found.specs), found.specs[0].seed) == ((720, 400), 20, 4242)
    assert "fps: 12" in found.text
    assert all(spec.transforms == {} for spec in found.specs)


def test_prompts_stand_until_the_next_and_negative_ones_push_away(plan: Callable[..., Any]) -> None:
    found = plan("warpfusion.txt")
    later = np.arange(20) >= 12
    np.testing.assert_array_equal(found.weights("a calm sea"), np.where(later, 0, 1))
    np.testing.assert_array_equal(found.weights("a storm"), np.where(later, 1, 0))
    np.testing.assert_array_equal(found.weights("lightning"), np.where(later, 0.5, 0))
    np.testing.assert_array_equal(found.weights("blurry, text"), np.full(20, -1))


def test_the_video_is_named_first_and_what_only_follows_it_not_at_all(plan: Callable[..., Any]) -> None:
    notes = plan("warpfusion.txt").notes
    assert notes == (
        "video_init_path = /content/drive/dance.mp4, every 2. frame of it: no video is read, "
        "so the pictures are drawn from the prompts alone",
        "'sea' is emphasised within a prompt, left out",
        "negative prompts push away with the weight -1; -0.3 is often enough",
        "style_strength_schedule, steps_schedule, cfg_scale_schedule, model_path: settings of diffusion",
        'controlnet_multimodel = {"control_sd15_hed": {"weight": 1}}: there is no ControlNet',
        "without a counterpart here: clip_guidance_scale",
    )


def test_one_text_and_no_negatives_are_scenes(plan: Callable[..., Any]) -> None:
    settings = {"text_prompts": {"0": ["a sea"], "3": [""]}, "negative_prompts": {"0": [""]}, "flow_warp": True}
    found = plan("plain.json", json.dumps({**settings, "max_frames": 6, "width": 723, "height": 401, "fps": 10}))
    assert found.texts() == {"a sea", "a picture"}
    assert '  3: {text: "a picture", ease: hold}' in found.text
    assert found.specs[0].size == (720, 400)
    assert "size 723x401: made 720x400, multiples of 8" in found.notes
    assert ("text_prompts: frame 3 is blank: 'a picture' stands there until you write what to draw") in found.notes


def test_what_the_video_would_say_is_assumed_and_reported(plan: Callable[..., Any]) -> None:
    found = plan("short.json", json.dumps({"text_prompts": {"0": ["a sea"]}, "warp_strength": 1, "max_frames": 0}))
    assert (len(found.specs), found.specs[0].size) == (120, (1280, 720))
    assert found.notes[:3] == (
        "the input video: no video is read, so the pictures are drawn from the prompts alone",
        "no max_frames stands in the file: the video's length, made 120 frames",
        "no fps stands in the file: the video's, made 24",
    )


@pytest.mark.parametrize(
    ("prompts", "message"),
    [
        ({"text_prompts": {"first": ["a"]}}, 'text_prompts: expected prompts by frame such as {"0": ["a calm sea"]}'),
        (
            {"text_prompts": {"0": ["a"]}, "negative_prompts": {"-1": ["b"]}},
            'negative_prompts: expected prompts by frame such as {"0": ["a calm sea"]}',
        ),
    ],
)
def test_what_cannot_be_used_is_one_message(plan: Callable[..., Any], prompts: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        plan("bad.json", json.dumps({**prompts, "flow_blend_schedule": [1]}))
    assert str(caught.value).endswith(f"bad.json: WarpFusion: {message}")
