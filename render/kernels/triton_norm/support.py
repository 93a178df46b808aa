"""Whether the kernels run on a device: asked once per kind of norm, when a model is loaded."""

import functools
import importlib.util
import logging

import torch
import torch.nn.functional as F
from torch import Tensor

from render.kernels.triton_norm.operators import norm

LEAST_CAPABILITY = (7, 5)  # Turing: the oldest for which triton still makes code
TYPES = (torch.float32, torch.bfloat16, torch.float16)
log = logging.getLogger(__name__)


def runs(weight: Tensor, groups: int, silu: bool) -> bool:
    """Whether a norm with these weights (C,) runs as Triton kernels on their device.

    It does on NVIDIA's GPUs, if its kernels can be built; not on AMD's, where convolutions return NCHW.
    """
    device = weight.device
    fits = weight.dtype in TYPES and may_run_on(device)
    return fits and _builds(device, weight.dtype, len(weight), groups, silu)


def may_run_on(device: torch.device) -> bool:
    """Whether a device is a GPU of NVIDIA's that triton makes code for, and triton is here."""
    if device.type != "cuda" or torch.version.hip is not None:
        return False
    if not (is_installed() and torch.cuda.is_available()):
        return False
    return torch.cuda.get_device_capability(device) >= LEAST_CAPABILITY


def is_installed() -> bool:
    """Whether triton is here: torch brings it on Linux, except in its builds for CPUs."""
    return importlib.util.find_spec("triton") is not None


@functools.cache
def _builds(device: torch.device, dtype: torch.dtype, channels: int, groups: int, silu: bool) -> bool:
    """Build all kernels of a kind of norm and compare them with the plain one; report why if that fails.

    So a kernel that does not build, or is wrong, never reaches a picture, and no step waits for a compiler. What is
    known to fail: there is no C compiler for triton's launcher (RuntimeError) or $CC does not exist (OSError); Python's
    headers are missing (CalledProcessError); libcuda.so is not found (AssertionError); triton's cache cannot be written
    (OSError) or executed (ImportError); a kernel does not compile, or needs more than the device has (TritonError).
    """
    try:
        for added in (False, True):
            _check(device, dtype, channels, groups, silu, added)
    except Exception as error:  # with whatever else a compiler says where we have never been
        _report(f"{type(error).__name__}: {error}".splitlines()[0])
        return False
    return True


@functools.cache
def _report(reason: str) -> None:
    log.warning("GroupNorm takes the plain, slower path: its Triton kernels do not run here (%s)", reason)


@torch.inference_mode(False)
@torch.enable_grad()
def _check(device: torch.device, dtype: torch.dtype, channels: int, groups: int, silu: bool, with_added: bool) -> None:
    """Compare value and gradient with the plain norm's in float32.

    Raises:
        RuntimeError: they differ by more than the type's rounding explains.
    """
    shape = (2, channels, 5, 7)
    x = _wave(shape, 0.7, device, dtype).contiguous(memory_format=torch.channels_last).requires_grad_()
    gradient = _wave(shape, 1.3, device, dtype)
    weight, bias, shift = (_wave((channels,), speed, device, dtype) for speed in (0.3, 0.4, 0.5))
    made = norm(x, shift if with_added else None, weight, bias, groups, 1e-6, silu=silu)
    found = made, *torch.autograd.grad(made, x, gradient)
    shifted = x.float() + shift.float()[:, None, None] if with_added else x.float()
    plain = F.group_norm(shifted, groups, weight.float(), bias.float(), 1e-6)
    plain = F.silu(plain) if silu else plain
    wanted = plain, *torch.autograd.grad(plain, x, gradient.float())
    for ours, theirs in zip(found, wanted, strict=True):
        away = (ours.detach().float() - theirs.detach().float()).abs().max()
        error = float(away / theirs.detach().float().abs().max())
        if not error < (1e-4 if dtype == torch.float32 else 0.03):  # NaN is not less
            raise RuntimeError(f"a result differs from the plain one by {error:.1g} of its range")


def _wave(shape: tuple[int, ...], speed: float, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return numbers in [-1, 1] without touching a random generator."""
    return torch.arange(torch.Size(shape).numel(), device=device).mul(speed).sin().view(shape).to(dtype)
