import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from render.kernels.norm import FrozenNorm

FORMATS = [torch.contiguous_format, torch.channels_last]


def norm(dtype: torch.dtype, generator: torch.Generator) -> nn.GroupNorm:
    made = nn.GroupNorm(4, 12, eps=1e-6).to(dtype)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(12, generator=generator))
    return made.requires_grad_(False)


def value_and_gradient(module: nn.Module, x: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    x = x.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    value = module(x)
    (gradient,) = torch.autograd.grad((value * weights).sum(), x)
    return value, gradient


def plain(norm: nn.GroupNorm, silu: bool) -> nn.Module:
    return nn.Sequential(norm, nn.SiLU()) if silu else norm


@pytest.mark.parametrize("silu", [False, True])
@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_value_and_gradient_are_those_of_group_norm(
    dtype: torch.dtype, layout: torch.memory_format, silu: bool, generator: torch.Generator
) -> None:
    reference = norm(dtype, generator)
    x = (3 * torch.randn(2, 12, 7, 5, generator=generator, dtype=dtype) + 1).contiguous(memory_format=layout)
    weights = torch.randn(2, 12, 7, 5, generator=generator, dtype=dtype)
    wanted_value, wanted_gradient = value_and_gradient(plain(reference, silu), x, weights)
    value, gradient = value_and_gradient(FrozenNorm(reference, silu=silu), x, weights)
    torch.testing.assert_close(value, wanted_value, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(gradient, wanted_gradient, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("silu", [False, True])
@pytest.mark.parametrize("layout", FORMATS)
def test_the_bf16_gradient_has_the_direction_of_the_float32_gradient(
    layout: torch.memory_format, silu: bool, generator: torch.Generator
) -> None:
    exact = norm(torch.float32, generator)
    x = torch.randn(2, 12, 16, 16, generator=generator).contiguous(memory_format=layout)
    weights = torch.randn(2, 12, 16, 16, generator=generator)
    _, wanted = value_and_gradient(plain(exact, silu), x, weights)
    value, gradient = value_and_gradient(FrozenNorm(exact, silu=silu).bfloat16(), x.bfloat16(), weights.bfloat16())
    assert value.dtype == gradient.dtype == torch.bfloat16
    assert float(F.cosine_similarity(gradient.float().flatten(), wanted.flatten(), dim=0)) > 0.999


@pytest.mark.parametrize("silu", [False, True])
def test_the_value_is_the_same_without_a_gradient(silu: bool, generator: torch.Generator) -> None:
    reference = norm(torch.float32, generator)
    x = torch.randn(2, 12, 7, 5, generator=generator)
    torch.testing.assert_close(FrozenNorm(reference, silu=silu)(x), plain(reference, silu)(x))
