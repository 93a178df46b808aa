"""A small depth network: an encoder and decoder of convolutions. It does not ship, see docs/embedded.md.

Source of the layout: MiDaS small (Ranftl et al. 2020), whose features of every size are added as they are enlarged.
It has a twenty-fifth of its weights, and is also told the height in the picture: what is lower is mostly nearer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from render.motion.depth.seen import in_float32, multiple, on_pixels

SIDE = 160  # pixels of the longer side of what the network sees
MULTIPLE = 32  # of the sides: it halves them five times
_WIDTHS = (24, 32, 64, 96, 128)  # channels at a half, a quarter ... of the size
_LADDER = (16, 32, 48, 64)

Norm = Callable[[int], nn.Module]


class Unit(nn.Module):
    """Convolution, normalisation, and ReLU unless it is `plain`."""

    def __init__(
        self, norm: Norm, into: int, out: int, side: int = 3, stride: int = 1, groups: int = 1, plain: bool = False
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(into, out, side, stride, side // 2, groups=groups)
        self.norm = norm(out)
        self.plain = plain

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, H / stride, W / stride)."""
        x = self.norm(self.conv(x))
        return x if self.plain else F.relu(x)


class Block(nn.Module):
    """Two convolutions beside a connection past them."""

    def __init__(self, norm: Norm, width: int) -> None:
        super().__init__()
        self.first, self.second = Unit(norm, width, width), Unit(norm, width, width, plain=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape."""
        return F.relu(x + self.second(self.first(x)))


class Wide(nn.Module):
    """A block that sees further: one kernel a channel, two mixtures of channels, and the mean of the picture."""

    def __init__(self, norm: Norm, width: int) -> None:
        super().__init__()
        self.near = Unit(norm, width, width, 5, groups=width, plain=True)
        self.all = nn.Conv2d(width, width, 1)
        self.up, self.down = Unit(norm, width, 2 * width, 1), Unit(norm, 2 * width, width, 1, plain=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape."""
        seen = self.near(x) + self.all(x.mean(dim=(2, 3), keepdim=True))
        return F.relu(x + self.down(self.up(seen)))


class DepthNet(nn.Module):
    """Nearness of pictures, at half of their size.

    Args:
        norm: makes the normalisation of so many channels. None once exported: it is part of the weights then.
    """

    def __init__(self, norm: Norm = lambda width: nn.Identity()) -> None:
        super().__init__()
        half, quarter, eighth, small, least = _WIDTHS
        self.stem = Unit(norm, 4, half, stride=2)
        self.steps = nn.ModuleList(
            [
                nn.Sequential(Unit(norm, half, quarter, stride=2), Block(norm, quarter)),
                nn.Sequential(Unit(norm, quarter, eighth, stride=2), Block(norm, eighth), Block(norm, eighth)),
                nn.Sequential(Unit(norm, eighth, small, stride=2), Block(norm, small)),
                nn.Sequential(Unit(norm, small, least, stride=2), Wide(norm, least), Wide(norm, least)),
            ]
        )
        sides = zip((half, quarter, eighth, small), _LADDER, strict=True)
        self.across = nn.ModuleList([Unit(norm, width, rung, 1, plain=True) for width, rung in sides])
        below = (*_LADDER[1:], least)
        self.enlarged = nn.ModuleList(
            [Unit(norm, into, rung, 1, plain=True) for into, rung in zip(below, _LADDER, strict=True)]
        )
        self.mixed = nn.ModuleList([Block(norm, rung) for rung in _LADDER])
        self.out = nn.Conv2d(_LADDER[0], 1, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        """Return (B, H / 2, W / 2), in any scale and from any zero.

        Args:
            image: (B, 3, H, W) in [0, 1], sides multiples of `MULTIPLE`.
        """
        height, width = image.shape[-2:]
        down = torch.linspace(-1, 1, height, device=image.device, dtype=image.dtype)[:, None].expand(height, width)
        x = torch.cat([image * 4 - 2, down.expand(len(image), 1, -1, -1)], dim=1)
        seen = [self.stem(x)]
        for step in self.steps:
            seen.append(step(seen[-1]))
        x = seen[-1]
        for rung in reversed(range(len(_LADDER))):
            x = F.interpolate(self.enlarged[rung](x), scale_factor=2.0, mode="nearest")
            x = self.mixed[rung](F.relu(x + self.across[rung](seen[rung])))
        nearness: Tensor = self.out(x)[:, 0]
        return nearness


class TrainedDepth:
    """The network, for pictures of any size; see `render.motion.depth.estimators.Estimate`."""

    def __init__(self, net: DepthNet) -> None:
        self._net = net

    @torch.no_grad()
    def __call__(self, image: Tensor) -> Tensor:
        """See `Estimate`. One picture at a time, as a sum may be computed in another order for several."""
        return torch.cat([self._one(each[None]) for each in image])

    def _one(self, image: Tensor) -> Tensor:
        size = seen_size(image.shape[-2], image.shape[-1])
        seen = F.interpolate(image.float(), size, mode="bilinear", antialias=True, align_corners=False)
        with in_float32(image.device):
            return on_pixels(self._net(seen.clamp(0, 1)), image)


def seen_size(height: int, width: int) -> tuple[int, int]:
    """Return the (height, width) of what the network sees of a picture: its longer side is `SIDE`."""
    scale = SIDE / max(height, width)
    return multiple(height * scale, MULTIPLE), multiple(width * scale, MULTIPLE)


def load_depth(path: Path) -> TrainedDepth:
    """Load an exported network."""
    net = DepthNet()
    net.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    return TrainedDepth(net.eval().requires_grad_(False))
