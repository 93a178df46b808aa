"""Copy frames and states from the device to the host without making the device wait."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from render.renderer.state import OPTIONAL, FrameState


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """What has arrived of a frame.

    Attributes:
        frame: `FrameState.frame`, (1, 3, H, W) float in [0, 1]; from another device than the CPU (H, W, 3) bytes.
        similarity: (1,), see `FrameState`.
        state: the whole state, if it was asked for.
        finite: see `FrameState`.
    """

    index: int
    frame: Tensor
    similarity: Tensor
    state: FrameState | None
    finite: Tensor | None

    @property
    def is_finite(self) -> bool:
        """Whether all numbers of the frame are finite, or somebody has looked before."""
        return self.finite is None or bool(self.finite)


def to_host(state: FrameState, whole: bool = True) -> Callable[[], Arrived]:
    """Start copying a frame to the host; the returned function, for any thread, waits for the copy and returns it.

    On a GPU the copies go to pinned memory and are queued after the work that makes the state, while the next
    frame is already being submitted; the picture is rounded to bytes before, a quarter of its size in float. The copies
    are contiguous, so that torch has no work left in the other thread: it would start another team of OpenMP
    threads there, and when there are more threads than cores, all teams sleep rather than spin, which costs a
    quarter of a frame.

    Args:
        whole: copy the whole state, not only the picture.
    """
    device = state.image.device
    copy = _pinned if device.type == "cuda" else _waited_for
    arrived = Arrived(
        index=state.index,
        frame=copy(state.frame if device.type == "cpu" else as_bytes(state.frame)),
        similarity=copy(state.similarity),
        state=_copied(state, copy) if whole else None,
        finite=None if state.finite is None else copy(state.finite),
    )
    if device.type != "cuda":
        return lambda: arrived
    # A thread that waits for it sleeps; by default it would take a core from the one that submits the next frame.
    event = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
    event.record(torch.cuda.current_stream(device))

    def arriving() -> Arrived:
        event.synchronize()
        return arrived

    return arriving


def as_bytes(image: Tensor) -> Tensor:
    """(1, 3, H, W) in [0, 1] to (H, W, 3) bytes, rounded to the nearest, half to even, as numpy does on the host."""
    return (image[0].movedim(0, -1) * 255).round().to(torch.uint8)


def _copied(state: FrameState, copy: Callable[[Tensor], Tensor]) -> FrameState:
    copied = replace(
        state,
        image=copy(state.image),
        similarity=copy(state.similarity),
        optimizer_state={name: copy(value) for name, value in state.optimizer_state.items()},
        ahead=None if state.ahead is None else _copied(state.ahead, copy),
        finite=None,
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
