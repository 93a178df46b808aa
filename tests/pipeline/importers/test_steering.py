"""What steers the picture in other tools: masks, colours, noise, sub-seeds, cadence, symmetry, palettes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pipeline.commands.importing import import_
from pipeline.schedule.loader import load_schedule
from pipeline.schedule.timeline import Timeline
from render.spec import FrameSpec
from render.spec.colour import Colour

DEFORUM = {"max_frames": 12, "fps": 12, "W": 64, "H": 64, "seed": 5, "animation_mode": "2D", "prompts": {"0": "a sea"}}
DISCO = {
    **{"text_prompts": {"0": ["a sea"]}, "cutn_batches": None, "animation_mode": "2D", "max_frames": 3, "fps": 10},
    **{"set_seed": "5", "width": 64, "height": 64, "clip_guidance_scale": None},
}
PYTTI = {"scenes": "a sea", "steps_per_scene": 500, "width": 64, "height": 64}
Run = Callable[..., tuple[list[FrameSpec], str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Import settings beside pictures; returns the specs of the frames, and the report."""
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8), "tomato").save("a.png")
    Image.new("L", (8, 8), 255).save("mask.png")

    def imported(base: dict[str, Any], name: str = "settings.json", **changes: object) -> tuple[list[FrameSpec], str]:
        Path(name).write_text(json.dumps({**base, **changes}))
        done = CliRunner().invoke(import_, [name, "-o", "out.yaml", "--force"])
        assert done.exit_code == 0, done.output
        return list(Timeline(load_schedule(Path("out.yaml")))), done.stderr

    return imported


@pytest.mark.parametrize(
    ("settings", "inverse"),
    [
        ({}, False),  # the notebook keeps what is white
        ({"invert_mask": True}, True),
        ({"fill": 1}, True),  # the web UI repaints it
        ({"fill": 1, "invert_mask": True}, False),
    ],
)
def test_what_deforums_mask_leaves_is_kept(run: Run, settings: dict[str, Any], inverse: bool) -> None:
    specs, notes = run(DEFORUM, use_mask=True, mask_file="mask.png", **settings)
    kept = specs[3].keep
    assert kept is not None
    assert (kept.region.kind, kept.region.invert) == ("image", inverse)
    assert kept.region.file is not None
    assert kept.region.file.path.name == "mask.png"
    assert "mask" not in notes


@pytest.mark.parametrize(
    ("word", "match"), [("LAB", "first"), ("Match Frame 0 HSV", "first"), ("Image", "a.png"), ("None", None)]
)
def test_colour_coherence_matches_histograms(run: Run, word: str, match: str | None) -> None:
    specs, notes = run(DEFORUM, color_coherence=word, color_coherence_image_path="a.png")
    colour = specs[1].colour
    if match is None:
        assert colour is None
        return
    assert isinstance(colour, Colour)
    named = colour.match if isinstance(colour.match, str) or colour.match is None else colour.match.path.name
    assert (named, colour.method) == (match, "histogram")
    assert f"color_coherence {word}: the histograms are matched in OKLab" in notes


def test_colours_of_a_video_that_is_not_composited_are_reported(run: Run) -> None:
    specs, notes = run(DEFORUM, color_coherence="Video Input")
    assert specs[1].colour is None
    assert "color_coherence = Video Input: needs a clip that is composited or moves the picture" in notes


def test_noise_is_that_of_every_frame(run: Run) -> None:
    specs, notes = run(DEFORUM, noise_schedule="0: (0.02), 11: (0.13)")
    amounts = [spec.noise.amount if spec.noise else None for spec in specs]
    assert amounts[0] is None
    np.testing.assert_allclose(np.array(amounts[1:], dtype=float), np.linspace(0.03, 0.13, 11), atol=1e-9)
    assert "noise_schedule: the noise is added to the latent here" in notes


def test_sub_seeds_are_a_variation(run: Run) -> None:
    specs, notes = run(
        DEFORUM,
        enable_subseed_scheduling=True,
        subseed_schedule="0: (9), 5: (10)",
        subseed_strength_schedule="0: (0), 11: (1)",
        noise_schedule="0: (0.065)",
    )
    variations = [spec.noise.variation for spec in specs if spec.noise is not None]
    shares = [variation.share for variation in variations if variation is not None]
    np.testing.assert_allclose(shares, np.arange(1, 12) / 11, atol=1e-9)
    assert {variation.seed for variation in variations if variation is not None} == {9}
    assert "subseed_schedule: only the first sub-seed is used" in notes
    assert "sub-seeds: vary a noise in the latent, with an amount of 0.3; noise_schedule is left out" in notes


def test_a_sub_seed_that_stands_still_is_reported(run: Run) -> None:
    specs, notes = run(DEFORUM, seed_enable_extras=True, subseed=7, subseed_strength=0.5)
    assert not any(spec.noise for spec in specs)
    assert "subseed_strength = 0.5: does not change, so nothing varies" in notes


def test_cadence_refines_every_nth_frame(run: Run) -> None:
    specs, _ = run(DEFORUM, diffusion_cadence=3)
    assert [spec.num_steps > 0 for spec in specs] == [index % 3 == 0 or index == 11 for index in range(12)]
    still, _ = run({**DEFORUM, "animation_mode": "Interpolation"}, diffusion_cadence=3)
    assert all(spec.num_steps for spec in still)


def test_discos_turbo_is_a_cadence_and_its_symmetry_a_loss(run: Run) -> None:
    specs, notes = run(
        DISCO, animation_mode="3D", max_frames=7, turbo_mode=True, turbo_steps="3", use_horizontal_symmetry=True
    )
    assert [spec.num_steps > 0 for spec in specs] == [True, False, False, True, False, False, True]
    assert {name: weight for name, weight in specs[0].losses.items() if "symmetry" in name} == {"symmetry_x": 5.0}
    assert "transformation_percent" in notes


@pytest.mark.parametrize(
    ("mask", "kind", "numbers", "inverse"),
    [
        ("r", "box", (0.5, 0, 1, 1), False),
        ("l_0.25", "box", (0, 0, 0.25, 1), False),
        ("u", "box", (0, 0, 1, 0.5), False),
        ("d_0.75", "box", (0, 0.75, 1, 1), False),
        ("[mask.png]", "image", (), False),
        ("[-mask.png]", "image", (), True),
    ],
)
def test_pyttis_masks_are_regions(run: Run, mask: str, kind: str, numbers: tuple[float, ...], inverse: bool) -> None:
    specs, notes = run(PYTTI, "settings.yaml", scenes=f"a sea:1 | fire:0.5_{mask}")
    regions = {prompt.text: prompt.region for prompt in specs[0].prompts}
    assert regions["a sea"] is None
    region = regions["fire"]
    assert region is not None
    assert (region.kind, region.invert) == (kind, inverse)
    assert region.numbers == pytest.approx(numbers)
    assert {prompt.text: prompt.weight for prompt in specs[0].prompts}["fire"] == 0.5
    assert "not supported" not in notes


@pytest.mark.parametrize("mask", ["n", "f_0.2", "the sky", "r_t*2"])
def test_other_masks_of_pytti_are_reported(run: Run, mask: str) -> None:
    specs, notes = run(PYTTI, "settings.yaml", scenes=f"a sea | fire:0.5_{mask}")
    assert all(prompt.region is None for prompt in specs[0].prompts)
    assert f"fire:0.5_{mask}: this mask is not supported; the prompt applies to the whole picture" in notes


def test_pyttis_target_palette_is_locked(run: Run) -> None:
    specs, _ = run(
        PYTTI,
        "settings.yaml",
        image_model="Limited Palette",
        pixel_size=1,
        target_palette="a.png",
        palette_size=4,
        palettes=3,
    )
    colour = specs[0].colour
    assert colour is not None
    assert colour.lock
    assert not isinstance(colour.palette, tuple)
    assert (colour.palette.image.path.name, colour.palette.count) == ("a.png", 12)


@pytest.mark.parametrize(
    ("base", "settings", "named"),
    [
        (DEFORUM, {"use_mask": True, "mask_file": "https://example.org/a.png"}, "mask_file"),
        (DEFORUM, {"use_mask": True, "mask_file": "none.png"}, "mask_file"),
        (DEFORUM, {"use_mask": True, "mask_file": "../a.png"}, "mask_file"),
        (DEFORUM, {"use_mask_video": True, "video_mask_path": "a.mp4"}, "video_mask_path"),
        (DEFORUM, {"color_coherence": "Image", "color_coherence_image_path": "settings.json"}, "color_coherence_image"),
        (PYTTI, {"scenes": "a sea:1_[none.png]"}, "scenes"),
        (PYTTI, {"image_model": "Limited Palette", "target_palette": "none.png"}, "target_palette"),
    ],
)
def test_files_that_cannot_be_read_are_left_out_and_reported(
    run: Run, base: dict[str, Any], settings: dict[str, Any], named: str
) -> None:
    specs, notes = run(base, "settings.yaml" if base is PYTTI else "settings.json", **settings)
    assert (specs[0].keep, specs[0].colour) == (None, None)
    assert all(prompt.region is None for prompt in specs[0].prompts)
    assert named in notes
    assert ": it is not used" in notes
