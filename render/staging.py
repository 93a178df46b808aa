"""From the device to the host without making the device wait."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from render.renderer import FrameState


def to_host(state: FrameState) -> Callable[[], FrameState]:
    """Start to copy a state to the host; what is returned waits for it there, in whichever thread, and gives it.

    On a GPU the copies go to pinned memory, behind the work that makes the state, while the next
    frame is already being given to the device; where there is nothing to copy it is the state itself.
    """
    if state.image.device.type != "cuda":
        return lambda: state
    copied = replace(
        state,
        image=_copied(state.image),
        latent=None if state.latent is None else _copied(state.latent),
        optimizer_state={name: _copied(value) for name, value in state.optimizer_state.items()},
        similarity=_copied(state.similarity),
    )
    arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
    arrived.record(torch.cuda.current_stream(state.image.device))

    def arriving() -> FrameState:
        arrived.synchronize()
        return copied

    return arriving


def _copied(value: Tensor) -> Tensor:
    host = torch.empty(value.shape, dtype=value.dtype, pin_memory=True)
    return host.copy_(value, non_blocking=True)
