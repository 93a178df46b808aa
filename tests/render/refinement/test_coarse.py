"""Frames that start from noise take most of their steps at half the size."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from render.latents.pixels import Pixels
from render.refinement import coarse
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Refinement
from render.refinement.scheduler import Unbatched
from render.renderer.renderer import Renderer
from render.spec import FrameSpec
from render.spec.prompts import PromptWeight


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Width and height of the latent in every step from here on."""
    seen: list[tuple[int, int]] = []
    step = Refinement.step

    def noted(self: Refinement, optimizer: LatentAdam, lr: float) -> None:
        height, width = optimizer.latent.shape[-2:]
        seen.append((width, height))
        step(self, optimizer, lr)

    monkeypatch.setattr(Refinement, "step", noted)
    return seen


@pytest.mark.parametrize("steps", [12, 13, 60])
def test_two_thirds_of_the_steps_run_at_half_the_size(
    steps: int, toy_renderer: Renderer, spec: FrameSpec, sizes: list[tuple[int, int]]
) -> None:
    state = toy_renderer.step(None, replace(spec, index=0, size=(160, 130), num_steps=steps))
    small = round(2 * steps / 3)
    assert sizes == [(80, 65)] * small + [(160, 130)] * (steps - small)
    assert state.image.shape == (1, 3, 130, 160)


@pytest.mark.parametrize(
    ("size", "steps"), [((160, 130), 11), ((160, 126), 60), ((96, 300), 60)], ids=["few steps", "low", "narrow"]
)
def test_small_frames_and_few_steps_run_at_full_size(
    size: tuple[int, int], steps: int, toy_renderer: Renderer, spec: FrameSpec, sizes: list[tuple[int, int]]
) -> None:
    toy_renderer.step(None, replace(spec, index=0, size=size, num_steps=steps))
    assert sizes == [size] * steps


def test_cuts_start_coarse_and_moved_frames_do_not(
    toy_renderer: Renderer, spec: FrameSpec, sizes: list[tuple[int, int]]
) -> None:
    large = replace(spec, size=(128, 128), num_steps=12)
    state = toy_renderer.step(None, replace(large, index=0))
    sizes.clear()
    toy_renderer.step(state, replace(large, transforms={"zoom": 1.1}))
    assert sizes == [(128, 128)] * 12
    sizes.clear()
    toy_renderer.step(state, replace(large, cut=True))
    assert sizes == [(64, 64)] * 8 + [(128, 128)] * 4


def test_the_small_size_is_a_multiple_of_the_stride(
    embedded_renderer: Renderer, spec: FrameSpec, sizes: list[tuple[int, int]]
) -> None:
    state = embedded_renderer.step(None, replace(spec, index=0, size=(136, 152), num_steps=12, num_cutouts=2))
    assert sizes[0] == (8, 10)  # 64 by 80 pixels
    assert sizes[-1] == (17, 19)
    assert state.image.shape == (1, 3, 152, 136)


def test_coarse_to_fine_beats_the_same_work_at_full_size(embedded_renderer: Renderer, spec: FrameSpec) -> None:
    """16 small steps and 8 large ones cost the same as 12 large ones."""
    prompts = (PromptWeight(text="a golden sunset over the sea", weight=1.0),)
    large = replace(spec, index=0, size=(128, 128), prompts=prompts, lr=0.2, num_cutouts=8)
    coarse_to_fine = embedded_renderer.step(None, replace(large, num_steps=24)).similarity
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coarse, "LEAST_STEPS", 1000)
        at_once = embedded_renderer.step(None, replace(large, num_steps=12)).similarity
    assert float(coarse_to_fine) > float(at_once) + 0.02


class Failing(Unbatched):
    """Returns no finite picture until it is asked to be careful."""

    def __init__(self) -> None:
        super().__init__()
        self.careful: list[bool] = []

    def refine(self, refinement: Refinement, optimizer: LatentAdam) -> Tensor:
        image = super().refine(refinement, optimizer)
        self.careful.append(refinement.careful)
        return image if refinement.careful else image * torch.nan


def test_non_finite_coarse_steps_are_repeated_with_smaller_steps(toy_renderer: Renderer, spec: FrameSpec) -> None:
    scheduler = Failing()
    picture = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(1))
    guides = toy_renderer._models.guides(spec)
    generator = torch.Generator().manual_seed(2)
    begun, left = coarse.refine_coarsely(
        Pixels(), guides, picture, replace(spec, num_steps=15), generator, 1.0, scheduler
    )
    assert scheduler.careful == [False, True]
    assert bool(begun.isfinite().all())
    assert left.num_steps == 5
