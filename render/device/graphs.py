"""Capture what a GPU does in a step as a CUDA graph, which is launched at once instead of kernel by kernel.

Source: "Accelerating PyTorch with CUDA Graphs" (Nguyen et al., 2021).
"""

import os
from collections.abc import Callable, Sequence
from typing import Protocol

import torch

SWITCH = "RENDER_REPLAY"  # set to 0 in the environment, steps are never replayed
_FINDS_GENERATORS = "2.14"  # the version of torch from which on a capture finds the generators that are used in it


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

    Nothing that a step makes may be used after it: the next graph uses the same memory.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()

    def aside(self, step: Callable[[], None]) -> None:
        """Run the step on the stream of captures, where libraries then have their workspaces."""
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        with torch.cuda.device(self._device), torch.cuda.stream(self._stream):
            step()
        current.wait_stream(self._stream)

    def captured(self, step: Callable[[], None], generators: Sequence[torch.Generator]) -> Callable[[], None]:
        """See `Graphs`. Other threads, such as one that waits for frames to be copied, may go on meanwhile."""
        graph = torch.cuda.CUDAGraph()
        if torch.__version__ < _FINDS_GENERATORS:
            for generator in generators:
                graph.register_generator_state(generator)
        capture = torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local")
        with torch.cuda.device(self._device), capture:
            step()
        return graph.replay

    def release(self) -> None:
        """Wait for what is still running, and give back the memory of the pool."""
        torch.cuda.synchronize(self._device)
        torch.cuda.empty_cache()
