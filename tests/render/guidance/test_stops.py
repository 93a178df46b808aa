"""Stops: a prompt lets go of a cutout that is as similar to it as its stop says."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from render.guidance.losses import LossInputs
from render.guidance.losses.prompt import loss, spherical_distance
from render.guidance.perceptors.toy import Toy
from render.guidance.prompts import PromptEncoder, Targets, batch_targets, stop_distance
from render.latents.pixels import Pixels
from render.refinement.joint_steps import refined
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Guide, Refinement, similarity
from render.renderer.renderer import Renderer
from render.rng import frame_generator
from render.spec import FrameSpec
from render.spec.prompts import PromptWeight
from tests.render.refinement.test_lockstep import alone, assert_close, together

CPU = torch.device("cpu")
TOY = Toy(CPU)
NEVER = -math.inf


class ReplaceGrad(torch.autograd.Function):
    """The value of one tensor with the gradient of another: the words of the VQGAN+CLIP notebook."""

    @staticmethod
    def forward(context: torch.autograd.function.FunctionCtx, value: Tensor, gradient: Tensor) -> Tensor:
        return value.clone()

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, *gradients: Tensor) -> tuple[None, Tensor]:
        return None, gradients[0]


def at_angles(*degrees: float) -> Tensor:
    """Unit vectors (N, 3) at these angles to the first axis."""
    angles = torch.tensor(degrees).deg2rad()
    return torch.stack([angles.cos(), angles.sin(), torch.zeros_like(angles)], dim=-1)


def targets_of(*prompts: PromptWeight) -> Targets:
    found = PromptEncoder(TOY, CPU).targets(prompts, "weights")
    assert found is not None
    return found


def gradients(embeddings: Tensor, targets: Targets) -> tuple[Tensor, Tensor]:
    """The loss of cutouts (B, N, D) and its gradient with respect to them."""
    embeddings = embeddings.clone().requires_grad_()
    picture = torch.zeros(len(embeddings), 3, 4, 4)
    value = loss(
        LossInputs(
            image=picture, latent=picture, anchor=picture, embeddings=[embeddings], targets=[targets], shares=[1.0]
        )
    )
    (gradient,) = torch.autograd.grad(value.sum(), embeddings)
    return value, gradient


@pytest.mark.parametrize(("weight", "held"), [(1.0, [True, True, False]), (-0.5, [False, False, True])])
def test_a_prompt_has_no_gradient_in_the_cutouts_that_reached_its_stop(weight: float, held: list[bool]) -> None:
    """Cosines 0.98, 0.87 and 0.5 around a stop of 0.8: those above it if it pulls, those below if it pushes away."""
    stops = torch.tensor([stop_distance(PromptWeight(text="x", weight=weight, stop=0.8))])
    targets = Targets(embeddings=at_angles(0), weights=torch.tensor([weight]))
    seen = at_angles(10, 30, 60).unsqueeze(0)
    free_value, free = gradients(seen, targets)
    value, gradient = gradients(seen, replace(targets, stops=stops))
    assert torch.equal(value, free_value), "a stop changes no distance"
    assert [not bool(each.any()) for each in gradient[0]] == held
    kept = [number for number, each in enumerate(held) if not each]
    assert torch.equal(gradient[0, kept], free[0, kept])


def test_the_gradient_is_that_of_the_lineage(generator: torch.Generator) -> None:
    seen = F.normalize(torch.randn(2, 6, 8, generator=generator), dim=-1)
    aims = F.normalize(torch.randn(3, 8, generator=generator), dim=-1)
    weights, stops = torch.tensor([1.5, -0.7, 0.4]), torch.tensor([1.1, -1.3, NEVER])
    _, gradient = gradients(seen, Targets(embeddings=aims, weights=weights, stops=stops))

    leaf = seen.clone().requires_grad_()
    signed = spherical_distance(leaf.unsqueeze(2), aims) * weights.sign()
    held = ReplaceGrad.apply(signed, torch.maximum(signed, stops))
    (wanted,) = torch.autograd.grad((held * weights.abs()).sum(dim=-1).mean(dim=1).sum(), leaf)
    torch.testing.assert_close(gradient, wanted)
    assert bool((signed <= stops).any(dim=(0, 1))[:2].all()), "both stops are reached somewhere"


@pytest.mark.parametrize("cosine", [-0.9, -0.3, 0.0, 0.5, 0.8, 1.0])
def test_a_stop_is_the_distance_of_its_cosine(cosine: float) -> None:
    vector = at_angles(math.degrees(math.acos(cosine)))
    distance = float(spherical_distance(vector, at_angles(0)))
    for weight in (2.0, -2.0):
        stop = stop_distance(PromptWeight(text="x", weight=weight, stop=cosine))
        assert stop == pytest.approx(math.copysign(distance, weight), abs=1e-3)


def test_prompts_without_stops_are_never_held_by_those_of_other_pictures() -> None:
    stopped = targets_of(PromptWeight(text="red", weight=1.0, stop=0.5), PromptWeight(text="fog", weight=-1.0))
    free = targets_of(PromptWeight(text="blue", weight=1.0))
    assert free.stops is None
    both = batch_targets([stopped, free]).stops
    assert both is not None
    assert both.tolist() == [[pytest.approx(math.acos(0.5) ** 2 / 2), NEVER], [NEVER, NEVER]]
    assert batch_targets([free, free]).stops is None


def test_slerp_aims_at_one_point_with_a_stop_between_both() -> None:
    stops = {"red": 0.4, "blue": 0.8}
    prompts = [PromptWeight(text=text, weight=weight, stop=stops[text]) for text, weight in (("red", 3), ("blue", 1))]
    targets = PromptEncoder(TOY, CPU).targets(prompts, "slerp")
    assert targets is not None
    assert targets.stops is not None
    assert targets.stops.tolist() == [pytest.approx(math.acos(0.5) ** 2 / 2)]


def test_a_picture_stays_where_its_prompt_lets_go(spec: FrameSpec, generator: torch.Generator) -> None:
    """Towards red until it is red enough; without a stop it goes on to the end."""
    picture = 0.4 + 0.2 * torch.rand(1, 3, 16, 16, generator=generator)
    reached = []
    for stop in (0.2, 0.6, None):
        asked = replace(spec, prompts=(PromptWeight(text="red", weight=1.0, stop=stop),), num_steps=80, lr=0.01)
        guides = [Guide(perceptor=TOY, targets=targets_of(*asked.prompts))]
        refinement = Refinement(
            latents=Pixels(), guides=guides, anchor=picture, spec=asked, generator=frame_generator(7, 1, CPU)
        )
        found = refined(refinement, LatentAdam(Pixels().encode(picture), None))
        reached.append(float(similarity(found, guides)))
    early, later, never = reached
    assert 0.2 < early < 0.6 < later < 0.8 < 0.9 < never


def test_frames_in_lockstep_are_those_of_single_runs(toy_renderer: Renderer, spec: FrameSpec) -> None:
    """One run with stops, one without, and one whose stop is out of reach: that is the one without, to the bit."""
    spec = replace(spec, losses={"prompt": 1.0, "smooth": 0.4}, num_steps=4)
    stopped, free, unreached = (
        [replace(spec, index=index, prompts=(PromptWeight(text="red", weight=1.0, stop=stop),)) for index in range(2)]
        for stop in (0.5, None, 1.0)
    )
    singles = alone(toy_renderer, [stopped, free, unreached])
    assert_close(together(toy_renderer, [stopped, free, unreached]), singles, atol=1e-5, rtol=1e-4)
    assert_close(together(toy_renderer, [stopped, free], most=1), singles[:2])
    assert torch.equal(singles[1][-1].image, singles[2][-1].image)
    assert not torch.equal(singles[0][-1].image, singles[1][-1].image)


def test_specs_without_stops_have_the_hash_of_earlier_runs(spec: FrameSpec) -> None:
    assert "stop" not in spec.to_json()
    stopped = replace(spec, prompts=(PromptWeight(text="red", weight=1.0, stop=0.5),))
    assert '"stop": 0.5' in stopped.to_json()
