"""Attention inside networks that other libraries compute: on a GPU, with a gradient that is the same in every run."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode

from render.kernels import hardware
from render.kernels.attention import fused


def repeatable_attention(visual: nn.Module, pixels: Tensor) -> contextlib.AbstractContextManager[object]:
    """Return the context in which to compute `visual`, an image tower of open_clip's, of `pixels`; nothing on a CPU.

    timm's networks call torch's attention, which is replaced by `fused`. Others call a larger function, inside of which
    nothing can be replaced; matrix products are chosen for them. Their only attention is often one layer for one token.
    """
    if not hardware.is_on_cuda(pixels):
        return contextlib.nullcontext()
    is_timm = hasattr(visual, "trunk")  # open_clip's name for a network of timm's
    return _Fused() if is_timm else sdpa_kernel(SDPBackend.MATH)


class _Fused(TorchFunctionMode):
    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        return (fused if func is F.scaled_dot_product_attention else func)(*args, **(kwargs or {}))
