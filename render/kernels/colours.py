"""A decoder's last convolution, which makes three colours of many channels, with frozen weights."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from render.kernels.hardware import layout


class FrozenColours(nn.Module):
    """A 3x3 convolution to three colours: (B, C, H, W) to (B, 3, H, W), computed and returned in float32 or better.

    In bf16, colours would be rounded to 8 bits inside the feedback loop. On a CPU, a vector has room for 16 channels,
    which three colours do not fill. So the colours of 2 x 2 pixels are computed at once there, as 12 channels of a
    convolution of stride 2: less than half the multiplications, and the same sums.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        weight = conv.weight.detach()
        weight = weight.to(torch.promote_types(weight.dtype, torch.float32))
        assert conv.bias is not None
        self.register_buffer("weight", weight.contiguous(memory_format=layout(weight.device)))
        self.register_buffer("bias", conv.bias.detach().to(weight.dtype))
        if weight.device.type == "cpu":
            four = torch.stack([F.pad(weight, (x, 1 - x, y, 1 - y)) for y in range(2) for x in range(2)], dim=1)
            turned = weight.flip(2, 3).transpose(0, 1)
            self.register_buffer("four", four.flatten(0, 1).contiguous(memory_format=torch.channels_last))
            self.register_buffer("turned", turned.contiguous(memory_format=torch.channels_last))

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.get_buffer("weight"), self.get_buffer("bias")
        if x.device.type != "cpu" or x.shape[2] % 2 or x.shape[3] % 2:
            return F.conv2d(x.to(weight.dtype), weight, bias, padding=1)
        colours: Tensor = _ByFour.apply(x, self.get_buffer("four"), self.get_buffer("turned"), bias)
        return colours


class _ByFour(torch.autograd.Function):
    """Convolves with stride 2; its gradient is that of the convolution with stride 1, a convolution itself."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, four: Tensor, turned: Tensor, bias: Tensor) -> Tensor:
        ctx.turned, ctx.dtype = turned, x.dtype
        return F.pixel_shuffle(F.conv2d(x.to(four.dtype), four, bias.repeat_interleave(4), stride=2, padding=1), 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        gradient = gradients[0].contiguous(memory_format=torch.channels_last)
        return F.conv2d(gradient, ctx.turned, padding=1).to(ctx.dtype), None, None, None
