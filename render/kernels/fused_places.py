"""Choose one Triton kernel for `render.kernels.places.added`, about twenty small ones, on GPUs that run it."""

import functools
import logging

import torch
from torch import Tensor

from render.kernels import places
from render.kernels.triton_norm import support

log = logging.getLogger(__name__)


@torch.library.custom_op("render::add_places", mutates_args=())
def added(numbers: Tensor, grid: Tensor, height: int, width: int, reflects: bool) -> Tensor:
    """Do what `places.added` does, as an operator of torch, which knows its shape without running it."""
    from render.kernels import triton_places

    return triton_places.added(numbers, grid, height, width, reflects)


@added.register_fake
def _(numbers: Tensor, grid: Tensor, height: int, width: int, reflects: bool) -> Tensor:
    return numbers.new_empty((*numbers.shape[:2], height * width), dtype=torch.long)


def runs(tensor: Tensor) -> bool:
    """Whether the kernel runs on a tensor's device: on NVIDIA's GPUs, if it can be built."""
    return tensor.device.type == "cuda" and tensor.dtype == torch.float32 and _builds(tensor.device)


@functools.cache
def _builds(device: torch.device) -> bool:
    """Build the kernel and compare it with the plain way, once in a process; report why if that fails."""
    if not support.may_run_on(device):
        return False
    try:
        check(device)
    except Exception as error:  # of triton, of the C compiler that it calls, or of its cache's file system
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        log.warning("cutouts take the plain, slower path: their Triton kernel does not run here (%s)", reason)
        return False
    return True


def check(device: torch.device) -> None:
    """Compare the kernel with the plain way.

    Raises:
        ValueError: they differ by more than the places' rounding explains.
    """
    wave = torch.arange(2 * 300 * 5, device=device).mul(0.7).sin()
    numbers, grid = 1e6 * wave[:1800].view(2, 3, 300), 2 * wave[1800:].view(2, 300, 2)
    for reflects in (True, False):
        found, wanted = (way(numbers, grid, 9, 14, reflects).double() for way in (added, places.added))
        if not float((found - wanted).abs().max()) < 1e-4 * float(wanted.abs().max()):
            raise ValueError("its sums are wrong")
