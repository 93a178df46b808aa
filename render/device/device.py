"""Choose the device and the precision of the models by what the hardware can do."""

import contextlib

import torch

from render.errors import InputError
from render.kernels.foreign import mend_attention

_NAMES = "expected auto, cpu, cuda, cuda:N or mps"
_BF16_SINCE = 14  # macOS; before that, Metal has no such numbers


def pick_device(name: str) -> torch.device:
    """Resolve `auto`, `cpu`, `cuda`, `cuda:N` or `mps` (Apple's GPU) to an existing device.

    `auto` is an NVIDIA or AMD GPU, else Apple's, else the CPU.

    Raises:
        InputError: the name is none of these, or there is no such GPU.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"device '{name}': {_NAMES}") from error
    if device.type not in ("cpu", "cuda", "mps"):
        raise InputError(f"device '{name}': {_NAMES}")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(f"device '{name}': this machine has {torch.cuda.device_count()} CUDA GPUs; try --device auto")
    if device.type == "mps" and (device.index or not torch.backends.mps.is_available()):
        raise InputError(f"device '{name}': {_without_mps(device)}; try --device auto")
    return device


def make_ready(device: torch.device) -> None:
    """Make a GPU this thread's current one, which everything runs on that names no device.

    Kernels of our own, captured graphs and pinned memory are such. On another GPU they would fail, or start that one,
    too, which takes half a gigabyte there. On Apple's GPUs, attention is mended.
    """
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)
    elif device.type == "mps":
        mend_attention()


def _without_mps(device: torch.device) -> str:
    if torch.backends.mps.is_available():
        return "a Mac has one GPU, mps"
    if torch.backends.mps.is_built():
        return "torch needs a newer macOS to use this Mac's GPU"
    return "this machine has no Apple GPU that torch can use"


def model_dtype(device: torch.device, precision: str = "auto") -> torch.dtype:
    """Return the dtype of network weights for `precision`, one of `render.spec.PRECISIONS`.

    `auto` is bf16 where the hardware supports it (CUDA from Ampere on, CPUs with AMX or AVX512-BF16),
    fp16 on older GPUs, else fp32: on other CPUs bf16 is emulated and slower. On Apple's GPUs it is fp32: bf16 is
    emulated on the M1 and M2, no faster on later ones, and missing before macOS 14. Latents, quantisation,
    losses and the optimiser are float32 everywhere.

    Raises:
        InputError: the device has no numbers of this precision.
    """
    if precision != "auto":
        if device.type == "mps" and precision == "bf16" and not _macos_has_bf16():
            raise InputError(f"precision 'bf16': on mps it needs macOS {_BF16_SINCE} or newer; try fp16 or fp32")
        return {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[precision]
    if device.type == "mps":
        return torch.float32
    if device.type == "cuda":
        with current(device):
            has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if has_bf16 else torch.float16
    multiplies = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if multiplies else torch.float32


def _macos_has_bf16() -> bool:
    return torch.backends.mps.is_macos_or_newer(_BF16_SINCE, 0)


def device_name(device: torch.device) -> str:
    """Return the GPU's name or the CPU's instruction set, which determines how results are rounded."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return torch.backends.mps.get_name()
    return f"CPU ({torch.backends.cpu.get_cpu_capability()})"


def current(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """Return a context in which `device` is this thread's current GPU; it does nothing for other devices."""
    if device.type == "cuda" and device.index is not None:
        return torch.cuda.device(device)
    return contextlib.nullcontext()


def wait_for(device: torch.device) -> None:
    """Wait until a GPU has done all its work; a CPU always has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
