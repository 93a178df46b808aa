from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from render.errors import MemoryLimitError
from render.guidance.micro_batch import MicroBatched
from render.guidance.perceptors.toy import Toy
from render.latents.pixels import Pixels
from render.renderer.renderer import Renderer, Scorer
from render.renderer.state import FrameState
from render.spec import FrameSpec

CPU = torch.device("cpu")


class Cramped:
    """A perceptor with memory for `room` pictures, which runs out of memory as CUDA does."""

    side = Toy.side

    def __init__(self, room: int) -> None:
        self._toy, self._room = Toy(CPU), room
        self.looks: list[int] = []

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        return self._toy.encode_text(texts)

    def encode_image(self, images: Tensor) -> Tensor:
        self.looks.append(len(images))
        if len(images) > self._room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self._toy.encode_image(images)


@pytest.mark.parametrize("size", [1, 2, 3, 7, None])
def test_micro_batches_give_the_same_embeddings_and_gradient(size: int | None, generator: torch.Generator) -> None:
    images = torch.rand(7, 3, 16, 16, generator=generator)
    towards = torch.randn(7, 4, generator=generator)
    results = []
    for perceptor in (Toy(CPU), MicroBatched(Toy(CPU))):
        if isinstance(perceptor, MicroBatched):
            perceptor.size = size
        seen = images.clone().requires_grad_()
        embeddings = perceptor.encode_image(seen)
        (gradient,) = torch.autograd.grad((embeddings * towards).sum(), seen)
        results.append((embeddings.detach(), gradient))
    for ours, plain in zip(results[1], results[0], strict=True):
        torch.testing.assert_close(ours, plain, atol=1e-7, rtol=1e-6)


def test_only_one_micro_batch_is_in_memory_at_a_time(generator: torch.Generator) -> None:
    cramped = Cramped(room=2)
    perceptor = MicroBatched(cramped)
    perceptor.size = 2
    saved = 0

    def count(tensor: Tensor) -> Tensor:
        nonlocal saved
        saved += tensor.numel()
        return tensor

    images = torch.rand(6, 3, 16, 16, generator=generator, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        embeddings = perceptor.encode_image(images * 1.0)
    assert cramped.looks == [2, 2, 2]
    embeddings.sum().backward()  # type: ignore[no-untyped-call]
    assert cramped.looks == [2] * 6  # each piece again, for its gradient
    assert saved <= images.numel()  # the pieces themselves, and none of the activations


def frame(renderer: Renderer, spec: FrameSpec) -> FrameState:
    return renderer.step(None, replace(spec, num_steps=3, num_cutouts=8))


def test_if_memory_runs_out_groups_are_halved_and_the_frame_is_the_same(spec: FrameSpec) -> None:
    warnings: list[str] = []
    cramped = Cramped(room=2)
    renderer = Renderer(Pixels(), [Scorer(perceptor=cramped)], CPU, warn=warnings.append)
    plain = frame(Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU), spec)
    torch.testing.assert_close(frame(renderer, spec).image, plain.image, atol=1e-5, rtol=0)
    assert cramped.looks[:3] == [8, 4, 2]
    assert len(warnings) == 1
    assert "memory is running out" in warnings[0]
    cramped.looks.clear()
    frame(renderer, spec)
    assert max(cramped.looks) == 2  # later frames remember the limit
    assert len(warnings) == 1


def test_a_frame_that_cannot_fit_in_memory_is_an_error(spec: FrameSpec) -> None:
    renderer = Renderer(Pixels(), [Scorer(perceptor=Cramped(room=0))], CPU)
    with pytest.raises(MemoryLimitError, match=r"frame 1: out of memory on cpu, even with one cutout .*output\.size"):
        frame(renderer, spec)
