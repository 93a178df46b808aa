"""Embed the cutouts of a small perceptor in parts, side by side: the same embeddings and gradient, fewer waits."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from render.kernels.side_by_side import run_side_by_side

Encode = Callable[[Tensor], Tensor]
FEWEST = 4  # cutouts in a part: with fewer, reading the weights would take longer than computing
SMALL = 96 * 96  # pixels of a cutout; the operations of perceptors that see larger ones are longer than a wait


def encode_in_parts(encode: Encode, images: Tensor) -> Tensor:
    """Embed images (N, 3, S, S) as `encode` does, (N, D): on a CPU, small ones in parts, each on a thread of its own.

    Args:
        encode: embeds every image by itself.
    """
    count, _, height, width = images.shape
    threads = torch.get_num_threads()
    if images.device.type != "cpu" or threads == 1 or height * width > SMALL:
        return encode(images)
    parts = images.chunk(max(1, min(threads, count // FEWEST)))
    if not (torch.is_grad_enabled() and images.requires_grad):
        return torch.cat(run_side_by_side([partial(encode, part) for part in parts], 1))
    if len(parts) == 1:
        return encode(images)
    embeddings: Tensor = _InParts.apply(encode, *parts)
    return embeddings


class _InParts(torch.autograd.Function):
    """Embeds parts of a batch side by side, and computes their gradients side by side."""

    @staticmethod
    def forward(ctx: Any, encode: Encode, *parts: Tensor) -> Tensor:
        ctx.seen = [part.detach().requires_grad_() for part in parts]
        ctx.found = run_side_by_side([partial(_tracked, encode, part) for part in ctx.seen], 1)
        return torch.cat([found.detach() for found in ctx.found])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        pieces = gradients[0].split([len(part) for part in ctx.seen])
        works = [partial(_gradient, *each) for each in zip(ctx.found, ctx.seen, pieces, strict=True)]
        return None, *run_side_by_side(works, 1)


def _tracked(encode: Encode, images: Tensor) -> Tensor:
    with torch.enable_grad():
        return encode(images)


def _gradient(found: Tensor, seen: Tensor, gradient: Tensor) -> Tensor:
    (own,) = torch.autograd.grad(found, seen, gradient)
    return own
