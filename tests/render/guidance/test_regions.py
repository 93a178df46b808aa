"""Prompts that apply to a part of the picture: from the mask to the gradient and the frame."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from render.guidance import cutouts
from render.guidance.augment import STRENGTHS
from render.guidance.losses import LossInputs, prompt
from render.guidance.perceptors.toy import Toy
from render.guidance.prompts import PromptEncoder, Targets, batch_targets
from render.latents.pixels import Pixels
from render.renderer.renderer import Renderer, Scorer
from render.rng import frame_generator
from render.spec import FrameSpec, PromptWeight

CPU = torch.device("cpu")
TOY = Toy(CPU)
HEIGHT, WIDTH = 16, 32


def left_half() -> Tensor:
    """(H, W), 1 on the left and 0 on the right."""
    return (torch.arange(WIDTH) < WIDTH // 2).float().expand(HEIGHT, WIDTH)


def red(regions: Tensor | None) -> Targets:
    return Targets(embeddings=TOY.encode_text(["red"]), weights=torch.ones(1), regions=regions)


def crop(x: float, scale: float) -> Tensor:
    """A view (3, 3) of the full height around `x`, in [-1, 1]."""
    return torch.tensor([[scale, 0.0, x], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def drawn_views(count: int = 6) -> Tensor:
    return cutouts.draw(1, count, WIDTH / HEIGHT, STRENGTHS["full"], frame_generator(1, 2, CPU))


def gradient(targets: Targets, views: Tensor) -> Tensor:
    """The gradient of the prompt loss in the pixels (1, 3, H, W), through cutouts at `views`."""
    image = torch.rand(1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1)).requires_grad_()
    embeddings = TOY.encode_image(cutouts.sample(image, views, TOY.side).flatten(0, 1)).unsqueeze(0)
    inputs = LossInputs(
        image=image,
        latent=image,
        anchor=image,
        embeddings=[embeddings],
        targets=[targets.with_coverage(views, TOY.side)],
        shares=[1.0],
    )
    (found,) = torch.autograd.grad(prompt.loss(inputs).sum(), image)
    return found


def test_coverage_is_how_much_of_the_region_a_cutout_shows() -> None:
    views = torch.stack([crop(-0.5, 0.4), crop(0.5, 0.4), crop(0.0, 1.0), crop(0.0, -0.4)])[None]
    seen = red(torch.stack([left_half(), torch.ones(HEIGHT, WIDTH)])).with_coverage(views, 16)
    assert seen.coverage is not None
    torch.testing.assert_close(seen.coverage[0, :, 0], torch.tensor([1.0, 0.0, 0.5, 0.5]), atol=0.02, rtol=0)
    torch.testing.assert_close(seen.coverage[0, :, 1], torch.ones(4))


def test_without_regions_nothing_is_computed() -> None:
    targets = red(None)
    assert targets.with_coverage(drawn_views(), TOY.side) is targets


def test_a_region_of_ones_equals_no_region() -> None:
    views = drawn_views()
    everywhere = gradient(red(torch.ones(1, HEIGHT, WIDTH)), views)
    torch.testing.assert_close(everywhere, gradient(red(None), views), atol=1e-7, rtol=1e-5)


def test_gradients_vanish_outside_the_region() -> None:
    """Cutouts of either half: a cutout that shows nothing of the region has no effect."""
    views = torch.stack([crop(-0.5, 0.4), crop(0.5, 0.4)])[None]
    everywhere, masked = gradient(red(None), views), gradient(red(left_half()[None]), views)
    left, right = masked.chunk(2, dim=-1)
    torch.testing.assert_close(left, everywhere.chunk(2, dim=-1)[0], atol=1e-7, rtol=1e-4)
    assert float(left.abs().max()) > 1e-4
    assert not right.any()


def test_each_picture_of_a_batch_has_its_own_regions() -> None:
    """Fewer prompts, no regions, and a frame of half the size in the same batch."""
    half = left_half()[None, ::2, ::2]
    two = Targets(
        embeddings=TOY.encode_text(["red", "blue"]),
        weights=torch.ones(2),
        regions=torch.stack([left_half(), 1 - left_half()]),
    )
    views = torch.stack([crop(-0.5, 0.4), crop(0.5, 0.4)]).expand(3, 2, 3, 3)
    coverage = batch_targets([two, red(half), red(None)]).with_coverage(views, 16).coverage
    assert coverage is not None
    torch.testing.assert_close(coverage[0], torch.eye(2))
    torch.testing.assert_close(coverage[1:, :, 0], torch.tensor([[1.0, 0.0], [1.0, 1.0]]))
    assert batch_targets([red(None), red(None)]).regions is None


class ByHalves(PromptEncoder):
    """The first prompt applies to the left half, the second to the right."""

    def targets(self, prompts: Sequence[PromptWeight], blend: str) -> Targets | None:
        found = super().targets(prompts, blend)
        assert found is not None
        return replace(found, regions=torch.stack([left_half(), 1 - left_half()]))


def test_a_region_affects_the_frame(spec: FrameSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("render.renderer.renderer.PromptEncoder", ByHalves)
    renderer = Renderer(Pixels(), [Scorer(perceptor=TOY)], CPU)
    prompts = tuple(PromptWeight(text=text, weight=1.0) for text in ("red", "blue"))
    spec = replace(spec, size=(WIDTH, HEIGHT), prompts=prompts, num_steps=30, num_cutouts=16)
    left, right = renderer.step(None, spec).image.chunk(2, dim=-1)
    assert float(left[:, 0].mean()) > float(right[:, 0].mean()) + 0.3
    assert float(right[:, 2].mean()) > float(left[:, 2].mean()) + 0.3
