"""Clips that other tools paint over or take their motion from: which frames of a real clip each frame shows."""

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
DISCO = {
    **{"text_prompts": {"0": ["a sea"]}, "cutn_batches": 4, "animation_mode": "Video Input", "fps": 6, "set_seed": "3"},
    **{"width": 128, "height": 64, "video_init_path": "dance.mp4", "extract_nth_frame": 2},
}
DEFORUM = {
    **{"prompts": {"0": "a sea"}, "max_frames": 36, "fps": 12, "W": 128, "H": 72, "animation_mode": "2D", "seed": 3},
    "video_init_path": "dance.mp4",
}
PYTTI = {
    **{"scenes": "a sea", "animation_mode": "Video Source", "video_path": "dance.mp4", "width": -1, "height": 64},
    **{"steps_per_scene": 450, "pre_animation_steps": 100, "frames_per_second": 12, "seed": 3},
}
RESTYLED = """
from vqgan_clip import generate, video_tools
config = VQGAN_CLIP_Config()
config.output_image_size = [96, 96]
config.seed = 3
rate = 6
frames = video_tools.extract_video_frames('dance.mp4', extraction_framerate=rate)
generate.style_transfer(frames, eng_config=config, text_prompts='a sea ^ fog', iterations_per_frame=20,
    iterations_for_first_frame=40, change_prompts_on_frame=[5], current_source_frame_image_weight=3.2)
video_tools.encode_video('a.mp4', input_framerate=rate)
video_tools.copy_video_audio('dance.mp4', 'a.mp4', 'b.mp4')
"""


Run = Callable[..., Any]  # `beside` of conftest.py


@pytest.mark.parametrize(
    ("more", "mix"), [({}, 0.999), ({"video_init_flow_blend": 0.7}, 0.7), ({"video_init_flow_warp": False}, 0)]
)
def test_disco_starts_from_every_second_frame(beside: Run, more: dict[str, Any], mix: float) -> None:
    found = beside(DISCO, max_frames=18, **more)
    assert found.numbers == list(range(0, 36, 2))
    assert found.mixes == pytest.approx([mix] * 17)
    assert found.specs[0].size == (128, 64)


def test_a_clip_decides_how_many_frames_disco_renders(beside: Run) -> None:
    found = beside(DISCO, max_frames=10_000, extract_nth_frame=5)
    assert found.numbers == list(range(0, 36, 5))
    assert "max_frames = 10000: of dance.mp4 8 frames are taken, which are rendered" in found.notes


def test_a_hybrid_composite_is_a_source(beside: Run) -> None:
    hybrid = {"hybrid_motion": "Optical Flow", "hybrid_composite": "Normal", "color_coherence": "Video Input"}
    extracted = {"extract_nth_frame": 3, "extract_from_frame": 4, "extract_to_frame": 27}
    found = beside(
        DEFORUM, **hybrid, **extracted, hybrid_comp_alpha_schedule="0:(1), 7:(0.3)", add_soundtrack="Init Video"
    )
    assert found.numbers == [6, 9, 12, 15, 18, 21, 24, 27]  # those divisible by 3
    assert found.mixes == pytest.approx(np.linspace(0.1, 0.7, 7))
    assert found.specs[1].colour is not None
    assert found.specs[1].colour.match == "source"
    assert 'music: {file: "dance.mp4"}' in found.text


def test_hybrid_motion_alone_moves_the_picture(beside: Run) -> None:
    found = beside(
        DEFORUM, hybrid_motion="Optical Flow", hybrid_flow_factor_schedule="0:(0.5), 10:(1)", zoom="0:(1.02)"
    )
    flows = [spec.flow for spec in found.specs]
    assert found.numbers == [None] * 36
    assert [(flow.before.number, flow.after.number) for flow in flows[1:] if flow] == [(i - 1, i) for i in range(1, 36)]
    assert [flow.amount for flow in flows[1:11] if flow] == pytest.approx(np.linspace(0.55, 1, 10))
    assert found.specs[1].transforms["zoom"] == pytest.approx(1.02)
    assert "only the clip's motion is used; the first frame is drawn from the prompts" in found.notes


def test_one_motion_of_the_whole_picture_is_an_averaged_flow(beside: Run) -> None:
    found = beside(DEFORUM, hybrid_motion="Affine", hybrid_composite="None")
    assert found.specs[1].flow is not None
    assert found.specs[1].flow.smooth == 0.2
    assert "hybrid_motion affine: Deforum fits one motion" in found.notes


def test_deforums_video_input_begins_every_frame_from_the_clip(beside: Run) -> None:
    found = beside(DEFORUM, animation_mode="video_input", extract_nth_frame=4, zoom="0:(1.1)")
    assert found.numbers == list(range(0, 36, 4))
    assert set(found.mixes) == {0}
    assert found.specs[1].transforms == {}


def test_pyttis_video_source(beside: Run) -> None:
    weights = {"flow_stabilization_weight": "1+t", "direct_stabilization_weight": "0.2", "edge_stabilization_weight": 1}
    found = beside(PYTTI, "a.yaml", frame_stride=2, **weights)
    assert found.numbers == list(range(0, 16, 2))
    assert set(found.mixes) == {0}
    assert found.specs[0].size == (80, 64)  # 85 pixels wide, as the clip's shape asks, in multiples of 8
    assert [spec.num_steps for spec in found.specs] == [100] + [50] * 7
    assert [spec.losses["anchor"] for spec in found.specs] == pytest.approx([0.2] * 8)
    # t = (frame - 1) / 12 for each after the first, which pytti begins 100 steps, two frames, before t = 0
    assert [spec.losses["temporal"] for spec in found.specs[1:]] == pytest.approx([1 + i / 12 for i in range(7)])
    assert "edge_stabilization_weight = 1" in found.notes
    assert set(beside(PYTTI, "a.yaml", reencode_each_frame=False).mixes) == {1}


def test_a_style_transfer_of_vqgan_clip_generator(beside: Run) -> None:
    found = beside(RESTYLED, "a.py")
    assert found.numbers == list(range(0, 36, 2))
    assert set(found.mixes) == {1}
    assert [spec.num_steps for spec in found.specs] == [60] + [20] * 17
    assert found.specs[0].size == (96, 80)  # an area of 96 * 96 in the clip's shape, 110x83, in multiples of 16
    assert [spec.prompts[-1].text for spec in found.specs[3:5]] == ["a sea", "fog"]
    assert "sound: true" in found.text
    assert "current_source_frame_image_weight = 3.2" in found.notes


def test_a_blend_with_the_last_result_is_the_mix(beside: Run) -> None:
    text = RESTYLED.replace("style_transfer(", "restyle_video_frames(").replace(
        "iterations_per_frame=20,\n    iterations_for_first_frame=40", "iterations=25, generated_frame_init_blend=0.3"
    )
    found = beside(text.replace("input_framerate=rate", "input_framerate=3"), "a.py")
    assert found.mixes == pytest.approx([0.3] * 17)
    assert (found.specs[0].num_steps, found.specs[1].num_steps, load_schedule(Path("out.yaml")).output.fps) == (
        25,
        25,
        3,
    )
    assert found.numbers == list(range(0, 36, 2))  # in slow motion, with the same frames
    assert "0.5 times as fast as its sound" in found.notes


def test_a_script_that_restyles_extracted_frames(beside: Run) -> None:
    script = """
FRAMES=/home/me/frames
ffmpeg -y -i dance.mp4 -q:v 2 "$FRAMES"/frame-%04d.jpg
ls "$FRAMES" | while read file; do
  python generate.py -p "a sea | fog:0.5" -ii "$FRAMES"/"$file" -o out/"$file" -i 25 -s 64 48 -sd 3
done
ffmpeg -y -framerate 12 -i out/frame-%04d.jpg styled.mp4
"""
    found = beside(script, "a.sh")
    assert found.numbers == list(range(36))
    assert set(found.mixes) == {0}
    assert [spec.num_steps for spec in found.specs] == [25] * 36
    told = beside(script.replace("dance.mp4", '"$1"'), "a.sh")
    assert told.numbers == [None]
    assert "ffmpeg -i $1: the script is told its clip when it runs: write its name there" in told.notes


@pytest.mark.parametrize("folder", ["/content/drive/MyDrive/", "D:\\clips\\", "https://example.org/a/"])
def test_a_clip_elsewhere_is_looked_for_by_its_name_in_the_schedules_folder(beside: Run, folder: str) -> None:
    found = beside(WARP, max_frames=3, video_init_path=f"{folder}dance.mp4")
    assert found.numbers == [0, 1, 2]
    assert f"video_init_path = {folder}dance.mp4: dance.mp4 in the schedule's folder is used" in found.notes


@pytest.mark.parametrize("path", ["https://example.org/none.mp4", "../dance.mp4/", "/etc/passwd", "a\u202eb.mp4", "."])
def test_one_that_is_not_there_is_reported_and_never_fetched(beside: Run, path: str) -> None:
    for settings in (WARP, DISCO, {**DEFORUM, "animation_mode": "Video Input"}):
        found = beside(settings, max_frames=3, video_init_path=path)
        assert set(found.numbers) == {None}
        assert "the pictures are drawn from the prompts alone" in found.notes


def test_a_file_that_is_no_clip_is_reported(beside: Run) -> None:
    Path("broken.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(400))
    found = beside(WARP, max_frames=3, video_init_path="broken.mp4")
    assert set(found.numbers) == {None}
    assert "video_init_path: broken.mp4: " in found.notes
