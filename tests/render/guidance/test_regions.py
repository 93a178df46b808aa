"""Prompts that apply to a part of the picture: from the mask to the gradient and the frame."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from render.guidance import cutouts
from render.guidance.augment import STRENGTHS
from render.guidance.losses import LossInputs, prompt
from render.guidance.perceptors.toy import Toy
from render.guidance.prompts import PromptEncoder, Targets, batch_targets
from render.guidance.stencils import Dealt, resized
from render.latents.pixels import Pixels
from render.refinement.joint_steps import Pending, refined, take_steps
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Guide, Refinement, embed_cutouts
from render.renderer.renderer import Renderer, Scorer
from render.rng import frame_generator
from render.spec import FrameSpec
from render.spec.prompts import PromptWeight
from render.spec.regions import Region

CPU = torch.device("cpu")
TOY = Toy(CPU)
HEIGHT, WIDTH = 16, 32
LEFT = Region(kind="box", numbers=(0.0, 0.0, 0.5, 1.0))
RIGHT = replace(LEFT, invert=True)


def left_half() -> Tensor:
    """(H, W), 1 on the left and 0 on the right."""
    return (torch.arange(WIDTH) < WIDTH // 2).float().expand(HEIGHT, WIDTH)


def targets_of(*texts: str, regions: list[Tensor] | None = None) -> Targets:
    return Targets(
        embeddings=TOY.encode_text(list(texts)),
        weights=torch.ones(len(texts)),
        regions=None if regions is None else torch.stack(regions),
    )


def crop(x: float, scale: float) -> Tensor:
    """A view (3, 3) of the full height around `x`, in [-1, 1]."""
    return torch.tensor([[scale, 0.0, x], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def dealt(targets: Targets, views: Tensor) -> Dealt:
    assert targets.stencil is not None
    return targets.stencil.deal(views, 16)


def gradient(targets: Targets, count: int = 64, strength: str = "full") -> Tensor:
    """The gradient of the prompt loss in the pixels (1, 3, H, W), through `count` cutouts."""
    image = torch.rand(1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1)).requires_grad_()
    stencil = targets.stencil
    seen = image if stencil is None else stencil.over(image)
    (found,) = embed_cutouts(seen, [TOY], count, STRENGTHS[strength], frame_generator(1, 2, CPU), stencil)
    inputs = LossInputs(
        image=image,
        latent=image,
        anchor=image,
        embeddings=[found.embeddings],
        targets=[replace(targets, coverage=found.coverage)],
        shares=[1.0],
    )
    (slope,) = torch.autograd.grad(prompt.loss(inputs).sum(), image)
    return slope


def test_coverage_is_how_much_of_the_region_a_cutout_shows() -> None:
    views = torch.stack([crop(-0.5, 0.4), crop(0.5, 0.4), crop(0.0, 1.0), crop(0.0, -0.4)])[None]
    found = dealt(targets_of("red", regions=[left_half()]), views)
    torch.testing.assert_close(found.coverage[0, :, 0], torch.tensor([1.0, 0.0, 0.5, 0.5]), atol=0.02, rtol=0)
    torch.testing.assert_close(found.mask.mean(dim=(2, 3, 4))[0], torch.tensor([1.0, 0.0, 0.5, 0.5]), atol=0.02, rtol=0)


def test_every_cutout_pulls_to_one_prompt_and_all_of_them_as_if_each_had_all_cutouts() -> None:
    """Cutouts of the whole picture show half of either region, so on average each prompt pulls by one half in each."""
    views = crop(0.0, 1.0).expand(1, 200, 3, 3)
    found = dealt(targets_of("red", "blue", regions=[left_half(), 1 - left_half()]), views)
    assert ((found.coverage > 0).sum(dim=-1) == 1).all()
    torch.testing.assert_close(found.coverage.mean(dim=1)[0], torch.tensor([0.5, 0.5]), atol=0.01, rtol=0)
    first = found.coverage[0, :, 0] > 0
    torch.testing.assert_close(found.mask[0, first], found.mask[0, first][:1].expand(int(first.sum()), -1, -1, -1))
    assert not (found.mask[0, first][:1] * found.mask[0, ~first][:1]).any(), "they change opposite halves"


def test_weights_decide_which_prompt_gets_more_cutouts() -> None:
    everywhere = torch.ones(HEIGHT, WIDTH)
    strong = replace(targets_of("red", "blue", regions=[everywhere, everywhere]), weights=torch.tensor([3.0, -1.0]))
    found = dealt(strong, crop(0.0, 1.0).expand(1, 400, 3, 3))
    assert 0.74 < float((found.coverage[0, :, 0] > 0).float().mean()) < 0.76
    torch.testing.assert_close(found.coverage.mean(dim=1)[0], torch.tensor([1.0, 1.0]), atol=0.01, rtol=0)


def test_a_region_of_ones_equals_no_region() -> None:
    everywhere = gradient(targets_of("red", regions=[torch.ones(HEIGHT, WIDTH)]))
    torch.testing.assert_close(everywhere, gradient(targets_of("red")), atol=1e-7, rtol=1e-4)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_the_gradient_is_inside_the_region_and_nowhere_else(strength: str) -> None:
    """Whatever the cutouts show: flips, rotations, tilts and reflections at the border."""
    spot = torch.zeros(HEIGHT, WIDTH)
    spot[3:9, 20:29] = 1.0
    slope = gradient(targets_of("red", regions=[spot]), strength=strength).abs().sum(dim=(0, 1))
    assert not slope[spot == 0].any()
    assert (slope[spot == 1] > 0).all()


def test_two_prompts_do_not_reach_into_each_others_region() -> None:
    """Red pulls the left half only: there the gradient is that of red alone, but for the pixels along the seam."""
    regions = [left_half(), 1 - left_half()]
    both = gradient(targets_of("red", "blue", regions=regions), count=600)
    red = gradient(targets_of("red", regions=regions[:1]), count=600)
    blue = gradient(targets_of("blue", regions=regions[1:]), count=600)
    inner = [slice(0, WIDTH // 2 - 2), slice(WIDTH // 2 + 2, WIDTH)]
    for part, alone in zip(inner, (red, blue), strict=True):
        found, expected = both[..., part], alone[..., part]
        cosine = torch.nn.functional.cosine_similarity(found.flatten(), expected.flatten(), dim=0)
        assert float(cosine) > 0.9
        assert 0.8 < float(found.norm() / expected.norm()) < 1.25


def test_each_picture_of_a_batch_has_its_own_regions() -> None:
    two = targets_of("red", "blue", regions=[left_half(), 1 - left_half()])
    views = torch.stack([crop(-0.5, 0.4), crop(0.5, 0.4)]).expand(2, 2, 3, 3)
    together = batch_targets([two, targets_of("red", regions=[1 - left_half()])])
    found = dealt(together, views)
    torch.testing.assert_close(found.coverage[0], torch.eye(2))
    torch.testing.assert_close(found.coverage[1], torch.tensor([[0.0, 0.0], [1.0, 0.0]]))
    assert batch_targets([targets_of("red"), targets_of("red")]).regions is None


def test_regions_are_scaled_for_coarse_steps() -> None:
    assert torch.equal(resized(left_half()[None, None], torch.Size([8, 16]))[0, 0], left_half()[::2, ::2])


def test_two_prompts_are_blended_to_one_point_only_in_the_same_region() -> None:
    def blended(*regions: Region | None) -> int:
        prompts = [
            PromptWeight(text=text, weight=1.0, region=each)
            for text, each in zip(("red", "blue"), regions, strict=True)
        ]
        found = PromptEncoder(TOY, CPU).targets(prompts, "slerp")
        assert found is not None
        return len(found.weights)

    assert blended(LEFT, LEFT) == 1
    assert blended(LEFT, RIGHT) == 2
    assert blended(LEFT, None) == 2


def halves(spec: FrameSpec) -> FrameSpec:
    """Red on the left, blue on the right."""
    prompts = (PromptWeight(text="red", weight=1.0, region=LEFT), PromptWeight(text="blue", weight=1.0, region=RIGHT))
    return replace(spec, size=(WIDTH, HEIGHT), prompts=prompts, num_steps=30, num_cutouts=16)


def test_a_region_affects_the_frame(spec: FrameSpec) -> None:
    renderer = Renderer(Pixels(), [Scorer(perceptor=TOY)], CPU)
    left, right = renderer.step(None, halves(spec)).image.chunk(2, dim=-1)
    assert float(left[:, 0].mean()) > float(right[:, 0].mean()) + 0.3
    assert float(right[:, 2].mean()) > float(left[:, 2].mean()) + 0.3


def test_a_loss_changes_its_region_only(spec: FrameSpec) -> None:
    renderer = Renderer(Pixels(), [Scorer(perceptor=TOY)], CPU)
    begun = renderer.step(None, replace(spec, size=(WIDTH, HEIGHT), num_steps=0))
    smooth = replace(spec, size=(WIDTH, HEIGHT), transforms={}, prompts=(), losses={"smooth": 1.0}, num_steps=5)
    found = renderer.step(begun, replace(smooth, index=1, loss_regions={"smooth": LEFT})).image - begun.image
    left, right = found.chunk(2, dim=-1)
    assert float(left.abs().mean()) > 0.01
    assert float(right.abs().max()) < 1e-6


def test_a_batch_refines_regions_as_each_would_be_alone(spec: FrameSpec) -> None:
    """Different numbers of prompts, and another size of region, which cannot be in the batch."""

    def pending(regions: list[Tensor], seed: int) -> Pending:
        targets = targets_of(*("red", "blue")[: len(regions)], regions=regions)
        generator = frame_generator(seed, 1, CPU)
        picture = torch.rand(1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(seed))
        own = replace(spec, size=(WIDTH, HEIGHT), num_steps=3, num_cutouts=8)
        refinement = Refinement(
            latents=Pixels(), guides=[Guide(perceptor=TOY, targets=targets)], anchor=picture, spec=own,
            generator=generator,
        )  # fmt: skip
        return Pending(refinement, LatentAdam(picture.clone(), None))

    both, one = [left_half(), 1 - left_half()], [left_half()]
    shared = Pixels()
    batch = [pending(both, 1), pending(one, 2)]
    for item in batch:
        item.refinement = replace(item.refinement, latents=shared)
    assert batch[0].kind == batch[1].kind
    assert batch[0].kind != replace_regions(batch[0], [half[::2, ::2] for half in both]).kind
    take_steps(batch, 3)
    for item, alone in zip(batch, (pending(both, 1), pending(one, 2)), strict=True):
        expected = refined(alone.refinement, alone.optimizer)
        torch.testing.assert_close(item.optimizer.latent, alone.optimizer.latent, atol=1e-5, rtol=1e-4)
        assert expected.shape == (1, 3, HEIGHT, WIDTH)


def replace_regions(item: Pending, regions: list[Tensor]) -> Pending:
    guide = item.refinement.guides[0]
    targets = replace(guide.targets, regions=torch.stack(regions))
    return Pending(replace(item.refinement, guides=[replace(guide, targets=targets)]), item.optimizer)


def test_views_that_show_nothing_of_any_region_have_no_effect() -> None:
    corner = torch.zeros(HEIGHT, WIDTH)
    corner[:2, :2] = 1.0
    found = dealt(targets_of("red", "blue", regions=[corner, corner]), crop(0.5, 0.4)[None, None])
    assert not found.coverage.any()
    assert not found.mask.any()
    assert cutouts.prefiltered(torch.ones(1, 1, 4, 4), 64).shape == (1, 1, 4, 4)
