"""Attention inside networks that other libraries compute: on a GPU right, and with the same gradient in every run."""

import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode

from render.kernels import hardware
from render.kernels.attention import fused

_ORIGINAL = F.scaled_dot_product_attention


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


def mend_attention() -> None:
    """Have torch's attention copy its inputs from now on, in this process.

    On Apple's GPUs it reads transposed views as if they were contiguous, and returns wrong numbers without a word, in
    some versions of torch from 2.8 on (its issues 163597, 181133). Text encoders pass such views.
    """
    F.scaled_dot_product_attention = _of_copies


@functools.wraps(_ORIGINAL)
def _of_copies(query: Tensor, key: Tensor, value: Tensor, *args: Any, **options: Any) -> Tensor:
    return _ORIGINAL(query.contiguous(), key.contiguous(), value.contiguous(), *args, **options)
