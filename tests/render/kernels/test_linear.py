"""The frozen linear layer compared with torch's, in value and gradient."""

import pytest
import torch
from torch.nn import functional as F

from render.kernels.linear import FrozenLinear


@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_value_and_gradient_are_those_of_torch(dtype: torch.dtype, with_bias: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(48, 24, generator=generator).to(dtype)
    bias = torch.randn(48, generator=generator).to(dtype) if with_bias else None
    x = torch.randn(2, 5, 24, generator=generator).to(dtype)
    wanted = torch.randn(2, 5, 48, generator=generator).to(dtype)
    mine, theirs = (x.clone().requires_grad_() for _ in range(2))
    made, expected = FrozenLinear(weight, bias)(mine), F.linear(theirs, weight, bias)
    (gradient,) = torch.autograd.grad((made * wanted).sum(), mine)
    (plain,) = torch.autograd.grad((expected * wanted).sum(), theirs)
    torch.testing.assert_close(made, expected)
    torch.testing.assert_close(gradient, plain)


def test_each_row_is_independent_of_the_others() -> None:
    """Each of several pictures refined together gets what it would get alone."""
    generator = torch.Generator().manual_seed(1)
    layer = FrozenLinear(torch.randn(64, 32, generator=generator))
    x = torch.randn(40, 32, generator=generator)
    torch.testing.assert_close(layer(x)[:10], layer(x[:10]), rtol=1e-6, atol=1e-6)


def test_float32_weights_are_packed_if_torch_supports_it() -> None:
    layer = FrozenLinear(torch.randn(8, 4))
    assert layer._packed is not None, "torch has dropped the operations: use its own linear and say so in docs"
    assert "weight" not in dict(layer.named_buffers())
