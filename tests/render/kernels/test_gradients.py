import pytest
import torch

from render.kernels.gradients import clamp_with_gradient, straight_through


@pytest.mark.parametrize(
    ("value", "gradient", "passes"),
    [
        (0.5, 1.0, True),
        (0.5, -1.0, True),
        (0.0, 1.0, True),  # at the border nothing is cut off
        (1.0, -1.0, True),
        (1.5, 1.0, True),  # descent lowers the value, back into the range
        (1.5, -1.0, False),
        (-0.5, -1.0, True),
        (-0.5, 1.0, False),
    ],
)
def test_clamping_passes_gradients_that_point_back_into_the_range(value: float, gradient: float, passes: bool) -> None:
    tensor = torch.tensor([value], requires_grad=True)
    clamped = clamp_with_gradient(tensor, 0.0, 1.0)
    clamped.backward(torch.tensor([gradient]))  # type: ignore[no-untyped-call]
    assert clamped.item() == min(max(value, 0.0), 1.0)
    assert tensor.grad is not None
    assert float(tensor.grad) == (gradient if passes else 0.0)


def test_straight_through_has_the_value_of_one_tensor_and_the_gradient_of_the_other(generator: torch.Generator) -> None:
    value, replacement, weights = torch.rand(3, 4, 5, generator=generator)
    value.requires_grad_()
    through = straight_through(value, replacement)
    assert torch.equal(through, replacement)
    (gradient,) = torch.autograd.grad((through * weights).sum(), value)
    assert torch.equal(gradient, weights)


def test_straight_through_does_not_return_the_replacement_itself() -> None:
    replacement = torch.zeros(3)
    straight_through(torch.ones(3), replacement).add_(1)
    assert torch.equal(replacement, torch.zeros(3))
