"""Sampling as on a GPU: the value of torch's own, and a gradient that does not depend on the order of the places."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from render.guidance import cutouts
from render.guidance.augment import STRENGTHS
from render.kernels.sampling import sampled, sampled_in_any_order, shrunk, shrunk_by_products

SIDE, COUNT = 16, 12


def picture(generator: torch.Generator, batch: int = 2) -> Tensor:
    return torch.rand(batch, 3, 24, 40, generator=generator).requires_grad_()


def places(generator: torch.Generator, batch: int = 2) -> Tensor:
    """Where full augmentations read, some of it outside of the picture: (B, N * S, S, 2)."""
    views = cutouts.draw(batch, COUNT, 40 / 24, STRENGTHS["full"], generator)
    return cutouts._places(views, SIDE).reshape(batch, COUNT * SIDE, SIDE, 2)


def gradient(sampling: object, image: Tensor, grid: Tensor, padding: str, given: Tensor) -> tuple[Tensor, Tensor]:
    assert callable(sampling)
    value = sampling(image, grid, padding)
    (found,) = torch.autograd.grad(value, image, given)
    return value.detach(), found


def uneven(generator: torch.Generator, batch: int = 2) -> Tensor:
    """Gradients of all sizes: (B, 3, N * S, S)."""
    shape = (batch, 3, COUNT * SIDE, SIDE)
    return torch.randn(shape, generator=generator) * 10 ** (6 * torch.rand(shape, generator=generator) - 6)


@pytest.mark.parametrize("padding", ["reflection", "border"])
def test_it_samples_as_torch_does(padding: str, generator: torch.Generator) -> None:
    image, grid, given = picture(generator), places(generator), uneven(generator)
    value, found = gradient(sampled_in_any_order, image, grid, padding, given)
    plain, wanted = gradient(sampled, image, grid, padding, given)
    assert torch.equal(value, plain)
    assert float((found - wanted).norm()) < 1e-5 * float(wanted.norm())
    torch.testing.assert_close(found, wanted, atol=1e-5 * float(wanted.abs().max()), rtol=0)


def test_the_gradient_is_the_same_in_any_order_of_the_places(generator: torch.Generator) -> None:
    image, grid, given = picture(generator), places(generator), uneven(generator)
    order = torch.randperm(COUNT * SIDE, generator=generator)
    _, found = gradient(sampled_in_any_order, image, grid, "reflection", given)
    _, again = gradient(sampled_in_any_order, image, grid[:, order], "reflection", given[:, :, order])
    assert torch.equal(again, found)
    _, plain = gradient(sampled, image, grid, "reflection", given)
    _, other = gradient(sampled, image, grid[:, order], "reflection", given[:, :, order])
    assert not torch.equal(other, plain)  # what floating-point numbers do


def test_a_picture_of_a_batch_has_the_gradient_that_it_has_alone(generator: torch.Generator) -> None:
    image, grid, given = picture(generator), places(generator), uneven(generator)
    given = given * torch.tensor([1.0, 1e6]).view(2, 1, 1, 1)
    _, found = gradient(sampled_in_any_order, image, grid, "border", given)
    for own in (slice(0, 1), slice(1, 2)):
        alone = image.detach()[own].requires_grad_()
        assert torch.equal(gradient(sampled_in_any_order, alone, grid[own], "border", given[own])[1], found[own])


@pytest.mark.parametrize("size", [0.0, 1e-30, 1e-12, 1e12, 1e30])
def test_gradients_of_any_size_neither_overflow_nor_vanish(size: float, generator: torch.Generator) -> None:
    image, grid = picture(generator), torch.zeros(2, COUNT * SIDE, SIDE, 2)  # all places are one
    given = torch.full((2, 3, COUNT * SIDE, SIDE), size)
    _, found = gradient(sampled_in_any_order, image, grid, "border", given)
    wanted = size * COUNT * SIDE**2
    torch.testing.assert_close(found.sum(dim=(2, 3)), torch.full((2, 3), wanted), rtol=1e-5, atol=0)


@pytest.mark.parametrize("wrong", [float("inf"), float("nan")])
def test_a_gradient_that_is_not_finite_stays_so(wrong: float, generator: torch.Generator) -> None:
    image, grid, given = picture(generator), places(generator), uneven(generator)
    given[0, 1, 2, 3] = wrong
    _, found = gradient(sampled_in_any_order, image, grid, "reflection", given)
    assert not found[0].isfinite().any()
    assert found[1].isfinite().all()


@pytest.mark.parametrize("padding", ["reflection", "border"])
def test_places_that_are_not_finite_stay_inside(padding: str, generator: torch.Generator) -> None:
    image, grid, given = picture(generator), places(generator), uneven(generator)
    for row, number in enumerate((float("nan"), float("inf"), -float("inf"))):
        grid[0, row, 0, row % 2] = number
    assert gradient(sampled_in_any_order, image, grid, padding, given)[1].isfinite().all()


@pytest.mark.parametrize("size", [(17, 28), (24, 31), (5, 6)])
def test_it_shrinks_as_torch_does(size: tuple[int, int], generator: torch.Generator) -> None:
    image = picture(generator)
    given = torch.randn(2, 3, *size, generator=generator)
    (value, found), (plain, wanted) = (
        (made.detach(), torch.autograd.grad(made, image, given)[0])
        for made in (shrunk_by_products(image, size), shrunk(image, size))
    )
    torch.testing.assert_close(value, plain, atol=1e-6, rtol=0)
    torch.testing.assert_close(found, wanted, atol=2e-6, rtol=0)


def test_on_the_cpu_nothing_changes(generator: torch.Generator) -> None:
    image, grid = picture(generator), places(generator)
    assert torch.equal(
        sampled(image, grid, "reflection"),
        F.grid_sample(image, grid, mode="bilinear", padding_mode="reflection", align_corners=False),
    )
    assert type(sampled(image, grid, "border").grad_fn).__name__ == "GridSampler2DBackward0"
