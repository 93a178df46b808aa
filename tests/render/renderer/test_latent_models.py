"""A video whose latent model changes: every frame is as if its own model had begun with the picture before it."""

from dataclasses import replace

import pytest
import torch

from render.guidance.perceptors.toy import Toy
from render.latents.pixels import Pixels
from render.latents.vqgan import VQGAN
from render.renderer.renderer import Renderer, Scorer
from render.renderer.state import FrameState
from render.spec import FrameSpec
from tests.render.refinement.test_lockstep import alone, assert_close, together

CPU = torch.device("cpu")
TOY = [Scorer(perceptor=Toy(CPU))]


@pytest.fixture
def both(embedded_vqgan: VQGAN) -> Renderer:
    """Pixels are number 0, the VQGAN is number 1."""
    return Renderer(Pixels(), TOY, CPU, others=[(embedded_vqgan, {})])


@pytest.fixture
def specs(spec: FrameSpec) -> list[FrameSpec]:
    """Two frames of each model; the third and the fifth come after a change."""
    spec = replace(spec, size=(32, 24), num_steps=2, losses={"prompt": 1.0, "smooth": 0.4}, transforms={"zoom": 1.05})
    drawn = [(0, False), (0, False), (1, True), (1, False), (0, True)]
    return [replace(spec, index=index, latent=latent, redrawn=new) for index, (latent, new) in enumerate(drawn)]


def begun_anew(state: FrameState) -> FrameState:
    return replace(state, latent=None, optimizer_state={})


def test_every_frame_is_that_of_its_own_model(both: Renderer, specs: list[FrameSpec], embedded_vqgan: VQGAN) -> None:
    [found] = alone(both, [specs])
    pixels, vqgan = Renderer(Pixels(), TOY, CPU), Renderer(embedded_vqgan, TOY, CPU)
    plain = [replace(spec, latent=0, redrawn=False) for spec in specs]
    first = pixels.step(None, plain[0])
    second = pixels.step(first, plain[1])
    third = vqgan.step(begun_anew(second), plain[2])
    fourth = vqgan.step(third, plain[3])
    fifth = pixels.step(begun_anew(fourth), plain[4])
    assert_close([found], [[first, second, third, fourth, fifth]])
    assert found[3].latent is not None
    assert found[3].latent.shape[-2:] == (3, 4)


def test_a_cut_to_another_model_starts_as_its_first_frame_does(
    both: Renderer, specs: list[FrameSpec], embedded_vqgan: VQGAN
) -> None:
    cut = replace(specs[2], cut=True, transforms={})
    [[_, found]] = alone(both, [[specs[0], cut]])
    [[wanted]] = alone(Renderer(embedded_vqgan, TOY, CPU), [[replace(cut, latent=0, redrawn=False)]])
    assert_close([[found]], [[wanted]])


def test_runs_in_lockstep_are_those_of_single_runs(both: Renderer, specs: list[FrameSpec]) -> None:
    runs = [specs, [replace(spec, seed=8) for spec in specs], [replace(spec, seed=9) for spec in specs[:2]]]
    singles = alone(both, runs)
    assert_close(together(both, runs, most=1), singles)
    for one, other in zip(together(both, runs), singles, strict=True):
        assert [state.index for state in one] == [state.index for state in other]
        torch.testing.assert_close(one[1].image, other[1].image, atol=1e-5, rtol=1e-4)


def test_as_many_pictures_fit_as_do_with_the_largest_model(
    both: Renderer, embedded_vqgan: VQGAN, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("render.device.memory.available", lambda device: 2**33)
    size = (256, 256)
    singles = [Renderer(latents, TOY, CPU).fitting(size, 10_000) for latents in (Pixels(), embedded_vqgan)]
    assert both.fitting(size, 10_000) == min(singles) < max(singles)
