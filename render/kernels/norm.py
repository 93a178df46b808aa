"""GroupNorm, and SiLU behind it, whose weights are frozen: only the gradient of the input is computed.

PyTorch's own backward for channels_last on the CPU is several times slower than the convolutions
around it; this one is a handful of fused passes.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class _FrozenNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, groups: int, eps: float, silu: bool) -> Tensor:
        batch, channels, height, width = x.shape
        normed, mean, rstd = torch.ops.aten.native_group_norm(
            x, weight, bias, batch, channels, height * width, groups, eps
        )
        ctx.save_for_backward(x, weight, mean, rstd, normed if silu else None)
        ctx.groups = groups
        result: Tensor = F.silu(normed) if silu else normed
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None, None, None]:
        # dx = rstd (w g - mean(w g) - xhat mean(w g xhat)), means over a group, written as a g + b x + c
        # with one a, b, c per channel.
        x, weight, mean, rstd, normed = ctx.saved_tensors
        gradient = gradients[0]
        if normed is not None:
            gradient = torch.ops.aten.silu_backward(gradient, normed)
        batch, channels, height, width = x.shape
        per_group = channels // ctx.groups
        count = height * width * per_group

        def grouped(value: Tensor) -> Tensor:
            summed: Tensor = (value * weight.float()).view(batch, ctx.groups, per_group).sum(dim=-1)
            return summed

        def spread(value: Tensor) -> Tensor:
            return value.repeat_interleave(per_group, dim=1)[..., None, None]

        mean, rstd = mean.float(), rstd.float()
        sum_g = grouped(gradient.sum(dim=(2, 3), dtype=torch.float32))
        sum_gx = grouped((gradient * x).sum(dim=(2, 3), dtype=torch.float32))
        mean_g = sum_g / count
        mean_g_xhat = (sum_gx - mean * sum_g) * rstd / count
        a = spread(rstd) * weight.float()[:, None, None]
        b = spread(-rstd.square() * mean_g_xhat)
        c = spread(rstd.square() * mean_g_xhat * mean - rstd * mean_g)
        dx = torch.addcmul(torch.addcmul(c.to(x.dtype), gradient, a.to(x.dtype)), x, b.to(x.dtype))
        return dx, None, None, None, None, None


class FrozenNorm(nn.Module):
    """An `nn.GroupNorm` that is not trained, with SiLU behind it if asked: (B, C, H, W) to the same shape.

    Source: Wu and He, "Group Normalization" (2018); Elfwing et al., "Sigmoid-Weighted Linear Units" (2017).
    """

    def __init__(self, norm: nn.GroupNorm, *, silu: bool = False) -> None:
        super().__init__()
        self.num_groups, self.eps, self.silu = norm.num_groups, norm.eps, silu
        self.register_buffer("weight", norm.weight.detach())
        self.register_buffer("bias", norm.bias.detach())

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.get_buffer("weight"), self.get_buffer("bias")
        if x.requires_grad and x.device.type == "cpu":
            normed: Tensor = _FrozenNorm.apply(x, weight, bias, self.num_groups, self.eps, self.silu)
            return normed
        plain = F.group_norm(x, self.num_groups, weight, bias, self.eps)
        return F.silu(plain) if self.silu else plain
