"""What kernels choose by: where a tensor is. All ask here, so that a test can take a GPU's way on a CPU."""

from torch import Tensor


def is_on_cuda(tensor: Tensor) -> bool:
    """Whether a tensor is on a GPU of NVIDIA's, or of AMD's, which torch calls the same."""
    return tensor.device.type == "cuda"
