"""A first frame from a prior: picked, ranked, mirrored and fitted to the frame."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from render.guidance.perceptors import clip
from render.guidance.perceptors.toy import Toy
from render.guidance.prompts import Targets
from render.latents.pixels import Pixels
from render.latents.vqgan import VQGAN
from render.models.registry import find_prior
from render.priors import Candidates, Wanted
from render.priors.bank import load
from render.renderer.renderer import Renderer, Scorer
from render.sources import Loaded
from render.sources.prior import STRETCH, candidates, fitted, start
from render.spec import FrameSpec
from render.spec.pictures import PriorStart
from render.spec.prompts import PromptWeight

CPU = torch.device("cpu")
RED, GREEN = (torch.tensor(colour).view(3, 1, 1).expand(3, 16, 16) for colour in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)))


class Fixed:
    """Proposes the given pictures."""

    def __init__(self, pictures: Sequence[Tensor], scores: Tensor | None = None, mirrored: Tensor | None = None):
        self._found = Candidates(latents=Pixels().encode(torch.stack(list(pictures))), scores=scores, mirrored=mirrored)

    def propose(self, wanted: Wanted, generator: torch.Generator) -> Candidates:
        return self._found


def loaded(prior: Fixed, *prompts: str) -> Loaded:
    toy = Toy(CPU)
    targets = Targets(embeddings=toy.encode_text(prompts), weights=torch.ones(len(prompts))) if prompts else None
    return Loaded(latents=Pixels(), perceptors=[toy], weights=[1.0], targets=[targets], priors={"fixed": prior})


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def started(spec: FrameSpec) -> FrameSpec:
    return replace(spec, start=PriorStart(prior="fixed", candidates=2))


def test_the_picture_of_a_rank_is_used(started: FrameSpec) -> None:
    prior = Fixed([RED, GREEN], scores=torch.tensor([0.2, 0.7]))
    for pick, wanted in ((1, GREEN), (2, RED), (9, RED)):
        assert isinstance(started.start, PriorStart)
        spec = replace(started, start=replace(started.start, pick=pick))
        begun = start(spec, (16, 16), seeded(), loaded(prior, "red"))
        assert torch.equal(begun.image[0], wanted)
        assert begun.latent is not None
        assert torch.equal(Pixels().decode(begun.latent), begun.image)


@pytest.mark.parametrize(("prompt", "best"), [("red", RED), ("green", GREEN)])
def test_perceptors_rank_what_the_prior_does_not(prompt: str, best: Tensor, started: FrameSpec) -> None:
    pictures, scores = candidates(started, (16, 16), seeded(), loaded(Fixed([RED, GREEN]), prompt))
    assert torch.equal(pictures[0], best)
    assert scores[0] > scores[1]


def test_without_prompts_the_order_stays(started: FrameSpec) -> None:
    pictures, scores = candidates(started, (16, 16), seeded(), loaded(Fixed([RED, GREEN])))
    assert torch.equal(pictures, torch.stack([RED, GREEN]))
    assert scores.tolist() == [0.0, 0.0]


def test_mirrored_pictures_are_mirrored_after_decoding(started: FrameSpec) -> None:
    ramp = torch.linspace(0, 1, 16).expand(3, 16, 16)
    prior = Fixed([ramp, ramp], scores=torch.tensor([1.0, 0.0]), mirrored=torch.tensor([True, False]))
    pictures, _ = candidates(started, (16, 16), seeded(), loaded(prior))
    torch.testing.assert_close(pictures, torch.stack([ramp.flip(-1), ramp]))


@pytest.mark.parametrize("size", [(64, 64), (96, 54), (54, 96), (128, 32), (31, 64), (40, 44)])
def test_a_picture_is_stretched_by_no_more_than_the_limit(size: tuple[int, int]) -> None:
    """The slopes of two ramps in the result, per pixel, differ by at most the limit from those of one scale."""
    axis = torch.linspace(0, 1, 64)
    ramps = torch.stack([axis.expand(64, 64), axis[:, None].expand(64, 64), torch.zeros(64, 64)])[None]
    image = fitted(ramps, size, seeded())
    assert image.shape == (1, 3, size[1], size[0])
    middle = image[0, :, size[1] // 4 : -size[1] // 4, size[0] // 4 : -size[0] // 4]
    across = float(middle[0].diff(dim=-1).mean())
    down = float(middle[1].diff(dim=-2).mean())
    assert max(across / down, down / across) <= STRETCH * 1.06


def test_a_picture_of_the_frames_size_stays_as_it_is() -> None:
    image = torch.rand(1, 3, 8, 12, generator=seeded())
    assert fitted(image, (12, 8), seeded()) is image


@pytest.mark.parametrize("size", [(64, 64), (128, 72), (72, 128)])
def test_a_frame_starts_from_the_bank_that_ships(
    size: tuple[int, int], spec: FrameSpec, embedded_vqgan: VQGAN, embedded_clip: clip.CLIP
) -> None:
    """Another seed gives another picture, the same seed the same; the frame is nearer to its prompt than noise is."""
    prior = load(find_prior("bank").files(), embedded_vqgan, [embedded_clip], CPU, torch.float32)
    renderer = Renderer(embedded_vqgan, [Scorer(perceptor=embedded_clip)], CPU, priors={"bank": prior})
    prompts = (PromptWeight(text="a golden sunset over the sea", weight=1.0),)
    noise = replace(spec, size=size, prompts=prompts)
    begun = replace(noise, start=PriorStart(prior="bank", candidates=4))
    first = renderer.step(None, begun)
    assert first.image.shape == (1, 3, size[1], size[0])
    assert first.latent is not None
    assert torch.equal(first.image, renderer.step(None, begun).image)
    others = [renderer.step(None, replace(begun, seed=seed)).image for seed in range(3)]
    assert not all(torch.equal(first.image, other) for other in others)
    assert float(first.similarity) > float(renderer.step(None, noise).similarity) + 0.1
    refined = renderer.step(None, replace(begun, num_steps=2))
    assert float(refined.similarity) > float(first.similarity)
    assert torch.equal(renderer.step(first, replace(begun, cut=True)).image, first.image)
