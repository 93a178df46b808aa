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


def test_prompts_hold_until_the_next_and_negative_ones_get_negative_weights(plan: Callable[..., Any]) -> None:
    found = plan("warpfusion.txt")
    later = np.arange(20) >= 12
    np.testing.assert_array_equal(found.weights("a calm sea"), np.where(later, 0, 1))
    np.testing.assert_array_equal(found.weights("a storm"), np.where(later, 1, 0))
    np.testing.assert_array_equal(found.weights("lightning"), np.where(later, 0.5, 0))
    np.testing.assert_array_equal(found.weights("blurry, text"), np.full(20, -1))


def test_the_video_is_reported_first_and_settings_about_it_are_not(plan: Callable[..., Any]) -> None:
    notes = plan("warpfusion.txt").notes
    assert notes == (
        "video_init_path = /content/drive/dance.mp4: dance.mp4 is not in the schedule's folder: copy it there and "
        "import again; until then the pictures are drawn from the prompts alone",
        "'sea' is emphasised inside a prompt; the emphasis is removed",
        "negative prompts get the weight -1; -0.3 is often enough",
        "steps_schedule, style_strength_schedule: as many steps are made as WarpFusion runs, but one of diffusion "
        "changes more than one of guidance",
        "cfg_scale_schedule = [7], model_path = /models/v1-5.safetensors: only for diffusion models",
        'controlnet_multimodel = {"control_sd15_hed": {"weight": 1}}: ControlNet is not supported',
        "settings without a counterpart here: clip_guidance_scale",
    )


def test_one_text_and_no_negatives_are_scenes(plan: Callable[..., Any]) -> None:
    settings = {"text_prompts": {"0": ["a sea"], "3": [""]}, "negative_prompts": {"0": [""]}, "flow_warp": True}
    found = plan("plain.json", json.dumps({**settings, "max_frames": 6, "width": 723, "height": 401, "fps": 10}))
    assert found.texts() == {"a sea", "a picture"}
    assert '  3: {text: "a picture", ease: hold}' in found.text
    assert found.specs[0].size == (720, 400)
    assert "size 723x401 becomes 720x400, multiples of 8" in found.notes
    assert ("text_prompts: frame 3 is blank; 'a picture' is used until you write what to draw") in found.notes


def test_defaults_assumed_instead_of_the_videos_values_are_reported(plan: Callable[..., Any]) -> None:
    found = plan("short.json", json.dumps({"text_prompts": {"0": ["a sea"]}, "warp_strength": 1, "max_frames": 0}))
    assert (len(found.specs), found.specs[0].size) == (120, (1280, 720))
    assert found.notes[:3] == (
        "video_init_path names no clip: the pictures are drawn from the prompts alone",
        "the file has no max_frames (WarpFusion uses the video's length); 120 frames are rendered",
        "the file has no fps; 24 is used",
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
def test_unusable_settings_give_one_message(plan: Callable[..., Any], prompts: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        plan("bad.json", json.dumps({**prompts, "flow_blend_schedule": [1]}))
    assert str(caught.value).endswith(f"bad.json: WarpFusion: {message}")
