"""Capture what a GPU does in a step as a CUDA graph, which is launched at once instead of kernel by kernel.

Source: "Accelerating PyTorch with CUDA Graphs" (Nguyen et al., 2021).
"""

import contextlib
import os
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch

SWITCH = "RENDER_REPLAY"  # set to 0 in the environment, steps are never replayed
# The version of torch from which on a capture finds the generators that are used in it, and cleans up when it fails
_COMPLETE = "2.14"


class Graphs(Protocol):
    """Captures steps of one device."""

    def aside(self, step: Callable[[], None]) -> None:
        """Run a step as it is, where steps are captured; a step runs so twice before it is captured."""

    def captured(self, step: Callable[[], None], generators: Sequence[torch.Generator]) -> Callable[[], None]:
        """Return what repeats a step on the tensors that it reads and changes; the step itself is not executed.

        Args:
            generators: those that the step draws from. Every repetition draws what the step itself would have drawn.
        """

    def release(self) -> None:
        """Give back the memory of graphs that nobody holds any more."""


def graphs_of(device: torch.device) -> Graphs | None:
    """Return what captures steps on a device; None if it cannot, or is not wanted."""
    if device.type != "cuda" or not torch.cuda.is_available() or os.environ.get(SWITCH) == "0":
        return None
    return CudaGraphs(device)


class CudaGraphs:
    """Captures steps of a GPU; all graphs share one pool of memory, so only one may run at a time.

    Nothing that a step makes may be used after it: the next graph uses the same memory. Graphs must be given up all
    together: torch from 2.12 on frees cuBLAS's workspaces of the stream with any of them (its issue 193402), and the
    others would write into memory that is something else by then.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()

    def aside(self, step: Callable[[], None]) -> None:
        """Run the step on the stream of captures, where libraries then have their workspaces."""
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        try:
            with torch.cuda.device(self._device), torch.cuda.stream(self._stream):
                step()
        finally:  # also if memory runs out: what the step has read may be overwritten next
            current.wait_stream(self._stream)

    def captured(self, step: Callable[[], None], generators: Sequence[torch.Generator]) -> Callable[[], None]:
        """See `Graphs`. Other threads, such as one that waits for frames to be copied, may go on meanwhile."""
        graph = torch.cuda.CUDAGraph()
        if torch.__version__ < _COMPLETE:
            for generator in generators:
                graph.register_generator_state(generator)
        capture = torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local")
        current = torch.cuda.current_stream(self._device)
        try:
            # A capture whose end fails would leave its stream as the current one: the outer context does not.
            with torch.cuda.device(self._device), torch.cuda.stream(current), capture:
                step()
        except BaseException:
            graph.reset()
            self._end_allocations()
            raise
        return graph.replay

    def _end_allocations(self) -> None:
        """Do what older versions of torch leave out when the end of a capture fails.

        Their allocator would believe for ever that the capture goes on, and fail when the cache is emptied.
        """
        if torch.__version__ >= _COMPLETE:
            return
        library: Any = torch._C
        end = getattr(library, "_cuda_endAllocateToPool", None) or library._cuda_endAllocateCurrentStreamToPool
        number = torch.cuda.current_device() if self._device.index is None else self._device.index
        with contextlib.suppress(RuntimeError):  # it has been ended
            end(number, self._pool)
            library._cuda_releasePool(number, self._pool)

    def release(self) -> None:
        """Wait for what is still running, and give back the memory of the pool."""
        torch.cuda.synchronize(self._device)
        torch.cuda.empty_cache()
