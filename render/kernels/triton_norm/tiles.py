"""What the kernels share: tiles of (pixels, channels) in float32, read and normed."""

import triton
import triton.language as tl


@triton.jit
def read(
    x: tl.tensor, added: tl.tensor, row: tl.tensor, channel: tl.tensor, channels: tl.tensor, inside: tl.tensor
) -> tl.tensor:
    """Load a tile of float32 (pixels, channels), plus one number per channel if there are any in `added`."""
    value = tl.load(x + row[:, None] * channels + channel[None, :], mask=inside, other=0.0).to(tl.float32)
    if added is not None:
        value += tl.load(added + channel, mask=channel < channels, other=0.0).to(tl.float32)[None, :]
    return value


@triton.jit
def statistics(stats: tl.tensor, channel: tl.tensor, channels: tl.tensor, groups: tl.tensor) -> tl.tensor:
    """Load a pair of float32 per group, one for each channel: what (2, B, groups) has for this program's picture."""
    group = tl.program_id(2) * groups + channel // (channels // groups)
    second = stats + tl.num_programs(2) * groups
    known = channel < channels
    return tl.load(stats + group, mask=known, other=0.0), tl.load(second + group, mask=known, other=0.0)


@triton.jit
def norm(
    value: tl.tensor,
    mean: tl.tensor,
    rstd: tl.tensor,
    weight: tl.tensor,
    bias: tl.tensor,
    channel: tl.tensor,
    channels: tl.tensor,
) -> tl.tensor:
    """Norm a tile: the normed numbers before and after weight and bias, and the weight."""
    w = tl.load(weight + channel, mask=channel < channels, other=0.0).to(tl.float32)[None, :]
    b = tl.load(bias + channel, mask=channel < channels, other=0.0).to(tl.float32)[None, :]
    xhat = (value - mean[None, :]) * rstd[None, :]
    return xhat, xhat * w + b, w


@triton.jit
def store_partials(
    partials: tl.tensor, first: tl.tensor, second: tl.tensor, channel: tl.tensor, channels: tl.tensor
) -> None:
    """Write a program's two results per channel into (2, B, splits, C)."""
    row = tl.program_id(2) * tl.num_programs(0) + tl.program_id(0)
    rows = tl.num_programs(2) * tl.num_programs(0)
    place = partials + row * channels + channel
    tl.store(place, first, mask=channel < channels)
    tl.store(place + rows * channels, second, mask=channel < channels)
