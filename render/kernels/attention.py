"""Compute attention with the implementation that is fastest on the device."""

import torch.nn.functional as F
from torch import Tensor


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Compute softmax(q k^T / sqrt(D)) v for (B, heads, N, D); the result has the shape of `query`.

    On the CPU it uses two matrix products, because the fused kernel's backward pass is slow there, especially in bf16.

    Source: Vaswani et al., "Attention Is All You Need" (2017).
    """
    if query.device.type != "cpu":
        return F.scaled_dot_product_attention(query, key, value)
    shares = ((query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)).softmax(dim=-1)
    seen: Tensor = shares @ value
    return seen
