import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from render.guidance import augment, cutouts
from render.renderer.renderer import Renderer
from render.rng import frame_generator
from render.sources import noise
from render.spec import FrameSpec

FULL = augment.STRENGTHS["full"]
Draw = Callable[[torch.Generator], object]


def drawn(seed: int, index: int) -> list[float]:
    numbers: list[float] = torch.rand(8, generator=frame_generator(seed, index, torch.device("cpu"))).tolist()
    return numbers


def test_equal_seeds_and_frames_give_equal_numbers() -> None:
    assert drawn(7, 3) == drawn(7, 3)


def test_the_generator_of_a_frame_never_changes_between_releases() -> None:
    assert frame_generator(7, 3, torch.device("cpu")).initial_seed() == 6148384659390418248


def test_no_two_seeds_or_frames_share_their_numbers() -> None:
    pairs = [(1, 2), (2, 1), (1, 1), (12, 1), (1, 21), (0, 0), (-1, 0), (2**40, 0)]
    assert len({tuple(drawn(*pair)) for pair in pairs}) == len(pairs)


@pytest.mark.parametrize("size", [(64, 40), (16, 16), (8, 72)])
def test_the_first_picture_is_soft_noise_inside_the_range(size: tuple[int, int], generator: torch.Generator) -> None:
    pictures = noise.soft(64, size, generator)
    assert pictures.shape == (64, 3, size[1], size[0])
    assert 0.0 <= float(pictures.min()) < 0.1
    assert 0.9 < float(pictures.max()) <= 1.0
    assert float(pictures.mean()) == pytest.approx(0.5, abs=0.05)
    assert float(pictures.std(dim=(1, 2, 3)).min()) > 0.02  # none is flat


def test_the_first_picture_is_nearly_grey(generator: torch.Generator) -> None:
    pictures = noise.soft(16, (64, 40), generator)
    chroma = (pictures - pictures.mean(dim=1, keepdim=True)).square().mean().sqrt()
    contrast = pictures.mean(dim=1).std(dim=(1, 2)).mean()
    assert float(chroma) < 0.5 * float(contrast)


@pytest.mark.parametrize(
    "draw",
    [
        lambda generator: cutouts.draw(2, 8, 1.5, FULL, generator),
        lambda generator: augment.jitter(2, 8, FULL, generator),
        lambda generator: augment.alter(torch.zeros(1, 2, 3, 4, 4), FULL, generator),
        lambda generator: noise.soft(1, (16, 8), generator),
        lambda generator: frame_generator(3, 4, generator.device),
    ],
    ids=["cutouts", "jitter", "noise", "first picture", "generator"],
)
def test_the_global_generator_is_never_used(draw: Draw, generator: torch.Generator) -> None:
    before = torch.get_rng_state()
    draw(generator)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_whole_step_does_not_change_the_global_generators(embedded_renderer: Renderer, spec: FrameSpec) -> None:
    before = torch.get_rng_state(), random.getstate(), str(np.random.get_state())
    first = embedded_renderer.step(None, replace(spec, index=0, size=(32, 24), num_steps=2))
    embedded_renderer.step(first, replace(spec, size=(32, 24), num_steps=2, transforms={"zoom": 1.05}))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert str(np.random.get_state()) == before[2]
