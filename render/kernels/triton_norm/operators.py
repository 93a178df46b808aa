"""The kernels as operators of torch, which knows their shapes without running them, and their gradient."""

from typing import Any

import torch
from torch import Tensor


@torch.library.custom_op("render::group_norm", mutates_args=())
def group_norm(
    x: Tensor, added: Tensor | None, weight: Tensor, bias: Tensor, groups: int, eps: float, silu: bool
) -> tuple[Tensor, Tensor]:
    """See `norm`; returns with its result the statistics (2, B, groups) in float32: mean, 1 / standard deviation."""
    from render.kernels.triton_norm import launch

    return launch.norm(x, added, weight, bias, groups, eps, silu)


@group_norm.register_fake
def _(
    x: Tensor, added: Tensor | None, weight: Tensor, bias: Tensor, groups: int, eps: float, silu: bool
) -> tuple[Tensor, Tensor]:
    stats = x.new_empty((2, x.shape[0], groups), dtype=torch.float32)
    return torch.empty_like(x, memory_format=torch.channels_last), stats


@torch.library.custom_op("render::group_norm_backward", mutates_args=())
def group_norm_backward(
    gradient: Tensor, x: Tensor, added: Tensor | None, weight: Tensor, bias: Tensor, stats: Tensor, silu: bool
) -> Tensor:
    """Convert the gradient of `norm`'s result to that of x: (B, C, H, W), channels_last."""
    from render.kernels.triton_norm import launch

    return launch.gradient(gradient, x, added, weight, bias, stats, silu)


@group_norm_backward.register_fake
def _(
    gradient: Tensor, x: Tensor, added: Tensor | None, weight: Tensor, bias: Tensor, stats: Tensor, silu: bool
) -> Tensor:
    return torch.empty_like(x, memory_format=torch.channels_last)


class _Norm(torch.autograd.Function):
    """`register_autograd` would do the same, and take four times as long on the host."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, added: Tensor | None, weight: Tensor, bias: Tensor, groups: int, eps: float, silu: bool
    ) -> Tensor:
        made: Tensor
        made, stats = group_norm(x, added, weight, bias, groups, eps, silu)
        ctx.save_for_backward(x, added, weight, bias, stats)
        ctx.silu = silu
        return made

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        gradient = gradients[0].contiguous(memory_format=torch.channels_last)
        of_x: Tensor = group_norm_backward(gradient, *ctx.saved_tensors, ctx.silu)
        return of_x, None, None, None, None, None, None


def norm(
    x: Tensor, added: Tensor | None, weight: Tensor, bias: Tensor, groups: int, eps: float, *, silu: bool
) -> Tensor:
    """Norm x (B, C, H, W), channels_last, and apply SiLU if wanted: the same shape, layout and type.

    Gradients are computed for x only.

    Args:
        added: (C,), added to x before: the bias of the convolution that made it.
    """
    normed: Tensor = _Norm.apply(x, added, weight, bias, groups, eps, silu)
    return normed
