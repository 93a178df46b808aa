import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from render.errors import NonFiniteError
from render.guidance.perceptors.toy import Toy
from render.latents.pixels import Pixels
from render.latents.vqgan import VQGAN
from render.models.registry import find_latent, find_perceptor
from render.motion.displacements.homography import Homography, motion_matrix
from render.motion.warp import warp
from render.renderer.loading.load import load_renderer
from render.renderer.renderer import Renderer, Scorer
from render.renderer.state import FrameState
from render.spec import FrameSpec
from render.spec.prompts import PromptWeight

CPU = torch.device("cpu")


class CountingPixels(Pixels):
    """Counts how often pictures are encoded."""

    encodes = 0

    def encode(self, image: Tensor) -> Tensor:
        self.encodes += 1
        return super().encode(image)


def state_of(image: Tensor) -> FrameState:
    """The state after a refined frame 0."""
    return FrameState(
        index=0, image=image, latent=Pixels().encode(image), similarity=torch.full((len(image),), torch.nan)
    )


def assert_identical(one: FrameState, other: FrameState) -> None:
    assert one.index == other.index
    for name in ("image", "latent", "similarity"):
        assert torch.equal(getattr(one, name), getattr(other, name)), name
    assert one.optimizer_state.keys() == other.optimizer_state.keys() != set()
    for name, value in one.optimizer_state.items():
        assert torch.equal(value, other.optimizer_state[name]), name


@pytest.fixture
def picture(generator: torch.Generator) -> Tensor:
    return torch.rand(1, 3, 16, 16, generator=generator)


def test_the_first_frame_has_the_size_of_the_spec(toy_renderer: Renderer, spec: FrameSpec) -> None:
    state = toy_renderer.step(None, replace(spec, index=0, size=(24, 10), num_steps=2))
    assert state.index == 0
    assert state.image.shape == (1, 3, 10, 24)


def test_similarity_rises_over_frames(toy_renderer: Renderer, spec: FrameSpec) -> None:
    state, seen = None, []
    for index in range(4):
        state = toy_renderer.step(state, replace(spec, index=index, num_steps=4))
        seen.append(float(state.similarity))
    assert seen == sorted(seen)
    assert seen[-1] > 0.9


def test_similarity_is_the_cosine_of_the_whole_picture(toy_renderer: Renderer, spec: FrameSpec) -> None:
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1).repeat(2, 1, 16, 16)
    red[1] = 1 - red[1]
    similarity = toy_renderer.step(state_of(red), spec).similarity
    opposite = (0.01 - 0.75) / (0.01 + 0.75)  # the toy adds the constant 0.1 to (r, g, b) - 0.5
    torch.testing.assert_close(similarity, torch.tensor([1.0, opposite]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("num_steps", [0, 2])
def test_without_prompts_similarity_is_nan(
    num_steps: int, toy_renderer: Renderer, spec: FrameSpec, picture: Tensor
) -> None:
    spec = replace(spec, prompts=(), losses={"smooth": 1.0}, num_steps=num_steps)
    similarity = toy_renderer.step(state_of(picture), spec).similarity
    assert similarity.shape == (1,)
    assert math.isnan(float(similarity))


def test_a_prompt_loss_without_prompts_changes_nothing(
    toy_renderer: Renderer, spec: FrameSpec, picture: Tensor
) -> None:
    result = toy_renderer.step(state_of(picture), replace(spec, prompts=(), num_steps=2))
    torch.testing.assert_close(result.image, picture)


def test_without_steps_and_motion_the_state_is_unchanged(
    toy_renderer: Renderer, spec: FrameSpec, picture: Tensor
) -> None:
    before = replace(state_of(picture), optimizer_state={"step": torch.tensor(3.0)})
    after = toy_renderer.step(before, spec)
    assert after.index == 1
    assert after.image is before.image
    assert after.latent is before.latent
    assert after.optimizer_state == before.optimizer_state


@pytest.mark.parametrize("border", ["reflect", "wrap", "edge", "black"])
def test_without_steps_a_motion_is_one_warp(border: str, toy_renderer: Renderer, spec: FrameSpec) -> None:
    pictures = torch.rand(2, 3, 16, 24, generator=torch.Generator().manual_seed(2))
    transforms = {"zoom": 1.2, "rotate": -15.0, "pan_x": 0.1}
    spec = replace(spec, size=(24, 16), transforms=transforms, center=(0.2, 0.9), border=border)
    result = toy_renderer.step(state_of(pictures), spec)
    matrix = motion_matrix(transforms, (24, 16), (0.2, 0.9))
    assert torch.equal(result.image, warp(pictures, Homography(matrices=np.stack([matrix, matrix])), border))
    assert result.latent is None


def test_without_a_motion_a_painted_border_is_like_any_other(toy_renderer: Renderer, spec: FrameSpec) -> None:
    states: list[FrameState | None] = [None, None]
    for index in range(3):
        for number, border in enumerate(("reflect", "paint")):
            still = replace(spec, index=index, num_steps=2, border=border)
            states[number] = toy_renderer.step(states[number], still)
        one, other = states
        assert one is not None
        assert other is not None
        assert_identical(one, other)
        assert other.canvas is None


def test_a_painted_border_is_left_behind_at_a_cut_and_by_other_borders(
    toy_renderer: Renderer, spec: FrameSpec, picture: Tensor
) -> None:
    painted = replace(spec, border="paint", transforms={"zoom": 0.9}, num_steps=1)
    state = toy_renderer.step(state_of(picture), painted)
    assert state.canvas is not None
    assert toy_renderer.step(state, replace(painted, transforms={})).canvas is state.canvas
    assert toy_renderer.step(state, replace(painted, cut=True)).canvas is None
    assert toy_renderer.step(state, replace(painted, border="edge")).canvas is None


def test_refinement_starts_from_the_warped_picture(toy_renderer: Renderer, spec: FrameSpec, picture: Tensor) -> None:
    moved = replace(spec, transforms={"pan_x": 0.25})
    result = toy_renderer.step(state_of(picture), replace(moved, num_steps=1, lr=1e-6))
    wanted = toy_renderer.step(state_of(picture), moved).image
    torch.testing.assert_close(result.image, wanted, atol=1e-4, rtol=0)


@pytest.mark.parametrize(("transforms", "encodes"), [({}, 0), ({"zoom": 1.1}, 3)])
def test_a_frame_is_encoded_only_if_it_moved(
    transforms: dict[str, float], encodes: int, spec: FrameSpec, picture: Tensor
) -> None:
    """A motion costs the three encodings of `render.motion.warm_start`."""
    latents = CountingPixels()
    renderer = Renderer(latents, [Scorer(perceptor=Toy(CPU))], CPU)
    renderer.step(state_of(picture), replace(spec, transforms=transforms, num_steps=2))
    assert latents.encodes == encodes


def test_a_neutral_motion_is_not_encoded(spec: FrameSpec, picture: Tensor) -> None:
    latents = CountingPixels()
    renderer = Renderer(latents, [Scorer(perceptor=Toy(CPU))], CPU)
    renderer.step(state_of(picture), replace(spec, transforms={"zoom": 1.0, "rotate": 0.0}, num_steps=2))
    assert latents.encodes == 0


def test_the_picture_is_that_of_the_latent(toy_renderer: Renderer, spec: FrameSpec, picture: Tensor) -> None:
    state = toy_renderer.step(state_of(picture), replace(spec, num_steps=3, transforms={"rotate": 5.0}))
    assert state.latent is not None
    assert torch.equal(state.image, Pixels().decode(state.latent))
    assert not state.image.requires_grad
    assert not state.latent.requires_grad


def test_step_does_not_modify_its_input_state(toy_renderer: Renderer, spec: FrameSpec) -> None:
    first = toy_renderer.step(None, replace(spec, index=0, num_steps=2))
    assert first.latent is not None
    copies = first.image.clone(), first.latent.clone(), {k: v.clone() for k, v in first.optimizer_state.items()}
    toy_renderer.step(first, replace(spec, num_steps=2))
    assert torch.equal(first.image, copies[0])
    assert torch.equal(first.latent, copies[1])
    assert all(torch.equal(first.optimizer_state[name], value) for name, value in copies[2].items())


def two_frames(renderer: Renderer, spec: FrameSpec) -> FrameState:
    first = renderer.step(None, replace(spec, index=0, num_steps=3))
    return renderer.step(first, replace(spec, num_steps=3, transforms={"zoom": 1.05, "rotate": 2.0}))


@pytest.mark.parametrize("disturb", [lambda: None, lambda: torch.rand(5), lambda: torch.manual_seed(1)])
def test_equal_specs_give_bit_identical_states_whatever_the_global_generators_do(
    disturb: Callable[[], object], toy_renderer: Renderer, spec: FrameSpec
) -> None:
    before = two_frames(toy_renderer, spec)
    disturb()
    assert_identical(before, two_frames(Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU), spec))


@pytest.mark.parametrize("changes", [{"seed": 8}, {"index": 2}])
def test_another_seed_or_frame_gives_other_random_numbers(
    changes: dict[str, int], toy_renderer: Renderer, spec: FrameSpec, picture: Tensor
) -> None:
    spec = replace(spec, num_steps=2)
    one, other = (toy_renderer.step(state_of(picture), replace(spec, **change)) for change in ({}, changes))  # type: ignore[arg-type]
    assert not torch.equal(one.image, other.image)


def test_the_optimizer_is_carried_unless_the_spec_says_otherwise(toy_renderer: Renderer, spec: FrameSpec) -> None:
    first = toy_renderer.step(None, replace(spec, index=0, num_steps=3))
    second = replace(spec, num_steps=3, prompts=(PromptWeight(text="blue", weight=1.0),))
    carried, fresh = (toy_renderer.step(first, replace(second, carry_optimizer=carry)) for carry in (True, False))
    assert float(carried.optimizer_state["step"]) == 6
    assert float(fresh.optimizer_state["step"]) == 3
    assert not torch.equal(carried.image, fresh.image)


def test_a_nan_learning_rate_stops_the_run(toy_renderer: Renderer, spec: FrameSpec, picture: Tensor) -> None:
    with pytest.raises(NonFiniteError, match=r"^frame 5: .*try a smaller refine\.lr"):
        toy_renderer.step(state_of(picture), replace(spec, index=5, lr=math.nan, num_steps=2))


@pytest.mark.parametrize("num_steps", [0, 2])
def test_a_non_finite_picture_stops_the_run(
    num_steps: int, toy_renderer: Renderer, spec: FrameSpec, picture: Tensor
) -> None:
    picture[0, 0, 3, 3] = torch.nan
    with pytest.raises(NonFiniteError, match="frame 1"):
        toy_renderer.step(state_of(picture), replace(spec, num_steps=num_steps))


def test_a_non_finite_latent_stops_the_run_even_if_the_codebook_hides_it(
    quantizing_vqgan: VQGAN, spec: FrameSpec, picture: Tensor
) -> None:
    """Any non-finite latent is mapped to some entry of the codebook, so the picture looks intact."""
    renderer = Renderer(quantizing_vqgan, [Scorer(perceptor=Toy(CPU))], CPU)
    state = replace(state_of(picture), latent=quantizing_vqgan.encode(picture))
    first = renderer.step(state, replace(spec, num_steps=1))
    first.optimizer_state["exp_avg"][0, 0, 0, 0] = torch.nan
    with pytest.raises(NonFiniteError, match="frame 2"):
        renderer.step(first, replace(spec, index=2, num_steps=1))
    assert first.latent is not None
    assert bool(quantizing_vqgan.decode(torch.full_like(first.latent, torch.nan)).isfinite().all())


def test_a_batch_is_rendered_in_lockstep(toy_renderer: Renderer, spec: FrameSpec) -> None:
    pictures = torch.rand(2, 3, 16, 24, generator=torch.Generator().manual_seed(2))
    spec = replace(spec, size=(24, 16), num_steps=10, transforms={"zoom": 1.1}, losses={"prompt": 1.0, "smooth": 0.1})
    state = toy_renderer.step(state_of(pictures), spec)
    assert state.image.shape == pictures.shape
    assert state.similarity.shape == (2,)
    assert (state.similarity > 0.7).all()
    assert not torch.equal(state.image[0], state.image[1])


def test_two_perceptors_pull_together(spec: FrameSpec, picture: Tensor) -> None:
    renderer = Renderer(Pixels(), [Scorer(perceptor=Toy(CPU)), Scorer(perceptor=Toy(CPU))], CPU)
    state = renderer.step(state_of(picture), replace(spec, num_steps=20))
    assert float(state.similarity) > 0.9


def test_the_embedded_pair_renders_bit_identical_frames_and_follows_its_prompt(
    embedded_renderer: Renderer, spec: FrameSpec
) -> None:
    sea = (PromptWeight(text="a golden sunset over the sea", weight=1.0),)
    spec = replace(spec, size=(64, 40), prompts=sea, lr=0.15)
    start = embedded_renderer.step(None, replace(spec, index=0))
    one, other = (two_frames(embedded_renderer, spec) for _ in range(2))
    assert_identical(one, other)
    assert float(one.similarity) > float(start.similarity) + 0.1


def test_models_are_loaded_by_their_names(spec: FrameSpec) -> None:
    toy = (find_perceptor("toy").files(), 1.0)
    renderer = load_renderer(find_latent("pixels").files(), [toy, toy], False, CPU, torch.float32)
    assert_identical(
        two_frames(renderer, spec),
        two_frames(Renderer(Pixels(), [Scorer(perceptor=Toy(CPU)), Scorer(perceptor=Toy(CPU))], CPU), spec),
    )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_on_a_gpu_everything_stays_on_the_device(spec: FrameSpec) -> None:
    cuda = torch.device("cuda")
    models = find_latent("embedded").files(), [(find_perceptor("embedded").files(), 1.0)]
    renderer = load_renderer(*models, False, cuda, torch.bfloat16)
    state = two_frames(renderer, replace(spec, size=(64, 40)))
    assert {state.image.device.type, state.similarity.device.type} == {"cuda"}
    assert bool(torch.isfinite(state.image).all())
    assert state.image.dtype == torch.float32


def test_a_cut_starts_from_noise_whatever_the_previous_frame(
    toy_renderer: Renderer, spec: FrameSpec, picture: Tensor
) -> None:
    cut = replace(spec, index=4, num_steps=3, cut=True, transforms={"zoom": 1.1})
    after_picture = toy_renderer.step(state_of(picture), cut)
    at_first = toy_renderer.step(None, replace(cut, cut=False))
    assert torch.equal(after_picture.image, at_first.image)
    assert float(after_picture.optimizer_state["step"]) == 3
    assert not torch.equal(after_picture.image, toy_renderer.step(state_of(picture), replace(cut, cut=False)).image)
