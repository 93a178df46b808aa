"""A step never waits for the device: nothing in it reads a number back or derives a shape from one.

Only such a step can be captured in a CUDA graph. The operators are the same on any device, so it is
tested here without a GPU.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from render.guidance.perceptors import Perceptor, clip
from render.guidance.perceptors.toy import Toy
from render.guidance.prompts import PromptEncoder
from render.latents.pixels import Pixels
from render.latents.vqgan import VQGAN
from render.refinement.areas import Areas, Kept
from render.refinement.joint import joined
from render.refinement.joint_steps import Pending
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Guide, Refinement
from render.renderer.renderer import Renderer, Scorer
from render.rng import frame_generator
from render.sources.noise import soft
from render.spec import AUGMENTS, FrameSpec
from render.spec.colour import Colour
from render.spec.prompts import PromptWeight
from render.spec.regions import Region

CPU = torch.device("cpu")
WAITING = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}


class NoWaiting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Fails on every operator for whose result, or result's shape, the host would have to wait."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert not WAITING & set(func.tags), f"{func} waits for the device"
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("wait", [lambda x: x.max().item(), lambda x: x[x > 0], lambda x: x.nonzero(), bool])
def test_waiting_for_the_device_is_detected(wait: Any) -> None:
    with pytest.raises(AssertionError, match="waits for the device"), NoWaiting():  # type: ignore[no-untyped-call]
        wait(torch.ones(()) if wait is bool else torch.randn(8))


def begin(
    latents: Any, perceptor: Perceptor, spec: FrameSpec, device: torch.device = CPU
) -> tuple[Refinement, LatentAdam]:
    targets = PromptEncoder(perceptor, device).targets(spec.prompts, spec.blend)
    assert targets is not None
    generator = frame_generator(spec.seed, spec.index, device)
    picture = soft(1, spec.size, generator)
    refinement = Refinement(
        latents=latents,
        guides=[Guide(perceptor=perceptor, targets=targets)],
        anchor=picture,
        spec=spec,
        generator=generator,
    )
    return refinement, LatentAdam(latents.encode(picture), None)


def take_steps(latents: Any, perceptor: Perceptor, spec: FrameSpec) -> Tensor:
    refinement, optimizer = begin(latents, perceptor, spec)
    before = optimizer.latent.detach().clone()
    with NoWaiting():  # type: ignore[no-untyped-call]
        for _ in range(2):
            refinement.step(optimizer, 0.1 * latents.spread)
    return optimizer.latent.detach() - before


def take_steps_together(latents: Any, perceptor: Perceptor, specs: Sequence[FrameSpec]) -> Tensor:
    renderer = Renderer(latents, [Scorer(perceptor=perceptor)], CPU)
    batch = [Pending(*renderer.from_noise(spec)) for spec in specs]
    joint = joined([item.refinement for item in batch], [item.optimizer for item in batch])
    before = joint.optimizer.latent.detach().clone()
    with NoWaiting():  # type: ignore[no-untyped-call]
        for _ in joint.steps(2):
            pass
    return joint.optimizer.latent.detach() - before


SPEC = FrameSpec(
    index=0,
    seed=7,
    size=(48, 32),
    prompts=(PromptWeight(text="red", weight=1.0), PromptWeight(text="fog", weight=-0.3, stop=0.2)),
    blend="weights",
    transforms={},
    center=(0.5, 0.5),
    border="reflect",
    losses=dict.fromkeys(("smooth", "anchor", "saturation", "palette", "symmetry_x", "symmetry_radial"), 0.1)
    | {"prompt": 1.0},
    colour=Colour(palette=("#ff6347", "#123456")),
    num_steps=2,
    lr=0.1,
    num_cutouts=4,
    carry_optimizer=True,
)


def test_no_weights() -> None:
    for augment in AUGMENTS:
        assert take_steps(Pixels(), Toy(CPU), replace(SPEC, augment=augment)).abs().sum() > 0


def test_regions_and_what_is_kept() -> None:
    left = Region(kind="box", numbers=(0.0, 0.0, 0.5, 1.0))
    spec = replace(SPEC, prompts=tuple(replace(prompt, region=left) for prompt in SPEC.prompts))
    refinement, optimizer = Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU).from_noise(spec)
    mask = torch.ones_like(refinement.anchor[:, :1])
    areas = Areas(losses={"smooth": mask}, kept=Kept(picture=refinement.anchor, mask=0.5 * mask))
    before = optimizer.latent.detach().clone()
    with NoWaiting():  # type: ignore[no-untyped-call]
        for _ in range(2):
            replace(refinement, areas=areas).step(optimizer, 0.1)
    assert (optimizer.latent.detach() - before).abs().sum() > 0


def test_embedded_models(embedded_vqgan: VQGAN, embedded_clip: clip.CLIP) -> None:
    assert take_steps(embedded_vqgan, embedded_clip, SPEC).abs().sum() > 0


def test_several_different_pictures(embedded_vqgan: VQGAN, embedded_clip: clip.CLIP) -> None:
    other = replace(SPEC, seed=8, lr=0.2, prompts=SPEC.prompts[:1], losses=dict.fromkeys(SPEC.losses, 0.3))
    pairs: list[tuple[Any, Perceptor]] = [(Pixels(), Toy(CPU)), (embedded_vqgan, embedded_clip)]
    for latents, perceptor in pairs:
        moved = take_steps_together(latents, perceptor, [SPEC, other])
        assert (moved.abs().sum(dim=(1, 2, 3)) > 0).all()


def test_codebook_and_bf16(quantizing_vqgan: VQGAN, bf16_vqgan: VQGAN, embedded_clip: clip.CLIP) -> None:
    for latents in (quantizing_vqgan, bf16_vqgan):
        assert take_steps(latents, embedded_clip, SPEC).abs().sum() > 0
