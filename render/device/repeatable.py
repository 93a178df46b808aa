"""Set torch so that a GPU gives equal results for equal inputs, in every run."""

import torch

from render.device.environment import choose_workspaces


def make_repeatable(device: torch.device, dtype: torch.dtype) -> None:
    """Have cuDNN take algorithms that add up in a fixed order, chosen by shapes and not by a race between them.

    With float32 models, convolutions are computed in float32 as well; torch would round their inputs to TF32, which
    keeps 10 bits of a number's mantissa. With half-precision models, the few layers that stay in float32 use TF32.

    Sampling, attention and cuBLAS: `render.kernels.sampling`, `render.kernels.attention`, `render.device.environment`.

    Args:
        dtype: of the models, see `render.device.device.model_dtype`.
    """
    if device.type != "cuda":
        return
    choose_workspaces()  # for programs that did not before they imported torch
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = dtype != torch.float32
    # Kernels overwrite all that they allocate: no reason to fill it where `render.kernels.attention` is deterministic.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
