"""The clip that WarpFusion paints over: which of its frames each frame shows, and what it begins with."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.schedule.loader import load_schedule

WARP = {
    **{"text_prompts": {"0": ["a sea"]}, "flow_warp": True, "video_init_path": "dance.mp4", "seed": 3},
    **{"width": 120, "height": 72},
}

Run = Callable[..., Any]  # `beside` of conftest.py


def test_warpfusion_shows_the_frames_that_it_extracts(beside: Run) -> None:
    found = beside(WARP, extract_nth_frame=2, start_frame=5, end_frame=22)
    assert found.numbers == [5, 7, 9, 11, 13, 15, 17, 19, 21]
    assert (found.specs[0].size, load_schedule(Path("out.yaml")).output.fps) == ((120, 72), 6)
    assert "fit: stretch" in found.text
    assert "sound: true" in found.text


def test_a_saved_file_of_warpfusion_ends_with_its_last_frame(beside: Run) -> None:
    found = beside(WARP, max_frames=4, extract_nth_frame=3, fps=24, keep_audio=True)
    assert found.numbers == [0, 3, 6, 9]
    assert "  sound: false" in found.text
    assert "the clip plays 6 times as fast as its sound, which is left out" in found.notes
    assert beside(WARP, max_frames=20, frame_range=[0, 7]).numbers == list(range(7))


@pytest.mark.parametrize(
    ("schedule", "more", "expected"),
    [
        ([0.8], {}, [0.8] * 5),
        ([1, 0.5, 0.25], {}, [0.5, 0.25, 0.25, 0.25, 0.25]),
        ({"0": 1, "3": 0.5}, {}, [1, 1, 0.5, 0.5, 0.5]),
        ({"0": 1, "4": 0}, {"blend_json_schedules": True}, [0.75, 0.5, 0.25, 0, 0]),
        ({"2": 0.5}, {}, [0, 0.5, 0.5, 0.5, 0.5]),
    ],
)
def test_the_flow_blend_is_the_mix(beside: Run, schedule: Any, more: Any, expected: list[float]) -> None:
    """As get_scheduled_arg."""
    found = beside(WARP, max_frames=6, flow_blend_schedule=schedule, **more)
    np.testing.assert_allclose(found.mixes, expected, atol=1e-9)


def test_warpfusions_steps_are_those_that_it_runs(beside: Run) -> None:
    more = {"steps_schedule": [30, 25, 20], "style_strength_schedule": [0.75, 0.3]}
    found = beside(WARP, max_frames=5, **more)
    # 25 - int(25 - 25 * 0.3) = 8; 20 - int(20 - 20 * 0.3) = 6; of the first 30, int(30 - 22.5) = 7 are skipped
    assert [spec.num_steps for spec in found.specs[1:]] == [8, 6, 6, 6]
    assert found.specs[0].num_steps == 23
    turbo = beside(WARP, max_frames=5, **more, turbo_mode=True, turbo_steps="2")
    assert [spec.num_steps for spec in turbo.specs] == [23, 0, 6, 0, 6]


@pytest.mark.parametrize(
    ("mode", "offset", "match", "told"),
    [
        ("stylized_frame", 0, "first", ""),
        ("stylized_frame", 4, "first", "colormatch_frame: result 4 is meant; the first one is used"),
        ("stylized_frame_offset", 1, "previous", ""),
        ("init_frame_offset", 0, "source", ""),
        ("init_frame", 2, "source", "frame 2 of the clip is meant; each frame's own one is used"),
    ],
)
def test_colours_are_matched_to_what_warpfusion_matches_them_to(
    beside: Run, mode: str, offset: int, match: str, told: str
) -> None:
    more = {"colormatch_offset": offset, "color_match_frame_str": 0.3, "colormatch_method": "PDF"}
    found = beside(WARP, max_frames=3, colormatch_frame=mode, **more)
    colour = found.specs[2].colour
    assert colour is not None
    assert (colour.match, colour.amount, colour.method) == (match, 0.3, "histogram")
    assert told in found.notes


def test_warpfusions_mask_is_what_stays(beside: Run) -> None:
    shutil.copy("dance.mp4", "mask.mp4")
    more = {"use_background_mask": True, "mask_source": "mask_video", "mask_video_path": "mask.mp4"}
    assert 'keep:\n  region: {video: "mask.mp4", invert: true}' in beside(WARP, max_frames=3, **more).text
    found = beside(WARP, max_frames=3, **{**more, "extract_background_mask": True, "invert_mask": True})
    assert "keep:" not in found.text
    assert "use_background_mask: no mask is made from the clip; the whole picture is painted" in found.notes


def test_what_tunes_warpfusions_flow_is_reported(beside: Run) -> None:
    check = {"missed_consistency_weight": 0.5, "edges_consistency_weight": 1, "consistency_blur": 1}
    flow = {"warp_strength": 0.9, "flow_video_init_path": "other.mp4", "warp_towards_init": "stylized"}
    found = beside(WARP, max_frames=3, **check, **flow)
    assert "- missed_consistency_weight = 0.5, consistency_blur = 1: the check of the flow" in found.notes
    assert "- warp_strength = 0.9: the last result is moved exactly as the clip moves" in found.notes
    assert "flow_video_init_path = other.mp4: the motion is that of the source itself" in found.notes
    assert "warp_towards_init = stylized" in found.notes
    assert "check_consistency is off" in beside(WARP, max_frames=3, check_consistency=False).notes
