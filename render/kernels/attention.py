"""Compute attention with the implementation that is fastest on the device, and on a GPU the same in every run."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from render.kernels import hardware

_WIDEST = 256  # numbers per head; fast fused kernels take no more
_ACCEPTED = (":4096:8", ":16:8")  # what torch's setting wants of cuBLAS; with anything else, it is an error to use that
_MOST_SCORES = 2**28  # half a gigabyte in bf16; a wide head with more of them is left to the fused kernels


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    """Compute softmax(q k^T / sqrt(D)) v for (B, heads, N, D); the result has the shape of `query`.

    On the CPU it uses two matrix products, because the fused kernel's backward pass is slow there, especially in bf16;
    on CUDA it does so for heads wider than 256, as in a VQGAN's decoder, for which there is no fast fused kernel; on
    Apple's GPUs always, as their fused kernel gets views wrong, see `render.kernels.foreign.mend_attention`.

    Args:
        mask: of bool, broadcast to (B, heads, N, number of keys): which keys each query sees; None for all of them.

    Source: Vaswani et al., "Attention Is All You Need" (2017).
    """
    if not hardware.is_on_cuda(query) or _is_wide(query, key):
        return _by_products(query, key, value, mask)
    return fused(query, key, value, attn_mask=mask)


def _is_wide(query: Tensor, key: Tensor) -> bool:
    return query.shape[-1] > _WIDEST and query.shape[:-1].numel() * key.shape[-2] <= _MOST_SCORES


def _by_products(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    seen: Tensor = scores.softmax(dim=-1) @ value
    return seen


def fused(query: Tensor, key: Tensor, value: Tensor, **options: Any) -> Tensor:
    """Do what `F.scaled_dot_product_attention` does; on CUDA its gradient is the same in every run.

    Torch's fused kernels add up gradients in any order, unless it is set to deterministic algorithms. It is, for both
    passes of attention alone: the rest of a step does not need it, and part of it would be slower.
    """
    if hardware.is_on_cuda(query) and os.environ.get("CUBLAS_WORKSPACE_CONFIG") in _ACCEPTED:
        return repeatable(query, key, value, **options)
    return F.scaled_dot_product_attention(query, key, value, **options)


def repeatable(query: Tensor, key: Tensor, value: Tensor, **options: Any) -> Tensor:
    """Do what `fused` does on CUDA, on any device."""
    before = torch.get_deterministic_debug_mode()
    with setting_kept():
        torch.set_deterministic_debug_mode("error")
        seen = F.scaled_dot_product_attention(query, key, value, **options)
    if seen.requires_grad:
        _before_gradient_of(seen, lambda: torch.set_deterministic_debug_mode("error"))
        for part in (query, key, value):
            if part.requires_grad:
                _before_gradient_of(part, lambda: torch.set_deterministic_debug_mode(before))
    return seen


def _before_gradient_of(tensor: Tensor, act: Callable[[], None]) -> None:
    """Have the backward pass call `act` when it has the gradient of `tensor`, and before it goes on to what made it."""
    tensor.register_hook(lambda gradient: act())  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def setting_kept() -> Iterator[None]:
    """Restore torch's setting of deterministic algorithms, even if a backward pass fails in the middle of attention."""
    before = torch.get_deterministic_debug_mode()
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(before)
