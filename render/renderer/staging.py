"""Copy states from the device to the host without making the device wait."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from render.renderer.state import OPTIONAL, FrameState


def to_host(state: FrameState) -> Callable[[], FrameState]:
    """Start copying a state to the host; the returned function, for any thread, waits for the copy and returns it.

    On a GPU the copies go to pinned memory and are queued after the work that makes the state, while the next
    frame is already being submitted. The copies are contiguous, so that torch has no work left in the other
    thread: it would start another team of OpenMP threads there, and when there are more threads than cores,
    all teams sleep rather than spin, which costs a quarter of a frame.
    """
    copy = _pinned if state.image.device.type == "cuda" else _waited_for
    copied = _copied(state, copy)
    if state.image.device.type != "cuda":
        return lambda: copied
    arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
    arrived.record(torch.cuda.current_stream(state.image.device))

    def arriving() -> FrameState:
        arrived.synchronize()
        return copied

    return arriving


def _copied(state: FrameState, copy: Callable[[Tensor], Tensor]) -> FrameState:
    copied = replace(
        state,
        image=copy(state.image),
        similarity=copy(state.similarity),
        optimizer_state={name: copy(value) for name, value in state.optimizer_state.items()},
        ahead=None if state.ahead is None else _copied(state.ahead, copy),
    )
    for name in OPTIONAL:
        value = getattr(state, name)
        setattr(copied, name, None if value is None else copy(value))
    return copied


def _waited_for(value: Tensor) -> Tensor:
    """Copy to the host at once: Apple's GPUs are asked by one thread only. On a CPU, what is contiguous stays."""
    return value.cpu().contiguous()


def _pinned(value: Tensor) -> Tensor:
    host = torch.empty(value.shape, dtype=value.dtype, pin_memory=True)
    return host.copy_(value, non_blocking=True)
