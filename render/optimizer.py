"""Adam on a latent, with a state that walks from frame to frame."""

from collections.abc import Mapping

import torch
from torch import Tensor

# Shorter memory of the squared gradient than the usual 0.999: a frame takes few steps.
BETAS = (0.9, 0.99)


class LatentAdam:
    """Adam on one latent.

    Args:
        latent: (B, C, h, w); a copy of it is refined and stands in `latent`.
        state: what `state()` gave at the end of the previous frame, or None to start afresh.

    Source: Kingma and Ba, "Adam" (2015).
    """

    def __init__(self, latent: Tensor, state: Mapping[str, Tensor] | None) -> None:
        self.latent = latent.detach().clone().requires_grad_()
        self._adam = torch.optim.Adam([self.latent], betas=BETAS)
        if state:
            self._adam.state[self.latent] = {name: value.clone() for name, value in state.items()}

    def step(self, loss: Tensor, lr: float) -> None:
        """Go one step down the gradient of the scalar `loss`, about `lr` per element."""
        self._adam.param_groups[0]["lr"] = lr
        self._adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._adam.step()

    @torch.no_grad()
    def replace(self, latent: Tensor) -> None:
        """Put `latent` in place of the present one, keeping the state."""
        self.latent.copy_(latent)

    def state(self) -> dict[str, Tensor]:
        """Moments and step count: `exp_avg`, `exp_avg_sq` like the latent, `step` scalar; {} before any step."""
        return dict(self._adam.state.get(self.latent, {}))
