"""taming's encoder and decoder with frozen weights: the same graph, fewer and faster passes.

What differs from taming's modules: SiLU is fused into the preceding norm, the three projections of
attention are one convolution, and where that is fast, nearest-neighbour upsampling and the following convolution are
one transposed convolution, which avoids the upsampled picture, three quarters of whose pixels are repeats.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from render.kernels.attention import attend
from render.kernels.colours import FrozenColours
from render.kernels.norm import FrozenNorm


class FrozenEncoder(nn.Module):
    """A `taming.modules.diffusionmodules.model.Encoder`: (B, 3, H, W) to (B, z_channels, h, w)."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        layers: list[nn.Module] = [encoder.conv_in]
        for level in encoder.down:
            layers += _level(level)
            if hasattr(level, "downsample"):
                layers.append(level.downsample)
        self.layers = nn.Sequential(*layers, *_middle(encoder.mid))
        self.norm_out = FrozenNorm(encoder.norm_out, silu=True)
        self.conv_out = encoder.conv_out

    def forward(self, image: Tensor) -> Tensor:
        latent: Tensor = self.conv_out(self.norm_out(self.layers(image)))
        return latent


class FrozenDecoder(nn.Module):
    """A `taming.modules.diffusionmodules.model.Decoder`: (B, z_channels, h, w) to (B, 3, H, W)."""

    def __init__(self, decoder: Any) -> None:
        super().__init__()
        layers: list[nn.Module] = [decoder.conv_in, *_middle(decoder.mid)]
        for level in reversed(decoder.up):
            layers += _level(level)
            if hasattr(level, "upsample"):
                layers.append(_upsample(level.upsample))
        self.layers = nn.Sequential(*layers)
        self.norm_out = FrozenNorm(decoder.norm_out, silu=True)
        self.conv_out = FrozenColours(decoder.conv_out)

    def forward(self, latent: Tensor) -> Tensor:
        image: Tensor = self.conv_out(self.norm_out(self.layers(latent)))
        return image


class FrozenResnetBlock(nn.Module):
    """A `ResnetBlock` without time embedding and dropout: (B, C, H, W) to (B, C', H, W)."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        self.norm1, self.norm2 = FrozenNorm(block.norm1, silu=True), FrozenNorm(block.norm2, silu=True)
        self.conv1, self.conv2 = block.conv1, block.conv2
        self.shortcut: nn.Module = nn.Identity()
        if block.in_channels != block.out_channels:
            self.shortcut = block.conv_shortcut if block.use_conv_shortcut else block.nin_shortcut

    def forward(self, x: Tensor) -> Tensor:
        moved: Tensor = self.conv2(self.norm2.after(self.conv1, self.norm1(x)))
        kept: Tensor = self.shortcut(x)
        return kept + moved


class FrozenAttention(nn.Module):
    """An `AttnBlock`: self-attention over the positions of (B, C, H, W); same shape."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        self.norm = FrozenNorm(block.norm)
        projections = [block.q, block.k, block.v]
        self.register_buffer("weight", torch.cat([conv.weight.detach() for conv in projections]))
        self.register_buffer("bias", torch.cat([conv.bias.detach() for conv in projections]))
        self.proj_out = block.proj_out

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        projected = F.conv2d(self.norm(x), self.get_buffer("weight"), self.get_buffer("bias"))
        query, key, value = torch.split(projected.flatten(2).transpose(1, 2).unsqueeze(1), channels, dim=-1)
        seen = attend(query, key, value).squeeze(1).transpose(1, 2).reshape(batch, channels, height, width)
        added: Tensor = self.proj_out(seen)
        return x + added


class FrozenUpsample(nn.Module):
    """An `Upsample` with its convolution: (B, C, H, W) to (B, C, 2H, 2W).

    Source: Shi et al., "Is the deconvolution layer the same as a convolutional layer?" (2016).
    """

    def __init__(self, upsample: Any) -> None:
        super().__init__()
        conv = upsample.conv
        kernel = _spread(_spread(conv.weight.detach().float(), 2), 3).transpose(0, 1)
        self.register_buffer("weight", kernel.to(conv.weight.dtype).contiguous(memory_format=torch.channels_last))
        self.register_buffer("bias", conv.bias.detach())

    def forward(self, x: Tensor) -> Tensor:
        return F.conv_transpose2d(x, self.get_buffer("weight"), self.get_buffer("bias"), stride=2, padding=1)


def _upsample(upsample: Any) -> nn.Module:
    if upsample.with_conv and transposes_fast(upsample.conv.weight.device):
        return FrozenUpsample(upsample)
    whole: nn.Module = upsample
    return whole


def transposes_fast(device: torch.device) -> bool:
    """Whether transposed convolutions are as fast as others: on CPUs and with cuDNN.

    AMD's MIOpen takes about 20 times as long for them. On Apple's GPUs, nobody has measured them here yet.
    """
    return device.type == "cpu" or (device.type == "cuda" and torch.version.hip is None)


def _spread(weight: Tensor, axis: int) -> Tensor:
    """Convert three taps on repeated pixels along `axis` to four taps of a transposed convolution of stride 2."""
    first, middle, last = weight.unbind(axis)
    return torch.stack([last, middle + last, first + middle, first], dim=axis)


def _level(level: Any) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for number, block in enumerate(level.block):
        layers.append(FrozenResnetBlock(block))
        if len(level.attn):
            layers.append(FrozenAttention(level.attn[number]))
    return layers


def _middle(middle: Any) -> list[nn.Module]:
    return [FrozenResnetBlock(middle.block_1), FrozenAttention(middle.attn_1), FrozenResnetBlock(middle.block_2)]
