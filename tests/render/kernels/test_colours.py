import pytest
import torch
from torch import nn

from render.kernels.colours import FrozenColours
from tests.render.kernels.conftest import Compare

SIZES = [(6, 8), (6, 7), (5, 8)]  # odd ones cannot be computed by four pixels at once


@pytest.fixture
def conv(generator: torch.Generator) -> nn.Conv2d:
    made = nn.Conv2d(16, 3, 3, padding=1).requires_grad_(False)
    for parameter in made.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return made


@pytest.mark.parametrize("size", SIZES)
def test_value_and_gradient_are_those_of_the_convolution(
    size: tuple[int, int], conv: nn.Conv2d, same: Compare, generator: torch.Generator
) -> None:
    same(FrozenColours(conv), conv, torch.randn(2, 16, *size, generator=generator))


def test_colours_of_half_precision_are_computed_in_float32(conv: nn.Conv2d, generator: torch.Generator) -> None:
    x = torch.randn(2, 16, 6, 8, generator=generator).bfloat16()
    seen = x.clone().requires_grad_()
    value = FrozenColours(conv.bfloat16())(seen)
    torch.testing.assert_close(value, conv.float()(x.float()), atol=1e-4, rtol=1e-5)
    (gradient,) = torch.autograd.grad(value.sum(), seen)
    assert value.dtype == torch.float32
    assert gradient.dtype == torch.bfloat16
