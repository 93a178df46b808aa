from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from render.refinement.optimizer import BETAS, LatentAdam


def loss_of(latent: Tensor) -> Tensor:
    """An arbitrary bumpy function of a latent."""
    return (latent.sin() * torch.linspace(-1, 2, latent.numel()).view_as(latent)).sum() + latent.square().sum()


def test_frames_of_few_steps_equal_one_uninterrupted_adam(generator: torch.Generator) -> None:
    start = torch.randn(2, 4, 3, 5, generator=generator)
    reference = start.clone().requires_grad_()
    adam = torch.optim.Adam([reference], lr=0.05, betas=BETAS)
    latent, state = start, None
    for _ in range(4):
        carried = LatentAdam(latent, state)
        for _ in range(3):
            carried.step(loss_of(carried.latent), lr=0.05)
            adam.zero_grad()
            loss_of(reference).backward()  # type: ignore[no-untyped-call]
            adam.step()
        latent, state = carried.latent.detach(), carried.state()
    torch.testing.assert_close(latent, reference.detach(), atol=1e-5, rtol=1e-5)


def test_the_state_survives_a_file_bit_for_bit(generator: torch.Generator, tmp_path: Path) -> None:
    optimizer = LatentAdam(torch.randn(1, 4, 3, 5, generator=generator), None)
    for _ in range(3):
        optimizer.step(loss_of(optimizer.latent), lr=0.1)
    save_file(optimizer.state(), tmp_path / "state.safetensors")
    restored = load_file(tmp_path / "state.safetensors")
    assert sorted(restored) == ["exp_avg", "exp_avg_sq", "step"]
    direct, reloaded = (LatentAdam(optimizer.latent.detach(), state) for state in (optimizer.state(), restored))
    for resumed in (direct, reloaded):
        resumed.step(loss_of(resumed.latent), lr=0.1)
    assert torch.equal(direct.latent, reloaded.latent)
    assert all(torch.equal(value, reloaded.state()[name]) for name, value in direct.state().items())


def test_a_fresh_state_has_no_moments(generator: torch.Generator) -> None:
    optimizer = LatentAdam(torch.randn(1, 4, 3, 5, generator=generator), None)
    optimizer.step(loss_of(optimizer.latent), lr=0.1)
    carried, fresh = (LatentAdam(optimizer.latent, state) for state in (optimizer.state(), None))
    for resumed in (carried, fresh):
        resumed.step(-loss_of(resumed.latent), lr=0.1)
    assert not torch.equal(carried.latent, fresh.latent)


def test_the_first_step_equals_the_learning_rate_everywhere(generator: torch.Generator) -> None:
    start = torch.randn(1, 4, 3, 5, generator=generator)
    optimizer = LatentAdam(start, None)
    (gradient,) = torch.autograd.grad(loss_of(optimizer.latent), optimizer.latent)
    optimizer.step(loss_of(optimizer.latent), lr=0.1)
    torch.testing.assert_close(optimizer.latent.detach(), start - 0.1 * gradient.sign(), atol=1e-5, rtol=0)


def test_scaled_by_the_picture_the_first_step_follows_the_gradient(generator: torch.Generator) -> None:
    """Its root mean square is the learning rate, for each picture of a batch by itself."""
    start = torch.randn(2, 4, 3, 5, generator=generator) * torch.tensor([1.0, 9.0]).view(2, 1, 1, 1)
    optimizer = LatentAdam(start, None, adapt="picture")
    (gradient,) = torch.autograd.grad(loss_of(optimizer.latent), optimizer.latent)
    optimizer.step(loss_of(optimizer.latent), lr=0.1)
    size = gradient.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
    torch.testing.assert_close(optimizer.latent.detach(), start - 0.1 * gradient / size, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("adapt", "quiet"), [("number", 1.0), ("picture", 0.03)])
def test_where_the_gradient_is_small_only_the_picture_s_scale_keeps_what_is_there(
    adapt: str, quiet: float, generator: torch.Generator
) -> None:
    """A tenth of the cells have a thousand times the gradient of the others."""
    strength = torch.full((1, 4, 4, 10), 1e-3)
    strength[..., 0] = 1.0
    optimizer = LatentAdam(torch.zeros(1, 4, 4, 10), None, adapt=adapt)
    for _ in range(5):
        optimizer.step((strength * optimizer.latent).sum(), lr=0.1)
    moved = optimizer.latent.detach().abs()
    assert float(moved[..., 0].min()) > 0.4
    assert float(moved[..., 1:].max()) <= 0.501 * quiet


def test_the_scale_can_change_between_two_frames(generator: torch.Generator) -> None:
    """Both keep the same moments, so a state of one continues as the other."""
    start = torch.randn(1, 4, 3, 5, generator=generator)
    number, picture = (LatentAdam(start, None, adapt=adapt) for adapt in ("number", "picture"))
    for optimizer in (number, picture):
        optimizer.move(start, lr=0.1)
    for name, value in number.state().items():
        assert torch.equal(value, picture.state()[name])


def test_there_is_no_state_before_the_first_step() -> None:
    assert LatentAdam(torch.zeros(1, 1, 1, 1), None).state() == {}


def test_the_given_latent_and_state_are_not_modified(generator: torch.Generator) -> None:
    start = torch.randn(1, 4, 3, 5, generator=generator)
    first = LatentAdam(start, None)
    first.step(loss_of(first.latent), lr=0.1)
    given_latent, given_state = first.latent.detach().clone(), {k: v.clone() for k, v in first.state().items()}
    latent, state = given_latent.clone(), {k: v.clone() for k, v in given_state.items()}
    second = LatentAdam(latent, state)
    second.step(loss_of(second.latent), lr=0.1)
    assert torch.equal(latent, given_latent)
    assert all(torch.equal(state[name], value) for name, value in given_state.items())


def test_replacing_the_latent_keeps_the_moments(generator: torch.Generator) -> None:
    optimizer = LatentAdam(torch.randn(1, 4, 3, 5, generator=generator), None)
    optimizer.step(loss_of(optimizer.latent), lr=0.1)
    moments = optimizer.state()["exp_avg"].clone()
    optimizer.replace(torch.zeros(1, 4, 3, 5))
    assert torch.equal(optimizer.latent, torch.zeros(1, 4, 3, 5))
    assert torch.equal(optimizer.state()["exp_avg"], moments)
    optimizer.step(loss_of(optimizer.latent), lr=0.1)
    assert not torch.equal(optimizer.latent, torch.zeros(1, 4, 3, 5))
