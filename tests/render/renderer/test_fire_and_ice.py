"""Two prompts, each in its half of the picture: a judge that was not trained with the pair names both, either way.

Chance is one in forty.
"""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from render.guidance import cutouts
from render.guidance.perceptors.clip import CLIP
from render.latents.vqgan import VQGAN
from render.models.registry import find_prior
from render.priors import bank
from render.renderer.renderer import Renderer, Scorer
from render.spec import FrameSpec
from render.spec.pictures import PriorStart
from render.spec.prompts import PromptWeight
from render.spec.regions import Region
from render.training.judging.judge import Judge
from render.training.scenes import HELD_OUT

CPU = torch.device("cpu")
FIRE, ICE, CRACKED = "a burning forest", "icebergs in a cold blue sea", "cracked blue ice"
HALVES = [
    Region(kind="box", numbers=(0.0, 0.0, 0.5, 1.0), feather=0.12),
    Region(kind="box", numbers=(0.5, 0.0, 1.0, 1.0), feather=0.12),
]


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(Path(__file__).parents[2] / "data" / "judge" / "judge")


@pytest.fixture(scope="module")
def renderer(embedded_vqgan: VQGAN, embedded_clip: CLIP) -> Renderer:
    pictures = bank.load(find_prior("bank").files(), embedded_vqgan, [embedded_clip], CPU, torch.float32)
    return Renderer(embedded_vqgan, [Scorer(perceptor=embedded_clip)], CPU, priors={"bank": pictures})


def painted(renderer: Renderer, spec: FrameSpec, texts: tuple[str, str]) -> Tensor:
    prompts = tuple(PromptWeight(text=text, weight=1.0, region=half) for text, half in zip(texts, HALVES, strict=True))
    return renderer.step(None, replace(spec, index=0, prompts=prompts, losses={"prompt": 1.0, "smooth": 0.6})).image


def ranks(judge: Judge, image: Tensor, texts: tuple[str, str]) -> list[int]:
    """The rank of each half's own text among the judge's forty: 1 is best."""
    rows = torch.tensor([HELD_OUT.index(text) for text in texts])
    return [int(judge.ranks(half, rows[k : k + 1])) for k, half in enumerate(image.chunk(2, dim=-1))]


@pytest.mark.parametrize("texts", [(FIRE, ICE), (ICE, FIRE)])
def test_the_bank_has_a_picture_for_each_half(
    renderer: Renderer, spec: FrameSpec, judge: Judge, texts: tuple[str, str]
) -> None:
    start = PriorStart(prior="bank", candidates=16)
    image = painted(renderer, replace(spec, size=(128, 72), start=start, num_steps=4, num_cutouts=12, lr=0.05), texts)
    assert ranks(judge, image, texts) == [1, 1]


@pytest.mark.slow
@pytest.mark.parametrize("texts", [(FIRE, CRACKED), (CRACKED, FIRE)])
def test_from_noise_each_half_shows_its_prompt_and_not_the_other(
    renderer: Renderer, embedded_clip: CLIP, spec: FrameSpec, judge: Judge, texts: tuple[str, str]
) -> None:
    image = painted(renderer, replace(spec, size=(256, 144), num_steps=60, num_cutouts=12, lr=0.3), texts)
    assert max(ranks(judge, image, texts)) <= 5
    wanted = embedded_clip.encode_text(list(texts))
    for own, half in enumerate(image.chunk(2, dim=-1)):
        cosines = embedded_clip.encode_image(cutouts.whole(half, embedded_clip.side)[:, 0]) @ wanted.T
        assert float(cosines[0, own] - cosines[0, 1 - own]) > 0.4
