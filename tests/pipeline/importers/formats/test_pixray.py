"""pixray: settings/pixray.yaml is written by hand in the manner of its settings.yaml."""

from collections.abc import Callable
from typing import Any

import pytest

from render.errors import InputError


def test_a_video_shows_every_step_from_the_second_on(plan: Callable[..., Any]) -> None:
    found = plan("pixray.yaml")
    assert (len(found.specs), found.specs[0].size, found.specs[0].seed) == (119, (176, 96), 21)
    assert "fps: 10" in found.text  # 119 steps in 14 seconds would be 8
    assert {spec.num_steps for spec in found.specs} == {1}
    assert [prompt.weight for prompt in found.specs[0].prompts] == [2, 0.5]
    assert found.specs[0].losses["symmetry_x"] == 2
    assert found.specs[0].colour is not None
    assert found.specs[0].colour.palette == ("#000080", "#ffffff", "#ffcc00")


def test_a_picture_is_one_frame_of_all_steps(plan: Callable[..., Any]) -> None:
    found = plan("a.yaml", "drawer: pixel\nprompts: a sea\nquality: draft\naspect: square\nanimation_dir: a\n")
    assert (len(found.specs), found.specs[0].num_steps, found.specs[0].size) == (1, 200, (144, 144))
    assert found.notes[0] == "animation_dir = a: pictures are not animated one by one"
    assert "drawer pixel: the embedded VQGAN draws instead" in found.notes


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ("quality: normal", (384, 208)),  # 384x216
        ("scale: 2.5\naspect: portrait", (320, 400)),
        ("ezsize: medium\naspect: square", (288, 288)),
        ("size: [100, 50]", (96, 48)),
    ],
)
def test_sizes_are_those_that_its_vqgan_draws(plan: Callable[..., Any], settings: str, size: tuple[int, int]) -> None:
    assert plan("a.yaml", f"drawer: vqgan\nprompts: a sea\n{settings}\n").specs[0].size == size


def test_pythons_calls_are_read(plan: Callable[..., Any]) -> None:
    code = (
        "import pixray\npixray.reset_settings()\npixray.add_settings(quality='draft', iterations=40)\n"
        "pixray.run('a sea | fog:-1:0.2', 'vqgan', iterations=50, target_images='b.png', seed=3)\n"
    )
    found = plan("a.py", code)
    assert (found.specs[0].num_steps, found.specs[0].seed, found.specs[0].size) == (50, 3, (192, 96))
    assert [prompt.weight for prompt in found.specs[0].prompts] == [1, -1]
    assert "target_images = b.png: no pictures are read" in found.notes


def test_what_has_no_counterpart_is_reported(plan: Callable[..., Any]) -> None:
    text = "drawer: vqgan\ncustom_loss: edge, palette\npalette: red->blue\nspot_prompts: a\n"
    notes = plan("a.yaml", text).notes
    assert "custom_loss: without a counterpart here: edge, palette; see losses" in notes
    assert "palette = red->blue: only a list of colours in brackets is read; see colour" in notes
    assert "spot_prompts = a: only texts are prompts here" in notes
    assert "prompts is blank; 'a picture' is used until you write what to draw" in notes


def test_an_unknown_quality_is_refused(plan: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match="pixray: quality: expected one of draft, normal, better, best, supreme"):
        plan("a.yaml", "drawer: vqgan\nprompts: a sea\nquality: superb\n")
