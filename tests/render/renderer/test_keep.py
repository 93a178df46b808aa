"""What is kept stays as it is, pixel by pixel, while the rest is painted around it and the next frame starts well."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from render.guidance.masks import Masks
from render.guidance.perceptors.clip import CLIP
from render.guidance.perceptors.toy import Toy
from render.latents.vqgan import VQGAN
from render.models.model import sha256
from render.motion.composed import Motions
from render.motion.warp import warp
from render.renderer.renderer import Renderer, Scorer
from render.renderer.state import FrameState
from render.spec import FrameSpec
from render.spec.pictures import ImageFile
from render.spec.prompts import PromptWeight
from render.spec.regions import Keep, Region

CPU = torch.device("cpu")
SIZE = WIDTH, HEIGHT = 64, 48
BOX = Region(kind="box", numbers=(0.25, 0.25, 0.75, 0.75))
INSIDE = Masks(CPU).draw(BOX, SIZE, None) == 1.0
LEVEL = 1 / 255


@pytest.fixture
def renderer(embedded_vqgan: VQGAN) -> Renderer:
    return Renderer(embedded_vqgan, [Scorer(perceptor=Toy(CPU))], CPU)


@pytest.fixture
def painted(spec: FrameSpec) -> FrameSpec:
    prompts = (PromptWeight(text="red", weight=1.0),)
    return replace(spec, index=0, size=SIZE, prompts=prompts, num_steps=3, lr=0.3, keep=Keep(region=BOX, seam=0.1))


def largest_change(image: Tensor, other: Tensor, where: Tensor) -> float:
    return float((image - other).abs().amax(dim=(0, 1))[where].max())


def frames(renderer: Renderer, spec: FrameSpec, state: FrameState | None, count: int) -> list[FrameState]:
    found = []
    for number in range(count):
        state = renderer.step(state, replace(spec, index=(0 if state is None else state.index + 1), seed=number))
        found.append(state)
    return found


def test_the_frame_before_is_kept(renderer: Renderer, painted: FrameSpec) -> None:
    first = renderer.step(None, replace(painted, keep=None))
    found = frames(renderer, painted, first, 6)
    assert largest_change(found[-1].image, first.image, INSIDE) < LEVEL
    outside = (found[-1].image - first.image).abs().mean(dim=(0, 1))[~INSIDE]
    assert float(outside.mean()) > 10 * LEVEL, "the rest is painted"


def test_what_is_kept_moves_with_the_picture(renderer: Renderer, painted: FrameSpec) -> None:
    first = renderer.step(None, replace(painted, keep=None))
    moving = replace(painted, index=1, transforms={"pan_x": 0.125, "zoom": 1.1})
    found = renderer.step(first, moving).image
    expected = warp(first.image, Motions()(first.image, moving.motions), "reflect")
    assert largest_change(found, expected, INSIDE) < LEVEL


def test_a_picture_is_kept_from_the_first_frame_on(renderer: Renderer, painted: FrameSpec, tmp_path: Path) -> None:
    picture = Image.effect_noise((2 * WIDTH, 2 * HEIGHT), 80).convert("RGB")
    picture.save(tmp_path / "a.png")
    file = ImageFile(path=tmp_path / "a.png", sha256=sha256(tmp_path / "a.png"))
    expected = Masks(CPU).picture(file, SIZE)
    spec = replace(painted, keep=Keep(region=BOX, image=file), num_steps=12)
    for state in frames(renderer, spec, None, 3):
        assert largest_change(state.image, expected, INSIDE) < LEVEL
    unrefined = renderer.step(None, replace(spec, num_steps=0))
    assert largest_change(unrefined.image, expected, INSIDE) < LEVEL


def test_noise_is_not_kept(renderer: Renderer, painted: FrameSpec) -> None:
    assert torch.equal(renderer.step(None, painted).image, renderer.step(None, replace(painted, keep=None)).image)


def test_half_an_amount_is_half_of_each(renderer: Renderer, painted: FrameSpec) -> None:
    first = renderer.step(None, replace(painted, keep=None))
    still = replace(painted, index=1, num_steps=0, keep=Keep(region=BOX, amount=0.5))
    assert torch.equal(renderer.step(first, still).image, first.image), "half of what it is anyway"


def test_a_seam_lies_outside_of_what_is_kept(renderer: Renderer, painted: FrameSpec) -> None:
    """Just beyond the edge a seam shows more of the frame before than a hard edge does."""
    first = renderer.step(None, replace(painted, keep=None))
    ring = Masks(CPU).draw(replace(BOX, numbers=(0.22, 0.22, 0.78, 0.78)), SIZE, None) == 1.0
    ring &= ~INSIDE

    def change(seam: float) -> float:
        image = renderer.step(first, replace(painted, index=1, keep=Keep(region=BOX, seam=seam), num_steps=8)).image
        return float((image - first.image).abs().mean(dim=(0, 1))[ring].mean())

    assert change(0.3) < 0.7 * change(0.0)


def test_the_state_is_one_to_start_from(
    renderer: Renderer, painted: FrameSpec, embedded_clip: CLIP, embedded_vqgan: VQGAN
) -> None:
    """The latent still decodes to the picture, also where it was kept, and the rest does not wear off in 20 frames."""
    guided = Renderer(embedded_vqgan, [Scorer(perceptor=embedded_clip)], CPU)
    spec = replace(painted, prompts=(PromptWeight(text="a calm blue sea", weight=1.0),), num_steps=2, lr=0.1)
    first = guided.step(None, replace(spec, keep=None, num_steps=12))
    free = frames(guided, replace(spec, keep=None), first, 20)[-1]
    kept = frames(guided, spec, first, 20)[-1]

    def error(state: FrameState) -> float:
        assert state.latent is not None
        return float((embedded_vqgan.decode(state.latent) - state.image).abs().mean())

    def sharpness(state: FrameState) -> float:
        return float(state.image.diff(dim=-1).abs().mean(dim=(0, 1))[~INSIDE[:, 1:]].mean())

    assert error(free) < 1e-4
    assert error(kept) < 0.05
    assert sharpness(kept) < 1.5 * sharpness(free)


def test_a_text_cannot_be_kept_without_a_segmentation_model(renderer: Renderer, painted: FrameSpec) -> None:
    first = renderer.step(None, replace(painted, keep=None))
    sky = Keep(region=Region(kind="text", text="the sky"))
    with pytest.raises(Exception, match="needs a segmentation model"):
        renderer.step(first, replace(painted, index=1, keep=sky))
