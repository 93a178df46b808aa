"""Linear layers with frozen weights, packed once for the processor's instructions."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class FrozenLinear(nn.Module):
    """Computes `x W^T + b` with W (N, K) and b (N,): (..., K) to (..., N), with a gradient for x only.

    In float32 on a CPU both passes use oneDNN, on weights that it has packed: the BLAS that torch would use lacks
    512-bit kernels for some processors that support them, and is half as fast there. In bf16 torch uses oneDNN for
    both passes anyway, and a second, packed copy of the weights would gain only a twentieth.
    """

    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__()
        weight = weight.detach()
        self.width = len(weight)
        self.register_buffer("bias", None if bias is None else bias.detach())
        self._packed: tuple[Tensor, Tensor] | None = None
        if _packs(weight):
            self._packed = _pack(weight), _pack(weight.T)
        else:
            self.register_buffer("weight", weight)

    def forward(self, x: Tensor) -> Tensor:
        if self._packed is None:
            return F.linear(x, self.get_buffer("weight"), self.bias)
        made: Tensor = _Product.apply(x.reshape(-1, x.shape[-1]), *self._packed, self.bias)
        return made.view(*x.shape[:-1], self.width)


def _packs(weight: Tensor) -> bool:
    known = hasattr(torch.ops.mkldnn, "_linear_pointwise") and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
    return known and weight.device.type == "cpu" and weight.dtype == torch.float32


def _pack(weight: Tensor) -> Tensor:
    packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous())
    return packed


def _multiply(x: Tensor, packed: Tensor, bias: Tensor | None) -> Tensor:
    product: Tensor = torch.ops.mkldnn._linear_pointwise(x, packed, bias, "none", [], "")
    return product


class _Product(torch.autograd.Function):
    """Multiplies x (M, K) by packed weights, and its gradient by the packed transposed weights."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, packed: Tensor, transposed: Tensor, bias: Tensor | None) -> Tensor:
        ctx.transposed = transposed
        return _multiply(x, packed, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        return _multiply(gradients[0].contiguous(), ctx.transposed, None), None, None, None
