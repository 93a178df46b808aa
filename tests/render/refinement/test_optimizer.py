from pathlib import Path

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
