"""Compute in float64 where there is such a thing: Apple's GPUs have none."""

import torch

_WITHOUT = {"mps"}


def exact(device: torch.device) -> torch.device:
    """Return where what is meant for `device` is computed in float64: there, or on the CPU.

    Coordinates are: float32 is off by 1/1000 pixel at the far edge of 4K, and a motion is made of many frames. What
    reads them takes them to its own device, as float32.
    """
    return torch.device("cpu") if device.type in _WITHOUT else device
