"""Picture files that frames go towards: mixed in, moved, and pulled to by the loss."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from render.errors import RunError
from render.guidance import pictures
from render.guidance.guide_images import GuideImages, batch_guide_images
from render.guidance.losses.guide import colour_distance
from render.models.model import sha256
from render.renderer.renderer import Renderer
from render.renderer.state import FrameState
from render.spec import FrameSpec
from render.spec.guides import ImageGuide
from render.spec.pictures import ImageFile, Picture
from tests.render.refinement.test_lockstep import alone, assert_close, together

CPU = torch.device("cpu")
SIZE = (16, 16)


@pytest.fixture
def red_and_blue(tmp_path: Path) -> list[Picture]:
    found = []
    for name in ("red", "blue"):
        image = Image.new("RGB", SIZE, "white")
        image.paste(name, (4, 4, 12, 12))
        image.save(tmp_path / f"{name}.png")
        file = ImageFile(path=tmp_path / f"{name}.png", sha256=sha256(tmp_path / f"{name}.png"))
        found.append(Picture(file=file))
    return found


@pytest.fixture
def first(spec: FrameSpec, toy_renderer: Renderer) -> FrameState:
    return toy_renderer.step(None, replace(spec, index=0))


def towards(picture: Picture, share: float = 0.0, weight: float = 1.0, **transforms: float) -> ImageGuide:
    return ImageGuide(picture=picture, weight=weight, share=share, transforms=transforms)


def test_pictures_are_mixed_by_their_shares(
    spec: FrameSpec, first: FrameState, toy_renderer: Renderer, red_and_blue: list[Picture]
) -> None:
    red, blue = (pictures.read(picture, SIZE, CPU) for picture in red_and_blue)
    whole = toy_renderer.step(first, replace(spec, image_guides=(towards(red_and_blue[0], 1.0),)))
    assert torch.allclose(whole.image, red, atol=1e-5)
    guides = (towards(red_and_blue[0], 0.25), towards(red_and_blue[1], 0.5))
    mixed = toy_renderer.step(first, replace(spec, image_guides=guides))
    assert torch.allclose(mixed.image, 0.25 * first.image + 0.25 * red + 0.5 * blue, atol=1e-5)
    assert mixed.latent is not None


def test_a_first_frame_can_be_mixed_as_well(
    spec: FrameSpec, toy_renderer: Renderer, red_and_blue: list[Picture]
) -> None:
    begun = toy_renderer.step(None, replace(spec, index=0, image_guides=(towards(red_and_blue[0], 1.0),)))
    assert torch.allclose(begun.image, pictures.read(red_and_blue[0], SIZE, CPU), atol=1e-5)


def test_a_picture_is_mixed_in_where_it_has_moved_to(
    spec: FrameSpec, first: FrameState, toy_renderer: Renderer, red_and_blue: list[Picture]
) -> None:
    """A picture that goes along is the picture of its time, moved by all motion since."""
    moved = replace(spec, transforms={"zoom": 1.3, "rotate": 10.0})
    at_its_time = toy_renderer.step(first, replace(spec, image_guides=(towards(red_and_blue[0], 1.0),)))
    later = toy_renderer.step(at_its_time, replace(moved, index=2))
    guide = towards(red_and_blue[0], 1.0, zoom=1.3, rotate=10.0)
    assert torch.allclose(toy_renderer.step(first, replace(moved, image_guides=(guide,))).image, later.image, atol=1e-4)


def test_the_loss_pulls_towards_the_picture(
    spec: FrameSpec, toy_renderer: Renderer, red_and_blue: list[Picture]
) -> None:
    wanted = pictures.read(red_and_blue[1], SIZE, CPU)
    spec = replace(spec, prompts=(), losses={"guide": 1.0}, num_steps=40, lr=0.1)
    found = toy_renderer.step(None, replace(spec, image_guides=(towards(red_and_blue[1]),)))
    assert float((found.image - wanted).abs().mean()) < 0.05


def test_a_file_that_has_changed_is_not_used(
    spec: FrameSpec, first: FrameState, toy_renderer: Renderer, red_and_blue: list[Picture]
) -> None:
    Image.new("RGB", SIZE).save(red_and_blue[0].file.path)
    with pytest.raises(RunError, match=r"red\.png: has changed since the schedule was read"):
        toy_renderer.step(first, replace(spec, image_guides=(towards(red_and_blue[0], 1.0),)))


def test_runs_in_lockstep_equal_single_runs(
    spec: FrameSpec, toy_renderer: Renderer, red_and_blue: list[Picture]
) -> None:
    """Runs with one guide, with two and with none, to the bit."""
    red, blue = red_and_blue
    guided = replace(spec, losses={"prompt": 1.0, "guide": 1.0}, num_steps=3)
    runs = [
        [replace(guided, index=index, image_guides=(towards(red, 0.1 * index),)) for index in range(3)],
        [
            replace(guided, index=index, seed=3, image_guides=(towards(red), towards(blue, 0.2, weight=0.5, zoom=1.1)))
            for index in range(2)
        ],
        [replace(spec, index=index, num_steps=3) for index in range(2)],
    ]
    assert_close(together(toy_renderer, runs), alone(toy_renderer, runs), atol=1e-6, rtol=1e-5)
    assert_close(together(toy_renderer, runs[:1]), alone(toy_renderer, runs[:1]))


def guide_images(*levels: float) -> GuideImages:
    images = torch.stack([torch.full((1, 3, 32, 32), level) for level in levels], dim=1)
    return GuideImages(images=images, weights=torch.ones(1, len(levels)), embeddings=[torch.ones(1, len(levels), 4)])


def test_the_distance_is_that_of_oklab_at_any_size() -> None:
    """Grey levels differ in lightness alone, which is the cube root of linear light."""
    image = torch.full((1, 3, 16, 16), 0.5)
    lightness = (((0.5 + 0.055) / 1.055) ** 2.4) ** (1 / 3)
    found = colour_distance(image, guide_images(0.0, 0.5, 1.0))
    assert found[0].tolist() == pytest.approx([lightness**2, 0.0, (1 - lightness) ** 2], abs=1e-4)


def test_a_batch_is_padded_with_guides_without_weight() -> None:
    batch = batch_guide_images([guide_images(0.1), guide_images(0.2, 0.3)])
    assert batch.images.shape == (2, 2, 3, 32, 32)
    assert batch.weights.tolist() == [[1.0, 0.0], [1.0, 1.0]]
