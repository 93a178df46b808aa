from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from render.errors import NonFiniteError
from render.guidance.augment import STRENGTHS
from render.guidance.cutouts import whole
from render.guidance.perceptors.toy import Toy
from render.guidance.prompts import PromptEncoder
from render.latents.pixels import Pixels
from render.refinement.joint_steps import refined as run
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Guide, Refinement, embed_cutouts
from render.renderer.renderer import FP16_LOSS_SCALE
from render.rng import frame_generator
from render.spec import FrameSpec
from render.spec.prompts import PromptWeight

CPU = torch.device("cpu")
TOY = Toy(CPU)


class CountingPixels(Pixels):
    """Counts how often a latent is decoded."""

    decodes = 0

    def decode(self, latent: Tensor) -> Tensor:
        self.decodes += 1
        return super().decode(latent)


def guides(spec: FrameSpec) -> list[Guide]:
    targets = PromptEncoder(TOY, CPU).targets(spec.prompts, spec.blend)
    assert targets is not None
    return [Guide(perceptor=TOY, targets=targets)]


def refinement(
    latents: Pixels,
    picture: Tensor,
    spec: FrameSpec,
    guided_by: Sequence[Guide] | None = None,
    *,
    careful: bool = False,
) -> Refinement:
    return Refinement(
        latents=latents,
        guides=guides(spec) if guided_by is None else guided_by,
        anchor=picture,
        spec=spec,
        generator=frame_generator(spec.seed, spec.index, CPU),
        careful=careful,
    )


def refined(picture: Tensor, spec: FrameSpec, guided_by: Sequence[Guide] | None = None) -> Tensor:
    latents = Pixels()
    optimizer = LatentAdam(latents.encode(picture), None)
    return run(refinement(latents, picture, spec, guided_by), optimizer)


def similarity(picture: Tensor, text: str) -> Tensor:
    seen = TOY.encode_image(whole(picture, TOY.side).flatten(0, 1))
    return seen @ TOY.encode_text([text])[0]


@pytest.mark.parametrize(("text", "channel", "sign"), [("red", 0, 1), ("green", 1, 1), ("blue", 2, 1), ("cyan", 0, -1)])
def test_the_picture_takes_the_colour_of_the_prompt(
    text: str, channel: int, sign: int, spec: FrameSpec, generator: torch.Generator
) -> None:
    start = 0.4 + 0.2 * torch.rand(1, 3, 16, 16, generator=generator)
    spec = replace(spec, prompts=(PromptWeight(text=text, weight=1.0),), num_steps=20)
    result = refined(start, spec)
    means = sign * result.mean(dim=(0, 2, 3))
    others = means[[other for other in range(3) if other != channel]]
    assert float(means[channel]) > float(others.max()) + 0.4
    assert float(similarity(result, text)) > 0.95 > float(similarity(start, text)) + 0.5


def test_a_negative_weight_drives_the_picture_away(spec: FrameSpec, generator: torch.Generator) -> None:
    start = torch.tensor([0.7, 0.4, 0.4]).view(1, 3, 1, 1) + 0.1 * torch.rand(1, 3, 16, 16, generator=generator)
    spec = replace(spec, prompts=(PromptWeight(text="red", weight=-1.0),), num_steps=20)
    result = refined(start, spec)
    assert float(similarity(start, "red")) > 0.5
    assert float(similarity(result, "red")) < -0.5


def test_a_larger_weight_wins(spec: FrameSpec) -> None:
    start = torch.full((1, 3, 16, 16), 0.5)
    prompts = (PromptWeight(text="red", weight=0.2), PromptWeight(text="blue", weight=1.0))
    red, _, blue = refined(start, replace(spec, prompts=prompts, num_steps=20)).mean(dim=(0, 2, 3)).tolist()
    assert blue > red + 0.3


@pytest.mark.parametrize("num_steps", [0, 1, 5])
def test_the_picture_is_decoded_once_per_step_and_once_at_the_end(
    num_steps: int, spec: FrameSpec, generator: torch.Generator
) -> None:
    latents = CountingPixels()
    picture = torch.rand(1, 3, 16, 16, generator=generator)
    spec = replace(spec, num_steps=num_steps)
    optimizer = LatentAdam(latents.encode(picture), None)
    result = run(refinement(latents, picture, spec), optimizer)
    assert latents.decodes == num_steps + 1
    assert torch.equal(result, latents.decode(optimizer.latent))
    assert not result.requires_grad


def test_the_latent_stays_inside_the_range_of_its_representation(spec: FrameSpec) -> None:
    optimizer = LatentAdam(torch.zeros(1, 3, 16, 16), None)
    spec = replace(spec, num_steps=10, lr=5.0)
    run(refinement(Pixels(), torch.zeros(1, 3, 16, 16), spec), optimizer)
    assert float(optimizer.latent.detach().abs().max()) == 1.0


def test_the_learning_rate_is_measured_in_the_spread_of_latents(spec: FrameSpec) -> None:
    spec = replace(spec, losses={"smooth": 1.0}, num_steps=1, lr=0.1)
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(3)) * 0.8 + 0.1
    step = (Pixels().encode(refined(picture, spec)) - Pixels().encode(picture)).abs().max()
    assert float(step) == pytest.approx(0.1 * Pixels.spread, rel=1e-3)


def test_the_smooth_loss_smooths_and_the_anchor_loss_holds(spec: FrameSpec, generator: torch.Generator) -> None:
    picture = torch.rand(1, 3, 16, 16, generator=generator)
    loose, held = (
        refined(picture, replace(spec, losses=weights, num_steps=15), [])
        for weights in ({"smooth": 1.0}, {"smooth": 1.0, "anchor": 30.0})
    )
    assert float(loose.diff(dim=-1).abs().mean()) < 0.8 * float(picture.diff(dim=-1).abs().mean())
    assert float((held - picture).abs().mean()) < 0.5 * float((loose - picture).abs().mean())


def test_without_randomness_a_batch_equals_its_single_pictures(spec: FrameSpec, generator: torch.Generator) -> None:
    pictures = torch.rand(2, 3, 16, 24, generator=generator)
    spec = replace(spec, losses={"smooth": 1.0, "anchor": 2.0, "saturation": 0.5}, num_steps=6)
    together = refined(pictures, spec, [])
    alone = [refined(pictures[i : i + 1], spec, []) for i in range(2)]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=0)


def test_every_picture_of_a_batch_follows_the_prompt(spec: FrameSpec, generator: torch.Generator) -> None:
    pictures = torch.stack([torch.full((3, 16, 24), 0.3), torch.rand(3, 16, 24, generator=generator)])
    result = refined(pictures, replace(spec, num_steps=20))
    assert result.shape == (2, 3, 16, 24)
    assert (similarity(result, "red") > 0.9).all()
    assert not torch.equal(result[0], result[1])


def test_embeddings_are_unit_vectors_for_every_cutout(generator: torch.Generator) -> None:
    (seen,) = embed_cutouts(torch.rand(2, 3, 16, 24, generator=generator), [TOY], 5, STRENGTHS["light"], generator)
    assert seen.views.shape == (2, 5, 3, 3)
    assert seen.embeddings.shape == (2, 5, 4)
    torch.testing.assert_close(torch.linalg.vector_norm(seen.embeddings, dim=-1), torch.ones(2, 5))


def test_cutouts_stay_with_their_picture(generator: torch.Generator) -> None:
    red, blue = torch.zeros(2, 3, 16, 24)
    red[0], blue[2] = 1.0, 1.0
    (seen,) = embed_cutouts(torch.stack([red, blue]), [TOY], 6, STRENGTHS["light"], generator)
    wanted = TOY.encode_text(["red", "blue"])
    cosines = seen.embeddings @ wanted.T
    assert (cosines[0, :, 0] > 0.99).all()
    assert (cosines[1, :, 1] > 0.99).all()


class Wide(Toy):
    """The toy with another cutout size."""

    side = 24


def test_perceptors_of_the_same_size_share_cutouts(generator: torch.Generator) -> None:
    picture = torch.rand(1, 3, 32, 32, generator=generator)
    first, wide, second = embed_cutouts(picture, [TOY, Wide(CPU), Toy(CPU)], 6, STRENGTHS["light"], generator)
    assert torch.equal(first.embeddings, second.embeddings)
    assert not torch.allclose(first.embeddings, wide.embeddings, atol=1e-3)


def test_perceptors_are_weighted(spec: FrameSpec) -> None:
    """Two scorers with opposite prompts: the picture follows the one with the larger weight."""
    spec = replace(spec, num_steps=15)
    picture = torch.full((1, 3, 16, 16), 0.5)
    red, blue = (
        guides(replace(spec, prompts=(PromptWeight(text=text, weight=1.0),)))[0].targets for text in ("red", "blue")
    )
    heavier = [Guide(perceptor=TOY, targets=red, weight=1.0), Guide(perceptor=TOY, targets=blue, weight=4.0)]
    result = refined(picture, spec, heavier).mean(dim=(0, 2, 3))
    assert float(result[2]) > float(result[0]) + 0.2


def test_the_running_average_is_the_frame_and_the_next_start(spec: FrameSpec, generator: torch.Generator) -> None:
    latents, picture = CountingPixels(), torch.rand(1, 3, 16, 16, generator=generator)
    spec = replace(spec, num_steps=6, lr=0.5)
    last, averaged = LatentAdam(latents.encode(picture), None), LatentAdam(latents.encode(picture), None)
    run(refinement(latents, picture, spec), last)
    result = run(refinement(latents, picture, replace(spec, ema=0.9)), averaged)
    assert torch.equal(result, latents.decode(averaged.latent.detach()))
    assert not torch.allclose(last.latent.detach(), averaged.latent.detach(), atol=1e-3)
    moved = float((last.latent.detach() - latents.encode(picture)).abs().mean())
    assert float((averaged.latent.detach() - latents.encode(picture)).abs().mean()) < moved  # it lags behind


def test_careful_steps_equal_plain_steps_while_all_is_finite(spec: FrameSpec, generator: torch.Generator) -> None:
    picture = torch.rand(1, 3, 16, 16, generator=generator)
    spec = replace(spec, num_steps=5)
    results = [
        run(refinement(Pixels(), picture, spec, careful=careful), LatentAdam(Pixels().encode(picture), None))
        for careful in (False, True)
    ]
    assert torch.equal(*results)


class Exploding(Pixels):
    """Latents further from 0 than `limit` are not finite."""

    limit = 0.0

    def project(self, latent: Tensor) -> Tensor:
        return torch.where(latent.abs() > self.limit, torch.nan, latent)


def test_a_non_finite_step_is_repeated_with_a_smaller_step(spec: FrameSpec) -> None:
    """From 0, Adam's first step is about lr: 1 is too far, 0.25 is not."""
    latents = Exploding()
    latents.limit = 0.3
    picture = torch.full((1, 3, 16, 16), 0.5)
    spec = replace(spec, num_steps=1, lr=1.0 / latents.spread)
    assert not bool(run(refinement(latents, picture, spec), LatentAdam(latents.encode(picture), None)).isfinite().all())
    optimizer = LatentAdam(latents.encode(picture), None)
    assert bool(run(refinement(latents, picture, spec, careful=True), optimizer).isfinite().all())
    assert float(optimizer.latent.detach().abs().max()) == pytest.approx(0.25, rel=1e-3)


class HalfPrecision(Pixels):
    """Pictures, and so their gradients, pass through fp16, whose largest number is 65504."""

    def decode(self, latent: Tensor) -> Tensor:
        return super().decode(latent).half().float()


def test_a_gradient_that_overflows_fp16_is_scaled_less(spec: FrameSpec, generator: torch.Generator) -> None:
    """Gradients of 40 at most: 4096 times that is infinite in fp16, 1024 times is not. So the rate is a quarter."""
    picture = 0.25 + 0.5 * torch.rand(1, 3, 16, 16, generator=generator)
    spec = replace(spec, num_steps=1, prompts=(), losses={"smooth": 40 / 4 * 3 * 16 * 15})
    latent = HalfPrecision().encode(picture)
    scaled, wanted = LatentAdam(latent, None, FP16_LOSS_SCALE), LatentAdam(latent, None)
    assert not bool(run(refinement(HalfPrecision(), picture, spec, []), scaled).isfinite().all())
    scaled = LatentAdam(latent, None, FP16_LOSS_SCALE)
    run(refinement(HalfPrecision(), picture, spec, [], careful=True), scaled)
    run(refinement(HalfPrecision(), picture, replace(spec, lr=spec.lr / 4), []), wanted)
    torch.testing.assert_close(scaled.latent, wanted.latent, atol=1e-6, rtol=0)


def test_a_refinement_that_stays_non_finite_is_an_error(spec: FrameSpec) -> None:
    picture = torch.full((1, 3, 16, 16), 0.5)
    with pytest.raises(NonFiniteError, match=r"frame 1: .* smaller refine\.lr"):
        run(
            refinement(Exploding(), picture, replace(spec, num_steps=2), careful=True),
            LatentAdam(Exploding().encode(picture), None),
        )
