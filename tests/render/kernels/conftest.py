"""How every kernel is compared with its plain counterpart."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

Compare = Callable[[nn.Module, nn.Module, Tensor], None]


def value_and_gradient(module: nn.Module, x: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    x = x.detach().clone().requires_grad_()
    value = module(x)
    (gradient,) = torch.autograd.grad((value * (1 if weights is None else weights)).sum(), x)
    return value.detach(), gradient


@pytest.fixture
def same(generator: torch.Generator) -> Compare:
    """Fail unless two modules agree in value and gradient, to float32's rounding."""

    def compare(kernel: nn.Module, twin: nn.Module, x: Tensor) -> None:
        with torch.no_grad():
            weights = torch.randn(twin(x).shape, generator=generator)
        wanted, made = (value_and_gradient(module, x, weights) for module in (twin, kernel))
        for ours, theirs in zip(made, wanted, strict=True):
            scale = float(theirs.abs().max())
            assert scale > 0
            torch.testing.assert_close(ours / scale, theirs / scale, atol=2e-5, rtol=0)

    return compare
