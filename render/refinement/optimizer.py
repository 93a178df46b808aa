"""Optimise a latent by Adam, with a state that is carried from frame to frame."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from render.kernels.attention import setting_kept

# The squared gradient decays faster than with the usual 0.999, because a frame takes few steps.
BETAS = (0.9, 0.99)
EPSILON = 1e-8
MOMENTS = ("exp_avg", "exp_avg_sq")


class LatentAdam:
    """Adam on one latent.

    Args:
        latent: (B, C, h, w); a copy of it is refined, as the attribute `latent`.
        state: the result of `state()` at the end of the previous frame; None starts with zero moments.
        loss_scale: the factor by which losses are multiplied before backpropagation, and gradients divided
            afterwards, since half-precision networks lose small gradients.
        adapt: "number" divides every number's mean gradient by its own root mean square, as Adam does: all of them
            move by about the learning rate at once, those with a small and noisy gradient as far as the others.
            "picture" divides by the root mean square over the whole picture, so what has a small gradient hardly
            moves, and neighbouring cells move alike.

    Source: Kingma and Ba, "Adam" (2015). What differs from torch.optim: the step count is stored on the
    latent's device, so a step neither waits for the device nor depends on values on the host. With "picture", the
    mean of the squared gradients takes their place, as in Zhang et al., "Adam-mini" (2024), with a picture as a block.
    """

    def __init__(
        self,
        latent: Tensor,
        state: Mapping[str, Tensor] | None,
        loss_scale: float = 1.0,
        adapt: str = "number",
    ) -> None:
        self.latent = latent.detach().clone().requires_grad_()
        self._loss_scale = loss_scale
        self._adapt = adapt
        self._state = {name: value.clone() for name, value in (state or {}).items()}

    def step(self, loss: Tensor, lr: float | Tensor) -> None:
        """Take one step along the gradient of the scalar `loss`.

        Args:
            lr: about the distance that each element moves, with "picture" their root mean square; (B, 1, 1, 1) for a
                different one per picture, (B, 1, h, w) per cell.
        """
        with setting_kept():
            (gradient,) = torch.autograd.grad(loss * self._loss_scale, self.latent)
        self.move(gradient / self._loss_scale, lr)

    def halve_loss_scale(self) -> None:
        """Multiply losses by half as much from now on, at least by 1, so that larger gradients stay finite."""
        self._loss_scale = max(1.0, self._loss_scale / 2)

    @torch.no_grad()
    def move(self, gradient: Tensor, lr: float | Tensor) -> None:
        """Take one step along a gradient (B, C, h, w) that was already computed."""
        self.latent -= lr * self._direction(gradient)

    def _direction(self, gradient: Tensor) -> Tensor:
        """Return the mean gradient divided by its root mean square, both bias-corrected."""
        self._begin()
        mean, square, count = (self._state[name] for name in (*MOMENTS, "step"))
        count += 1
        mean.lerp_(gradient, 1 - BETAS[0])
        square.lerp_(gradient.square(), 1 - BETAS[1])
        if self._adapt == "picture":
            square = square.mean(dim=(1, 2, 3), keepdim=True)
        size = (square / (1 - BETAS[1] ** count)).sqrt() + EPSILON
        return mean / (1 - BETAS[0] ** count) / size

    @torch.no_grad()
    def _begin(self) -> None:
        if not self._state:
            self._state = {name: torch.zeros_like(self.latent) for name in MOMENTS}
            self._state["step"] = torch.zeros((), device=self.latent.device)

    @classmethod
    def joined(cls, optimizers: Sequence["LatentAdam"]) -> "LatentAdam":
        """Join several optimizers into one: latents (B, C, h, w), each with its own moments and step count."""
        for optimizer in optimizers:
            optimizer._begin()
        states = [optimizer._state for optimizer in optimizers]
        state = {name: torch.cat([each[name] for each in states]) for name in MOMENTS}
        state["step"] = torch.stack([each["step"] for each in states]).view(-1, 1, 1, 1)
        latent = torch.cat([optimizer.latent.detach() for optimizer in optimizers])
        return cls(latent, state, optimizers[0]._loss_scale, optimizers[0]._adapt)

    def copy_back(self, optimizers: Sequence["LatentAdam"]) -> None:
        """Copy latents, moments and step counts back to the optimizers that were `joined`."""
        counts = [len(optimizer.latent) for optimizer in optimizers]
        moments = [torch.split(self._state[name], counts) for name in MOMENTS]
        steps, latents = self._state["step"].flatten().unbind(), torch.split(self.latent.detach(), counts)
        for number, (optimizer, latent) in enumerate(zip(optimizers, latents, strict=True)):
            optimizer.replace(latent)
            optimizer._state = {name: parts[number].clone() for name, parts in zip(MOMENTS, moments, strict=True)}
            optimizer._state["step"] = steps[number].clone()

    @torch.no_grad()
    def replace(self, latent: Tensor) -> None:
        """Replace the latent and keep the moments."""
        self.latent.copy_(latent)

    def state(self) -> dict[str, Tensor]:
        """Return `exp_avg` and `exp_avg_sq`, shaped like the latent, and the scalar `step`; {} before any step."""
        return dict(self._state)

    def snapshot(self) -> tuple[Tensor, dict[str, Tensor]]:
        """Copy latent and state, for `restore`."""
        return self.latent.detach().clone(), {name: value.clone() for name, value in self._state.items()}

    def restore(self, snapshot: tuple[Tensor, dict[str, Tensor]]) -> None:
        """Restore latent and state from a `snapshot`."""
        latent, state = snapshot
        self.replace(latent)
        self._state = dict(state)


class RunningAverage:
    """A bias-corrected exponential moving average of a latent over the steps of a frame.

    Args:
        decay: in [0, 1); 0 switches averaging off.

    Source: the EMA image of pytti; bias correction as in Adam.
    """

    def __init__(self, decay: float) -> None:
        self._decay = decay
        self._sum: Tensor | None = None
        self._weight = 0.0

    @torch.no_grad()
    def update(self, latent: Tensor) -> None:
        if not self._decay:
            return
        share = 1 - self._decay
        self._sum = latent * share if self._sum is None else self._decay * self._sum + share * latent
        self._weight += (1 - self._weight) * share

    def value(self, latest: Tensor) -> Tensor:
        """Return the average of the latents passed to `update`; `latest` if averaging is off."""
        return latest if self._sum is None else self._sum / self._weight
