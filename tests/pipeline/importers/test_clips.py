"""Clips that other tools paint over or take their motion from: which frames of a real clip each frame shows."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline.commands.importing import import_
from pipeline.commands.schedules import check
from pipeline.schedule.loader import load_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from pipeline.video.ffmpeg import find_binary
from render.spec import FrameSpec

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


@dataclass(frozen=True)
class Result:
    """An imported schedule: its text, the notes, and the specs of its frames."""

    text: str
    notes: str
    specs: list[FrameSpec]

    @property
    def numbers(self) -> list[int | None]:
        """The number of the clip's frame that each frame shows."""
        return [spec.source.image.number if spec.source else None for spec in self.specs]

    @property
    def mixes(self) -> list[float]:
        """How much of the last result each frame after the first begins with."""
        return [spec.source.mix for spec in self.specs[1:] if spec.source]


Run = Callable[..., Result]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 36 frames at 12 a second, 96x72 pixels, with sound."""
    path = tmp_path_factory.mktemp("clip") / "dance.mp4"
    picture, sound = "testsrc=size=96x72:rate=12:duration=3", "sine=duration=3"
    command = [
        find_binary(None),
        *("-v", "error", "-y"),
        *("-f", "lavfi", "-i", picture),
        *("-f", "lavfi", "-i", sound),
    ]
    subprocess.run([*command, "-pix_fmt", "yuv420p", str(path)], check=True)
    return path


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Path) -> Run:
    """Import settings beside the clip; what comes out loads, and `render check` has nothing to say about it."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(clip, "dance.mp4")

    def imported(settings: str | Mapping[str, Any], name: str = "a.json", **more: Any) -> Result:
        text = settings if isinstance(settings, str) else json.dumps({**settings, **more})
        Path(name).write_text(text)
        done = CliRunner().invoke(import_, [name, "-o", "out.yaml", "--force"])
        assert done.exit_code == 0, done.output
        checked = CliRunner().invoke(check, ["out.yaml"])
        assert (checked.exit_code, checked.stderr) == (0, "")
        found = Result(
            text=Path("out.yaml").read_text(),
            notes=done.stderr,
            specs=list(Timeline(load_schedule(Path("out.yaml")))),
        )
        assert found.specs[0].seed == 3
        return found

    return imported


def _schedule() -> Schedule:
    return load_schedule(Path("out.yaml"))


def test_warpfusion_shows_the_frames_that_it_extracts(run: Run) -> None:
    found = run(WARP, extract_nth_frame=2, start_frame=5, end_frame=22)
    assert found.numbers == [5, 7, 9, 11, 13, 15, 17, 19, 21]
    assert (found.specs[0].size, _schedule().output.fps) == ((120, 72), 6)
    assert "fit: stretch" in found.text
    assert "sound: true" in found.text


def test_a_saved_file_of_warpfusion_ends_with_its_last_frame(run: Run) -> None:
    found = run(WARP, max_frames=4, extract_nth_frame=3, fps=24, keep_audio=True)
    assert found.numbers == [0, 3, 6, 9]
    assert "  sound:" not in found.text
    assert "the clip plays 6 times as fast as its sound, which is left out" in found.notes
    assert run(WARP, max_frames=20, frame_range=[0, 7]).numbers == list(range(7))


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
def test_the_flow_blend_is_the_mix(run: Run, schedule: Any, more: Any, expected: list[float]) -> None:
    """As get_scheduled_arg."""
    found = run(WARP, max_frames=6, flow_blend_schedule=schedule, **more)
    np.testing.assert_allclose(found.mixes, expected, atol=1e-9)


def test_warpfusions_steps_are_those_that_it_runs(run: Run) -> None:
    more = {"steps_schedule": [30, 25, 20], "style_strength_schedule": [0.75, 0.3]}
    found = run(WARP, max_frames=5, **more)
    # 25 - int(25 - 25 * 0.3) = 8; 20 - int(20 - 20 * 0.3) = 6; of the first 30, int(30 - 22.5) = 7 are skipped
    assert [spec.num_steps for spec in found.specs[1:]] == [8, 6, 6, 6]
    assert found.specs[0].num_steps == 23
    turbo = run(WARP, max_frames=5, **more, turbo_mode=True, turbo_steps="2")
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
    run: Run, mode: str, offset: int, match: str, told: str
) -> None:
    more = {"colormatch_offset": offset, "color_match_frame_str": 0.3, "colormatch_method": "PDF"}
    found = run(WARP, max_frames=3, colormatch_frame=mode, **more)
    colour = found.specs[2].colour
    assert colour is not None
    assert (colour.match, colour.amount, colour.method) == (match, 0.3, "histogram")
    assert told in found.notes


def test_warpfusions_mask_is_what_stays(run: Run) -> None:
    shutil.copy("dance.mp4", "mask.mp4")
    more = {"use_background_mask": True, "mask_source": "mask_video", "mask_video_path": "mask.mp4"}
    assert 'keep:\n  region: {video: "mask.mp4", invert: true}' in run(WARP, max_frames=3, **more).text
    found = run(WARP, max_frames=3, **{**more, "extract_background_mask": True, "invert_mask": True})
    assert "keep:" not in found.text
    assert "use_background_mask: no mask is made from the clip; the whole picture is painted" in found.notes


def test_what_tunes_warpfusions_flow_is_reported(run: Run) -> None:
    check = {"missed_consistency_weight": 0.5, "edges_consistency_weight": 1, "consistency_blur": 1}
    flow = {"warp_strength": 0.9, "flow_video_init_path": "other.mp4", "warp_towards_init": "stylized"}
    found = run(WARP, max_frames=3, **check, **flow)
    assert "- missed_consistency_weight = 0.5, consistency_blur = 1: the check of the flow" in found.notes
    assert "- warp_strength = 0.9: the last result is moved exactly as the clip moves" in found.notes
    assert "flow_video_init_path = other.mp4: the motion is that of the source itself" in found.notes
    assert "warp_towards_init = stylized" in found.notes
    assert "check_consistency is off" in run(WARP, max_frames=3, check_consistency=False).notes


@pytest.mark.parametrize(
    ("more", "mix"), [({}, 0.999), ({"video_init_flow_blend": 0.7}, 0.7), ({"video_init_flow_warp": False}, 0)]
)
def test_disco_starts_from_every_second_frame(run: Run, more: dict[str, Any], mix: float) -> None:
    found = run(DISCO, max_frames=18, **more)
    assert found.numbers == list(range(0, 36, 2))
    assert found.mixes == pytest.approx([mix] * 17)
    assert found.specs[0].size == (128, 64)


def test_a_clip_decides_how_many_frames_disco_renders(run: Run) -> None:
    found = run(DISCO, max_frames=10_000, extract_nth_frame=5)
    assert found.numbers == list(range(0, 36, 5))
    assert "max_frames = 10000: of dance.mp4 8 frames are taken, which are rendered" in found.notes


def test_a_hybrid_composite_is_a_source(run: Run) -> None:
    hybrid = {"hybrid_motion": "Optical Flow", "hybrid_composite": "Normal", "color_coherence": "Video Input"}
    extracted = {"extract_nth_frame": 3, "extract_from_frame": 4, "extract_to_frame": 27}
    found = run(
        DEFORUM, **hybrid, **extracted, hybrid_comp_alpha_schedule="0:(1), 7:(0.3)", add_soundtrack="Init Video"
    )
    assert found.numbers == [6, 9, 12, 15, 18, 21, 24, 27]  # those divisible by 3
    assert found.mixes == pytest.approx(np.linspace(0.1, 0.7, 7))
    assert found.specs[1].colour is not None
    assert found.specs[1].colour.match == "source"
    assert 'music: {file: "dance.mp4"}' in found.text


def test_hybrid_motion_alone_moves_the_picture(run: Run) -> None:
    found = run(DEFORUM, hybrid_motion="Optical Flow", hybrid_flow_factor_schedule="0:(0.5), 10:(1)", zoom="0:(1.02)")
    flows = [spec.flow for spec in found.specs]
    assert found.numbers == [None] * 36
    assert [(flow.before.number, flow.after.number) for flow in flows[1:] if flow] == [(i - 1, i) for i in range(1, 36)]
    assert [flow.amount for flow in flows[1:11] if flow] == pytest.approx(np.linspace(0.55, 1, 10))
    assert found.specs[1].transforms["zoom"] == pytest.approx(1.02)
    assert "only the clip's motion is used; the first frame is drawn from the prompts" in found.notes


def test_one_motion_of_the_whole_picture_is_an_averaged_flow(run: Run) -> None:
    found = run(DEFORUM, hybrid_motion="Affine", hybrid_composite="None")
    assert found.specs[1].flow is not None
    assert found.specs[1].flow.smooth == 0.2
    assert "hybrid_motion affine: Deforum fits one motion" in found.notes


def test_deforums_video_input_begins_every_frame_from_the_clip(run: Run) -> None:
    found = run(DEFORUM, animation_mode="video_input", extract_nth_frame=4, zoom="0:(1.1)")
    assert found.numbers == list(range(0, 36, 4))
    assert set(found.mixes) == {0}
    assert found.specs[1].transforms == {}


def test_pyttis_video_source(run: Run) -> None:
    weights = {"flow_stabilization_weight": "1+t", "direct_stabilization_weight": "0.2", "edge_stabilization_weight": 1}
    found = run(PYTTI, "a.yaml", frame_stride=2, **weights)
    assert found.numbers == list(range(0, 16, 2))
    assert set(found.mixes) == {0}
    assert found.specs[0].size == (80, 64)  # 85 pixels wide, as the clip's shape asks, in multiples of 8
    assert [spec.num_steps for spec in found.specs] == [100] + [50] * 7
    assert [spec.losses["anchor"] for spec in found.specs] == pytest.approx([0.2] * 8)
    # t = (frame - 1) / 12 for each after the first, which pytti begins 100 steps, two frames, before t = 0
    assert [spec.losses["temporal"] for spec in found.specs[1:]] == pytest.approx([1 + i / 12 for i in range(7)])
    assert "edge_stabilization_weight = 1" in found.notes
    assert set(run(PYTTI, "a.yaml", reencode_each_frame=False).mixes) == {1}


def test_a_style_transfer_of_vqgan_clip_generator(run: Run) -> None:
    found = run(RESTYLED, "a.py")
    assert found.numbers == list(range(0, 36, 2))
    assert set(found.mixes) == {1}
    assert [spec.num_steps for spec in found.specs] == [60] + [20] * 17
    assert found.specs[0].size == (96, 80)  # an area of 96 * 96 in the clip's shape, 110x83, in multiples of 16
    assert [spec.prompts[-1].text for spec in found.specs[3:5]] == ["a sea", "fog"]
    assert "sound: true" in found.text
    assert "current_source_frame_image_weight = 3.2" in found.notes


def test_a_blend_with_the_last_result_is_the_mix(run: Run) -> None:
    text = RESTYLED.replace("style_transfer(", "restyle_video_frames(").replace(
        "iterations_per_frame=20,\n    iterations_for_first_frame=40", "iterations=25, generated_frame_init_blend=0.3"
    )
    found = run(text.replace("input_framerate=rate", "input_framerate=3"), "a.py")
    assert found.mixes == pytest.approx([0.3] * 17)
    assert (found.specs[0].num_steps, found.specs[1].num_steps, _schedule().output.fps) == (25, 25, 3)
    assert found.numbers == list(range(0, 36, 2))  # in slow motion, with the same frames
    assert "half as fast" in found.notes or "0.5 times as fast as its sound" in found.notes


@pytest.mark.parametrize("folder", ["/content/drive/MyDrive/", "D:\\clips\\", "https://example.org/a/"])
def test_a_clip_elsewhere_is_looked_for_by_its_name_in_the_schedules_folder(run: Run, folder: str) -> None:
    found = run(WARP, max_frames=3, video_init_path=f"{folder}dance.mp4")
    assert found.numbers == [0, 1, 2]
    assert f"video_init_path = {folder}dance.mp4: dance.mp4 in the schedule's folder is used" in found.notes


@pytest.mark.parametrize("path", ["https://example.org/none.mp4", "../dance.mp4/", "/etc/passwd", "a\u202eb.mp4", "."])
def test_one_that_is_not_there_is_reported_and_never_fetched(run: Run, path: str) -> None:
    for settings in (WARP, DISCO, {**DEFORUM, "animation_mode": "Video Input"}):
        found = run(settings, max_frames=3, video_init_path=path)
        assert set(found.numbers) == {None}
        assert "the pictures are drawn from the prompts alone" in found.notes


def test_a_file_that_is_no_clip_is_reported(run: Run) -> None:
    Path("broken.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(400))
    found = run(WARP, max_frames=3, video_init_path="broken.mp4")
    assert set(found.numbers) == {None}
    assert "video_init_path: broken.mp4: " in found.notes
