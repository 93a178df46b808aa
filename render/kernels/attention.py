"""Compute attention with the implementation that is fastest on the device."""

import torch.nn.functional as F
from torch import Tensor


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    """Compute softmax(q k^T / sqrt(D)) v for (B, heads, N, D); the result has the shape of `query`.

    On the CPU it uses two matrix products, because the fused kernel's backward pass is slow there, especially in bf16.

    Args:
        mask: of bool, broadcast to (B, heads, N, number of keys): which keys each query sees; None for all of them.

    Source: Vaswani et al., "Attention Is All You Need" (2017).
    """
    if query.device.type != "cpu":
        return F.scaled_dot_product_attention(query, key, value, mask)
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    seen: Tensor = scores.softmax(dim=-1) @ value
    return seen
