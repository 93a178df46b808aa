"""Decoys as the renderer makes them: latents optimised towards a caption through the VQGAN's decoder."""

from pathlib import Path

import torch
from torch import Tensor

from render.training.networks.guiding import load_vqgan, noise_latents

RESTARTED = 0.04
"""Share of the drawn chains that start again: 25 steps on average."""

CONTINUED = 0.5
"""Share of those that keep their picture and get another caption, like a video between two prompts."""

RATE = 0.12
"""Root mean square step of a picture, in units of the codebook's standard deviation."""


class PaintedPool:
    """Pictures painted step by step towards a caption by the tower in training: examples of its own failures.

    Source: persistent chains of JEM (Grathwohl 2020), moved from pixels to the latent that the renderer moves.
    """

    def __init__(self, stem: Path, size: int, side: int, seed: int) -> None:
        self._net = load_vqgan(stem)
        self._spread = float(self._net.quantize.embedding.weight.std())
        self._generator = torch.Generator().manual_seed(seed)
        self._side = side
        self.latents = self._start(size)
        self.captions = torch.full((size,), -1, dtype=torch.long)
        self._drawn: tuple[Tensor, Tensor, Tensor] = (self.captions[:0], self.latents[:0], self.latents[:0])

    def _start(self, count: int) -> Tensor:
        return noise_latents(self._net, count, self._side, self._generator)

    def draw(self, count: int, captions: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures (count, 3, S, S) in [0, 1] and caption indices of chains; some restart with one of `captions`."""
        g = self._generator
        rows = torch.randperm(len(self.latents), generator=g)[:count]
        restarted = rows[(torch.rand(count, generator=g) < RESTARTED) | (self.captions[rows] < 0)]
        if len(restarted):
            blank = restarted[(torch.rand(len(restarted), generator=g) >= CONTINUED) | (self.captions[restarted] < 0)]
            self.latents[blank] = self._start(len(blank))
            self.captions[restarted] = captions[torch.randint(len(captions), (len(restarted),), generator=g)]
        latents = self.latents[rows].requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            pictures = (self._net.decode(latents).float() / 2 + 0.5).clamp(0, 1)
        self._drawn = (rows, latents, pictures)
        return pictures.detach(), self.captions[rows]

    def climb(self, gradient: Tensor) -> None:
        """Take a step up the loss, given its gradient at the pictures last drawn."""
        rows, latents, pictures = self._drawn
        torch.autograd.backward(pictures, gradient)
        assert latents.grad is not None
        size = latents.grad.square().mean((1, 2, 3), keepdim=True).sqrt() + 1e-12
        self.latents[rows] = latents.detach() + RATE * self._spread * latents.grad / size

    def state_dict(self) -> dict[str, Tensor]:
        """The state to save in a checkpoint."""
        return {"latents": self.latents, "captions": self.captions, "generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore the state from a checkpoint."""
        self.latents, self.captions = state["latents"], state["captions"]
        self._generator.set_state(state["generator"])
