import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from render.frozen_norm import FrozenGroupNorm, freeze_norms

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


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_value_and_gradient_are_those_of_group_norm(
    dtype: torch.dtype, layout: torch.memory_format, generator: torch.Generator
) -> None:
    reference = norm(dtype, generator)
    x = (3 * torch.randn(2, 12, 7, 5, generator=generator, dtype=dtype) + 1).contiguous(memory_format=layout)
    weights = torch.randn(2, 12, 7, 5, generator=generator, dtype=dtype)
    wanted_value, wanted_gradient = value_and_gradient(reference, x, weights)
    value, gradient = value_and_gradient(FrozenGroupNorm(reference), x, weights)
    torch.testing.assert_close(value, wanted_value, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(gradient, wanted_gradient, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("layout", FORMATS)
def test_in_bf16_the_gradient_points_where_that_of_float32_points(
    layout: torch.memory_format, generator: torch.Generator
) -> None:
    exact = norm(torch.float32, generator)
    x = torch.randn(2, 12, 16, 16, generator=generator).contiguous(memory_format=layout)
    weights = torch.randn(2, 12, 16, 16, generator=generator)
    _, wanted = value_and_gradient(exact, x, weights)
    value, gradient = value_and_gradient(FrozenGroupNorm(exact).bfloat16(), x.bfloat16(), weights.bfloat16())
    assert value.dtype == gradient.dtype == torch.bfloat16
    assert float(F.cosine_similarity(gradient.float().flatten(), wanted.flatten(), dim=0)) > 0.999


def test_without_a_gradient_to_compute_the_value_is_the_same(generator: torch.Generator) -> None:
    reference = norm(torch.float32, generator)
    x = torch.randn(2, 12, 7, 5, generator=generator)
    torch.testing.assert_close(FrozenGroupNorm(reference)(x), reference(x))


def test_every_norm_inside_a_module_is_replaced(generator: torch.Generator) -> None:
    module = nn.Sequential(nn.Conv2d(3, 12, 1), nn.ModuleDict({"deep": nn.Sequential(norm(torch.float32, generator))}))
    before = dict(module.state_dict())
    freeze_norms(module)
    assert not any(isinstance(child, nn.GroupNorm) for child in module.modules())
    assert sum(isinstance(child, FrozenGroupNorm) for child in module.modules()) == 1
    assert before.keys() == module.state_dict().keys()
