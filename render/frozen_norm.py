"""GroupNorm whose weights are frozen: only the gradient of its input is computed.

PyTorch's own backward for channels_last bf16 on the CPU is several times slower than the
convolutions around it; this one is a handful of fused passes.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class _FrozenGroupNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, groups: int, eps: float) -> Tensor:
        batch, channels, height, width = x.shape
        normed, mean, rstd = torch.ops.aten.native_group_norm(
            x, weight, bias, batch, channels, height * width, groups, eps
        )
        ctx.save_for_backward(x, weight, mean, rstd)
        ctx.groups = groups
        result: Tensor = normed
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None, None]:
        # dx = rstd (w g - mean(w g) - xhat mean(w g xhat)), means over a group, written as a g + b x + c
        # with one a, b, c per channel.
        x, weight, mean, rstd = ctx.saved_tensors
        gradient = gradients[0]
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
        return dx, None, None, None, None


class FrozenGroupNorm(nn.Module):
    """Drop-in for an `nn.GroupNorm` that is not trained: (B, C, H, W) to the same shape.

    Source: Wu and He, "Group Normalization" (2018); same values as `torch.nn.GroupNorm`.
    """

    def __init__(self, norm: nn.GroupNorm) -> None:
        super().__init__()
        self.num_groups, self.eps = norm.num_groups, norm.eps
        self.register_buffer("weight", norm.weight.detach())
        self.register_buffer("bias", norm.bias.detach())

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.get_buffer("weight"), self.get_buffer("bias")
        if not x.requires_grad:
            return F.group_norm(x, self.num_groups, weight, bias, self.eps)
        normed: Tensor = _FrozenGroupNorm.apply(x, weight, bias, self.num_groups, self.eps)
        return normed


def freeze_norms(module: nn.Module) -> None:
    """Put a `FrozenGroupNorm` in place of every GroupNorm inside `module`."""
    for name, child in module.named_children():
        if isinstance(child, nn.GroupNorm):
            setattr(module, name, FrozenGroupNorm(child))
        else:
            freeze_norms(child)
