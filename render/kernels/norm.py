"""GroupNorm with frozen weights, optionally followed by SiLU; only the gradient of the input is computed.

PyTorch's own backward pass for channels_last on the CPU is several times slower than the convolutions
around it; this one consists of a few fused passes. On NVIDIA's GPUs PyTorch would convert to NCHW and back:
see `render.kernels.triton_norm`.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from render.kernels.triton_norm import operators, support


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
        # dx = rstd (w g - mean(w g) - xhat mean(w g xhat)), with means over a group, written as a g + b x + c
        # with one a, b, c per channel. Where the gradient is our own, it is overwritten: fresh memory costs more.
        x, weight, mean, rstd, normed = ctx.saved_tensors
        gradient = gradients[0]
        if normed is not None:
            gradient = torch.ops.aten.silu_backward(gradient, normed)
        a, b, c = _coefficients(gradient, x, weight.view(ctx.groups, -1), mean, rstd)
        scaled = torch.addcmul(c, gradient, a, out=gradient if normed is not None else None)
        return scaled.addcmul_(x, b), None, None, None, None, None


def _coefficients(gradient: Tensor, x: Tensor, weight: Tensor, mean: Tensor, rstd: Tensor) -> tuple[Tensor, ...]:
    """Return a, b and c of the gradient of the norm's input, each (B, C, 1, 1) in the precision of x.

    Args:
        weight: (G, C / G), with G groups.
        mean: (B, G), like rstd.
    """
    batch, channels, height, width = x.shape
    wide = torch.promote_types(x.dtype, torch.float32)
    mean, rstd = mean.to(wide)[..., None], rstd.to(wide)[..., None]
    parted = batch, *weight.shape
    sums = _sums(gradient, x, *(value.expand(parted).reshape(batch, channels) for value in (mean, rstd)))
    count = height * width * weight.shape[1]
    mean_g, mean_gxhat = (sums.view(2, *parted) * weight).sum(dim=-1, keepdim=True) / count
    shrunk = rstd.square() * mean_gxhat
    values = rstd * weight, -shrunk, shrunk * mean - rstd * mean_g
    found = torch.stack([value.expand(parted) for value in values]).to(x.dtype)
    return found.view(3, batch, channels, 1, 1).unbind()


def _sums(gradient: Tensor, x: Tensor, mean: Tensor, rstd: Tensor) -> Tensor:
    """Sum over the picture the gradient, and the gradient times the normed x: (2, B, C), at least float32.

    They equal the gradients of batch norm's bias and weight (whatever that weight is), and are computed in one
    pass without a float32 copy of half-precision numbers.

    Args:
        mean: (B, C), like rstd.
    """
    sums = [
        torch.ops.aten.native_batch_norm_backward(
            gradient[i : i + 1], x[i : i + 1], rstd[i], None, None, mean[i], rstd[i], True, 0.0, [False, True, True]
        )
        for i in range(len(x))
    ]
    return torch.stack([*(bias for _, _, bias in sums), *(weight for _, weight, _ in sums)]).view(2, *mean.shape)


class FrozenNorm(nn.Module):
    """An `nn.GroupNorm` with frozen weights, optionally followed by SiLU: (B, C, H, W) to the same shape.

    Source: Wu and He, "Group Normalization" (2018); Elfwing et al., "Sigmoid-Weighted Linear Units" (2017).
    """

    def __init__(self, norm: nn.GroupNorm, *, silu: bool = False) -> None:
        super().__init__()
        self.num_groups, self.eps, self.silu = norm.num_groups, norm.eps, silu
        self.register_buffer("weight", norm.weight.detach())
        self.register_buffer("bias", norm.bias.detach())
        self.fused = support.runs(norm.weight, norm.num_groups, silu)

    def forward(self, x: Tensor) -> Tensor:
        if self._fuses(x):
            return self._fused(x)
        weight, bias = self.get_buffer("weight"), self.get_buffer("bias")
        if x.requires_grad and x.device.type == "cpu":
            normed: Tensor = _FrozenNorm.apply(x, weight, bias, self.num_groups, self.eps, self.silu)
            return normed
        plain = F.group_norm(x, self.num_groups, weight, bias, self.eps)
        return F.silu(plain) if self.silu else plain

    def after(self, conv: nn.Conv2d, x: Tensor) -> Tensor:
        """Norm `conv(x)`; the Triton kernels also add its bias, which is a pass over memory of its own on a GPU."""
        if not self.fused or conv.bias is None:
            made: Tensor = self(conv(x))
            return made
        convolved = conv._conv_forward(x, conv.weight, None)
        if self._fuses(convolved):
            return self._fused(convolved, conv.bias)
        added: Tensor = self(convolved + conv.bias[:, None, None])
        return added

    def _fused(self, x: Tensor, added: Tensor | None = None) -> Tensor:
        weight, bias = self.get_buffer("weight"), self.get_buffer("bias")
        return operators.norm(x, added, weight, bias, self.num_groups, self.eps, silu=self.silu)

    def _fuses(self, x: Tensor) -> bool:
        fits = x.device.type == "cuda" and x.dtype == self.get_buffer("weight").dtype
        return self.fused and fits and x.is_contiguous(memory_format=torch.channels_last)
