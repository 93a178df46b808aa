"""Frames with their own weights of the perceptors: as if these had been loaded with them."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from render.guidance.perceptors.toy import Toy
from render.latents.pixels import Pixels
from render.renderer.renderer import Renderer, Scorer
from render.spec import FrameSpec
from tests.render.refinement.test_lockstep import alone, assert_close, together

CPU = torch.device("cpu")


class Inverted(Toy):
    """Sees every picture as its negative, and counts what it is asked to see."""

    def __init__(self) -> None:
        super().__init__(CPU)
        self.looks = 0

    def encode_image(self, images: Tensor) -> Tensor:
        self.looks += 1
        return super().encode_image(1 - images)


def renderer(first: float, second: float, other: Toy | None = None) -> Renderer:
    scorers = [Scorer(perceptor=Toy(CPU), weight=first), Scorer(perceptor=other or Inverted(), weight=second)]
    return Renderer(Pixels(), scorers, CPU)


@pytest.fixture
def refined(spec: FrameSpec) -> FrameSpec:
    return replace(spec, index=0, num_steps=3, losses={"prompt": 1.0, "smooth": 0.4})


@pytest.mark.parametrize("weights", [(0.25, 0.75), (3.0, 1.0)])
def test_a_frame_with_weights_is_that_of_perceptors_loaded_with_them(
    weights: tuple[float, float], refined: FrameSpec
) -> None:
    [[found]] = alone(renderer(1.0, 1.0), [[replace(refined, perceptors=weights)]])
    [[wanted]] = alone(renderer(*weights), [[refined]])
    assert_close([[found]], [[wanted]])
    [[plain]] = alone(renderer(1.0, 1.0), [[refined]])
    assert not torch.equal(found.image, plain.image)


def test_a_perceptor_without_weight_sees_nothing(refined: FrameSpec) -> None:
    other = Inverted()
    [[found]] = alone(renderer(1.0, 1.0, other), [[replace(refined, perceptors=(1.0, 0.0))]])
    assert other.looks == 0
    [[wanted]] = alone(Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU), [[refined]])
    assert_close([[found]], [[wanted]])


def test_without_any_weight_the_other_losses_go_on(refined: FrameSpec) -> None:
    [[found]] = alone(renderer(1.0, 1.0), [[replace(refined, perceptors=(0.0, 0.0))]])
    [[wanted]] = alone(renderer(1.0, 1.0), [[replace(refined, losses={"smooth": 0.4}, prompts=())]])
    assert bool(found.similarity.isnan().all())
    assert torch.equal(found.image, wanted.image)


def test_frames_in_lockstep_are_those_of_single_runs(refined: FrameSpec) -> None:
    """Weights that change within a run, and differ from run to run."""
    runs = [
        [
            replace(refined, index=index, seed=seed, perceptors=(1.0 - share, share))
            for index, share in enumerate(shares)
        ]
        for seed, shares in ((7, (0.0, 0.5, 1.0)), (8, (0.5, 0.5, 0.25)))
    ]
    singles = alone(renderer(1.0, 1.0), runs)
    assert_close(together(renderer(1.0, 1.0), runs), singles, atol=1e-5, rtol=1e-4)
    assert_close(together(renderer(1.0, 1.0), runs, most=1), singles)
