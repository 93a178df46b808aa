"""Where the models run and in which precision: by capability, not by guess."""

import torch

from render.errors import InputError


def pick_device(name: str) -> torch.device:
    """`auto`, `cpu`, `cuda` or `cuda:N` to a device that is there.

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


def model_dtype(device: torch.device) -> torch.dtype:
    """The precision of network weights: bf16 where the hardware multiplies it, else float32.

    Latents, losses and the optimiser are float32 everywhere. On a CPU without AMX bf16 is emulated
    and slower than float32.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    return torch.bfloat16 if torch.cpu._is_amx_tile_supported() else torch.float32
