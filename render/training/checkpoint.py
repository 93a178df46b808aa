"""Checkpoints, written atomically, and a running average of weights."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write a temporary file, then rename it: a stopped run never leaves half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def load_state(path: Path) -> dict[str, Any] | None:
    """The saved state, or None if there is none yet."""
    return torch.load(path, weights_only=False) if path.exists() else None


class Average:
    """Exponential moving average of a module's state, with a shorter memory at the start.

    Source: Polyak averaging as used for GAN and diffusion weights; integer buffers are copied.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._decay, self._count = decay, 0
        self.state: dict[str, Tensor] = {k: v.detach().clone() for k, v in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module, copied: tuple[str, ...] = ()) -> None:
        """Move towards the module; the entries named in `copied` are copied."""
        self._count += 1
        decay = min(self._decay, self._count / (self._count + 20))
        for name, value in module.state_dict().items():
            if value.dtype.is_floating_point and name not in copied:
                self.state[name].lerp_(value, 1 - decay)
            else:
                self.state[name].copy_(value)

    def state_dict(self) -> dict[str, Any]:
        """The state to save in a checkpoint."""
        return {"count": self._count, "state": self.state}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Restore the state from a checkpoint."""
        self._count = int(saved["count"])
        self.state = saved["state"]
