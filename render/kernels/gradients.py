"""Operations whose gradient is not the derivative of their value."""

from typing import Any

import torch
from torch import Tensor


class _ClampWithGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, low: float, high: float) -> Tensor:
        ctx.low, ctx.high = low, high
        ctx.save_for_backward(value)
        return value.clamp(low, high)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (value,) = ctx.saved_tensors
        (gradient,) = gradients
        inward = gradient * (value - value.clamp(ctx.low, ctx.high)) >= 0
        return gradient * inward, None, None


def clamp_with_gradient(value: Tensor, low: float, high: float) -> Tensor:
    """Clamp to [low, high]; outside the range, pass the gradient only if a descent step leads back into it.

    Source: ClampWithGrad of crowsonkb's VQGAN+CLIP notebook.
    """
    clamped: Tensor = _ClampWithGradient.apply(value, low, high)
    return clamped


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, replacement: Tensor) -> Tensor:
        return replacement.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0], None


def straight_through(value: Tensor, replacement: Tensor) -> Tensor:
    """Return the value of `replacement` with the gradient of `value`.

    Source: Bengio et al., "Estimating or Propagating Gradients Through Stochastic Neurons" (2013).
    """
    through: Tensor = _StraightThrough.apply(value, replacement)
    return through
