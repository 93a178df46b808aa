"""Choose the device and the precision of the models by what the hardware can do."""

import torch

from render.errors import InputError


def pick_device(name: str) -> torch.device:
    """Resolve `auto`, `cpu`, `cuda` or `cuda:N` to an existing device.

    Raises:
        InputError: the name is none of these, or there is no such GPU.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"device '{name}': expected auto, cpu, cuda or cuda:N") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(f"device '{name}': this machine has {torch.cuda.device_count()} CUDA GPUs; try --device auto")
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"device '{name}': expected auto, cpu, cuda or cuda:N")
    return device


def model_dtype(device: torch.device, precision: str = "auto") -> torch.dtype:
    """Return the dtype of network weights for `precision`, one of `render.spec.PRECISIONS`.

    `auto` is bf16 where the hardware supports it (CUDA from Ampere on, CPUs with AMX or AVX512-BF16),
    fp16 on older GPUs, else fp32: on other CPUs bf16 is emulated and slower. Latents, quantisation,
    losses and the optimiser are float32 everywhere.
    """
    if precision != "auto":
        return {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[precision]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    multiplies = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if multiplies else torch.float32


def device_name(device: torch.device) -> str:
    """Return the GPU's name or the CPU's instruction set, which determines how results are rounded."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU ({torch.backends.cpu.get_cpu_capability()})"
