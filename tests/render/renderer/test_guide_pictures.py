"""Guide pictures: a frame goes towards what a prior proposes for a scene, whatever the frame itself shows."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from render.guidance.perceptors.toy import Toy
from render.latents.pixels import Pixels
from render.priors import Candidates, Wanted
from render.renderer.renderer import Renderer, Scorer
from render.renderer.state import FrameState
from render.spec import FrameSpec
from render.spec.guides import GuidePicture
from render.spec.pictures import PriorStart
from render.spec.prompts import PromptWeight

CPU = torch.device("cpu")
START = PriorStart(prior="drawn", candidates=1)
SEA, FIRE = PromptWeight(text="sea", weight=1.0), PromptWeight(text="fire", weight=1.0)


class Drawn:
    """Proposes noise, so every draw differs, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def propose(self, wanted: Wanted, generator: torch.Generator) -> Candidates:
        self.asked += 1
        pictures = torch.rand(1, 3, wanted.size[1], wanted.size[0], generator=generator)
        return Candidates(latents=Pixels().encode(pictures))


def made(prior: Drawn) -> Renderer:
    return Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU, priors={"drawn": prior})


def towards(share: float, moment: int = 5, prompt: PromptWeight = FIRE) -> GuidePicture:
    return GuidePicture(prompt=prompt, share=share, moment=moment, start=START)


@pytest.fixture
def still(spec: FrameSpec) -> FrameSpec:
    """A frame that is neither moved nor refined."""
    return replace(spec, prompts=(SEA,), transforms={}, num_steps=0)


@pytest.fixture
def first(still: FrameSpec) -> FrameState:
    return made(Drawn()).step(None, replace(still, index=0, start=START))


@pytest.fixture
def guided(still: FrameSpec, first: FrameState) -> Callable[..., Tensor]:
    def image(*guides: GuidePicture, index: int = 1, renderer: Renderer | None = None) -> Tensor:
        spec = replace(still, index=index, guide_pictures=guides)
        return (renderer or made(Drawn())).step(first, spec).image

    return image


def test_pictures_are_mixed_by_their_shares(guided: Callable[..., Tensor], first: FrameState) -> None:
    one, two = guided(towards(1.0)), guided(towards(1.0, moment=6))
    assert not torch.equal(one, two)
    mixture = guided(towards(0.25), towards(0.5, moment=6))
    assert torch.allclose(mixture, 0.25 * first.image + 0.25 * one + 0.5 * two, atol=1e-5)


def test_the_scene_of_the_first_frame_has_its_picture(guided: Callable[..., Tensor], first: FrameState) -> None:
    assert torch.equal(guided(towards(1.0, moment=0, prompt=SEA)), first.image)


def test_a_picture_is_the_same_in_every_frame_and_drawn_once(guided: Callable[..., Tensor]) -> None:
    prior = Drawn()
    renderer = made(prior)
    pictures = [guided(towards(1.0), index=index, renderer=renderer) for index in (1, 2, 7)]
    assert prior.asked == 1
    assert all(torch.equal(picture, guided(towards(1.0))) for picture in pictures)  # as a resumed run has it


def test_refinement_starts_from_the_mixture(still: FrameSpec, first: FrameState) -> None:
    spec = replace(still, index=1, guide_pictures=(towards(1.0),))
    bare = made(Drawn()).step(first, spec).image
    refined = made(Drawn()).step(first, replace(spec, num_steps=1, lr=1e-4)).image
    assert not torch.equal(refined, bare)
    assert torch.allclose(refined, bare, atol=1e-2)
