"""What kernels choose by: where a tensor is. All ask here, so that a test can take a GPU's way on a CPU."""

import torch
from torch import Tensor


def is_on_cuda(tensor: Tensor) -> bool:
    """Whether a tensor is on a GPU of NVIDIA's, or of AMD's, which torch calls the same."""
    return tensor.device.type == "cuda"


def layout(device: torch.device) -> torch.memory_format:
    """Return the layout in which convolutions on a device are fast: NHWC, but NCHW on Apple's GPUs.

    With NHWC, torch has crashed there, or returned wrong numbers without a word (its issues 175190, 180984, 192212).
    """
    return torch.contiguous_format if device.type == "mps" else torch.channels_last
