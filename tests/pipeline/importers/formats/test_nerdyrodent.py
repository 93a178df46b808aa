"""nerdyrodent/VQGAN-CLIP: settings/nerdyrodent.sh is the README's story (MIT) with a few more options."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from render.errors import InputError

FRAMES = 600  # of 6000 iterations, one every 10


def test_every_frame_is_enlarged_about_the_middle_and_shifted(plan: Callable[..., Any]) -> None:
    """zoom_at crops w / zoom about the middle and enlarges it; ImageChops.offset shifts the result."""
    found = plan("nerdyrodent.sh")
    assert len(found.specs) == FRAMES
    middle = np.array([383 / 2, 255 / 2])  # a crop is symmetric about the middle of the pixels
    for frame, matrix in enumerate(found.matrices()):
        if frame == 0 or 10 * frame < 100:
            np.testing.assert_array_equal(matrix, np.eye(3))
            continue
        for corner in ([0, 0], [383, 0], [10, 250]):
            expected = middle + 1.005 * (np.array(corner) - middle) + [-3, 2]
            np.testing.assert_allclose((matrix @ [*corner, 1])[:2], expected, rtol=0, atol=1e-6)


def test_prompts_change_after_a_number_of_iterations_and_start_again(plan: Callable[..., Any]) -> None:
    found = plan("nerdyrodent.sh")
    phrase = (10 * np.arange(FRAMES)) // 1500 % 4
    np.testing.assert_array_equal(found.weights("A painting of a sunflower"), np.where(phrase == 0, 1, 0))
    np.testing.assert_array_equal(found.weights("photo"), np.where(phrase == 0, -1, 0))
    np.testing.assert_array_equal(found.weights("a painting of a tulip"), np.where(phrase == 2, 0.5, 0))
    np.testing.assert_array_equal(found.weights("a photo 16:9 shot"), np.where(phrase == 3, 1, 0))


def test_size_rate_seed_and_steps(plan: Callable[..., Any]) -> None:
    found = plan("nerdyrodent.sh")
    spec = found.specs[1]
    assert (spec.size, spec.seed, spec.num_steps, spec.border) == ((384, 256), 11, 10, "wrap")
    assert "fps: 30," in found.text  # 600 frames in -vl 20 seconds


def test_the_crop_at_whole_pixels_and_other_options_are_reported(plan: Callable[..., Any]) -> None:
    notes = "\n".join(plan("nerdyrodent.sh").notes)
    for words in (
        "its factor was 1.00524 in width",
        "a painting of a tulip: its stop is never reached, there as here, and left out",
        "optimiser = Adagrad",
        "learning_rate",
    ):
        assert words in notes


def test_a_smaller_picture_gets_a_black_border(plan: Callable[..., Any]) -> None:
    found = plan("zoom.sh", 'python generate.py -p "The inside of a sphere" -zvid -i 4500 -zse 20 -vl 10 -zsc 0.97')
    assert found.specs[0].border == "black"
    np.testing.assert_allclose(found.amounts("zoom", 1.0)[1:], np.full(224, 0.97), atol=1e-9)


def test_a_video_without_zoom_has_one_frame_per_iteration(plan: Callable[..., Any]) -> None:
    found = plan("v.sh", "python3 generate.py -p 'a lake | mist:0.5' -vid -i 100 -cuts 16")
    assert [spec.num_steps for spec in found.specs] == [1] * 99
    assert found.specs[0].num_cutouts == 16


def test_without_video_a_single_frame_is_rendered(plan: Callable[..., Any]) -> None:
    found = plan("one.txt", 'generate.py -p "A painting of an apple in a fruit bowl | psychedelic | surreal:0.5"')
    assert [spec.num_steps for spec in found.specs] == [500]
    assert "neither -zvid nor -vid is given: a single frame is rendered" in found.notes


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("generate.py -p 'open", "line 1: the quote ' is not closed"),
        ("generate.py -q 3", "line 1: unknown option -q"),
        ("generate.py -p a -s 99999 2", "size: expected a width and a height in pixels, got 99999 2"),
        ("generate.py -p a -i many", "iterations: expected a number, got many"),
        ("generate.py -p a -zvid -zsc 0", "zoom_scale: expected a number from 0.1 to 10, got 0"),
        ("generate.py -p a -zvid -zsx inf", "zoom_shift_x: expected a number from -1e+09 to 1e+09, got inf"),
        ("generate.py -p ' | '", "prompts: expected a text"),
    ],
)
def test_unusable_settings_give_one_message(plan: Callable[..., Any], command: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        plan("bad.sh", command)
    assert str(caught.value).endswith(f"nerdyrodent/VQGAN-CLIP: {message}")


def test_an_option_with_an_equals_sign_ends_the_values_of_the_one_before(plan: Callable[..., Any]) -> None:
    found = plan("o.sh", "python generate.py -p=sea -s 96 64 -o=out.png -zvid")
    assert found.specs[0].size == (96, 64)
