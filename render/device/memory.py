"""Estimate the memory that refining a picture needs, and compare it with the device before the first frame."""

import gc
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, UntypedStorage
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from render.device.failures import OUT_OF_MEMORY
from render.device.heap import give_back_freed_memory
from render.errors import MemoryLimitError
from render.latents import Latent

_MEMINFO = Path("/proc/meminfo")
_GB = 1e9


def require(
    latents: Latent, size: tuple[int, int], device: torch.device, release: Callable[[], object] = lambda: None
) -> None:
    """Check that a picture of (width, height) can be decoded with a gradient on `device`.

    Decoding is the largest indivisible piece of a step: cutouts can be processed one by one, but the
    picture must be decoded as a whole.

    Args:
        release: gives back memory that can be done without; called if there is not enough.

    Raises:
        MemoryLimitError: the estimate exceeds the device's free memory.
    """
    free = available(device)
    if free is None:
        return
    needed = decode_bytes(latents, size, device)
    if needed > free:
        release()
        return_unused(device)
        free = available(device) or free
    if needed > free:
        width, height = size
        smaller = _fitting(latents, size, device, needed, free)
        raise MemoryLimitError(
            f"output.size {width} x {height}: needs about {needed / _GB:.1f} GB on {device},"
            f" {free / _GB:.1f} GB are free; {smaller[0]} x {smaller[1]} would fit"
        )


def _fitting(latents: Latent, size: tuple[int, int], device: torch.device, needed: int, free: int) -> tuple[int, int]:
    """Return a (width, height) of about the same aspect ratio that fits, not much smaller than necessary."""
    width, height = size
    while needed > free and max(width, height) > latents.stride:
        # Attention grows with the square of the pixel count, everything else linearly: shrink by at least this much.
        shrink = min(0.95, (free / needed) ** 0.25)
        width, height = (max(1, int(side * shrink) // latents.stride) * latents.stride for side in (width, height))
        needed = decode_bytes(latents, (width, height), device)
    return width, height


def decode_bytes(latents: Latent, size: tuple[int, int], device: torch.device) -> int:
    """Return how many bytes decoding a picture of (width, height) keeps for its gradient.

    They are counted, not guessed: the decoder runs on tensors that have shapes but no memory, and the sizes
    of what it saves for its backward pass are summed.
    """
    width, height = size
    saved: dict[int, UntypedStorage] = {}  # keeps the storages alive, so that no id is reused

    def count(tensor: Tensor) -> None:
        """Count a saved tensor and return nothing: an output that referred to itself would never be freed."""
        if isinstance(tensor, FakeTensor):  # weights are real tensors: their memory is already allocated
            storage = tensor.untyped_storage()
            saved[id(storage)] = storage

    with FakeTensorMode(allow_non_fake_inputs=True), torch.autograd.graph.saved_tensors_hooks(count, lambda t: t):
        image = torch.empty(1, 3, height, width, device=device)
        latents.decode(latents.encode(image).requires_grad_())
    return sum(storage.nbytes() for storage in saved.values())


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether memory ran out: CUDA raises its own exception type, other allocators only messages."""
    return isinstance(error, torch.OutOfMemoryError) or any(sign in str(error) for sign in OUT_OF_MEMORY)


def return_unused(device: torch.device) -> None:
    """Give memory that torch keeps for later back to the GPU's other uses; does nothing on a CPU."""
    if device.type == "cuda":
        gc.collect()  # what is in cycles of references, such as models that have been dropped
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def available(device: torch.device) -> int | None:
    """Return the free bytes on `device`; None if the system does not report them.

    What torch keeps for later is given back first. The memory of graphs, see `render.device.graphs`, then remains, and
    is not free: nothing but their steps can use it.
    """
    if device.type == "cuda":
        torch.cuda.empty_cache()
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":
        return max(0, torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory())
    give_back_freed_memory()
    try:
        lines = _MEMINFO.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return found[0] if found else None
