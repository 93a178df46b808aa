"""The memory that refining a picture of some size needs, checked against the device before the first frame."""

from pathlib import Path

import torch
from torch import Tensor, UntypedStorage
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from render.errors import MemoryLimitError
from render.latents import Latent

_MEMINFO = Path("/proc/meminfo")
_GB = 1e9


def require(latents: Latent, size: tuple[int, int], device: torch.device) -> None:
    """Check that a picture of (width, height) can be decoded with a gradient on `device`.

    That is the largest single piece of a step: cutouts can be looked at one by one, the picture
    must be decoded as a whole.

    Raises:
        MemoryLimitError: the estimate is more than the device has free.
    """
    free = available(device)
    if free is None:
        return
    needed = decode_bytes(latents, size, device)
    if needed > free:
        width, height = size
        smaller = _fitting(latents, size, device, needed, free)
        raise MemoryLimitError(
            f"output.size {width} x {height}: needs about {needed / _GB:.1f} GB on {device},"
            f" {free / _GB:.1f} GB are free; {smaller[0]} x {smaller[1]} would fit"
        )


def _fitting(latents: Latent, size: tuple[int, int], device: torch.device, needed: int, free: int) -> tuple[int, int]:
    """A size of about this shape that fits, not much smaller than it must be."""
    width, height = size
    while needed > free and max(width, height) > latents.stride:
        # Attention grows with the square of the pixels, all else with the pixels: at least this much must go.
        shrink = min(0.95, (free / needed) ** 0.25)
        width, height = (max(1, int(side * shrink) // latents.stride) * latents.stride for side in (width, height))
        needed = decode_bytes(latents, (width, height), device)
    return width, height


def decode_bytes(latents: Latent, size: tuple[int, int], device: torch.device) -> int:
    """Bytes that decoding a picture of (width, height) keeps for its gradient.

    Counted, not guessed: the decoder runs on tensors that have shapes and no memory, and what it
    saves for its backward pass is summed.
    """
    width, height = size
    saved: dict[int, UntypedStorage] = {}  # the storages themselves, so that no id is given out twice

    def count(tensor: Tensor) -> None:
        """Nothing is handed back for the backward pass: an output that held itself would never be freed."""
        if isinstance(tensor, FakeTensor):  # weights are real: they are there already
            storage = tensor.untyped_storage()
            saved[id(storage)] = storage

    with FakeTensorMode(allow_non_fake_inputs=True), torch.autograd.graph.saved_tensors_hooks(count, lambda t: t):
        image = torch.empty(1, 3, height, width, device=device)
        latents.decode(latents.encode(image).requires_grad_())
    return sum(storage.nbytes() for storage in saved.values())


def is_out_of_memory(error: RuntimeError) -> bool:
    """CUDA has an exception of its own, the CPU's allocator only a sentence."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def available(device: torch.device) -> int | None:
    """Bytes that are free on `device`; None where the system does not say."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    try:
        lines = _MEMINFO.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return found[0] if found else None
