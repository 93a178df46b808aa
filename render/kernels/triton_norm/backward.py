"""Kernels of the gradient: sums over each channel, means over each group, and the gradient of the input.

The normed picture is computed again from the input: only the input and a pair of numbers per group are kept for it.
"""

import triton
import triton.language as tl

from render.kernels.triton_norm.tiles import norm, read, statistics, store_partials


@triton.jit
def _before_silu(gradient: tl.tensor, normed: tl.tensor, silu: tl.constexpr) -> tl.tensor:
    """Convert the gradient of SiLU's output to that of its input: z sigmoid(z) has the slope s (1 + z (1 - s))."""
    if silu:
        s = tl.sigmoid(normed)
        gradient *= s * (1.0 + normed * (1.0 - s))
    return gradient


@triton.jit(do_not_specialize=["pixels", "chunk"])
def slopes_kernel(
    gradient: tl.tensor,
    x: tl.tensor,
    added: tl.tensor,
    weight: tl.tensor,
    bias: tl.tensor,
    stats: tl.tensor,
    partials: tl.tensor,
    pixels: tl.tensor,
    channels: tl.tensor,
    groups: tl.tensor,
    chunk: tl.tensor,
    silu: tl.constexpr,
    rows: tl.constexpr,
    width: tl.constexpr,
) -> None:
    """Sum over `chunk` pixels of each channel the gradient g of the norm's output, and g times the normed x."""
    channel = tl.program_id(1) * width + tl.arange(0, width)
    first = tl.program_id(0) * chunk
    length = tl.minimum(chunk, pixels - first)
    offset = (tl.program_id(2).to(tl.int64) * pixels + first) * channels
    x += offset
    gradient += offset
    row = tl.arange(0, rows)
    mean, rstd = statistics(stats, channel, channels, groups)
    sum_g = tl.zeros((rows, width), tl.float32)
    sum_gxhat = tl.zeros((rows, width), tl.float32)
    for start in range(0, length, rows):
        inside = (start + row < length)[:, None] & (channel < channels)[None, :]
        value = read(x, added, row, channel, channels, inside)
        g = read(gradient, None, row, channel, channels, inside)  # zero outside, and so are its products
        xhat, normed, _ = norm(value, mean, rstd, weight, bias, channel, channels)
        g = _before_silu(g, normed, silu)
        sum_g += g
        sum_gxhat += g * xhat
        x += rows * channels
        gradient += rows * channels
    store_partials(partials, tl.sum(sum_g, axis=0), tl.sum(sum_gxhat, axis=0), channel, channels)


@triton.jit(do_not_specialize=["pixels", "splits"])
def means_kernel(
    partials: tl.tensor,
    weight: tl.tensor,
    means: tl.tensor,
    pixels: tl.tensor,
    channels: tl.tensor,
    splits: tl.tensor,
    rows: tl.constexpr,
    width: tl.constexpr,
) -> None:
    """Combine a group's two sums, times the weights of its channels, to means over the group."""
    group, batch = tl.program_id(0), tl.program_id(1)
    groups, batches = tl.num_programs(0), tl.num_programs(1)
    of_group = channels // groups
    channel = tl.arange(0, width)
    row = tl.arange(0, rows)
    place = partials + batch * splits * channels + group * of_group + channel[None, :]
    second_place = place + batches * splits * channels
    first = tl.zeros((rows, width), tl.float32)
    second = tl.zeros((rows, width), tl.float32)
    for start in range(0, splits, rows):
        split = start + row
        inside = (split < splits)[:, None] & (channel < of_group)[None, :]
        first += tl.load(place + split[:, None] * channels, mask=inside, other=0.0)
        second += tl.load(second_place + split[:, None] * channels, mask=inside, other=0.0)
    w = tl.load(weight + group * of_group + channel, mask=channel < of_group, other=0.0).to(tl.float32)
    number = pixels.to(tl.float32) * of_group
    tl.store(means + batch * groups + group, tl.sum(tl.sum(first, axis=0) * w, axis=0) / number)
    tl.store(means + (batches + batch) * groups + group, tl.sum(tl.sum(second, axis=0) * w, axis=0) / number)


@triton.jit(do_not_specialize=["pixels"])
def gradient_kernel(
    gradient: tl.tensor,
    x: tl.tensor,
    added: tl.tensor,
    weight: tl.tensor,
    bias: tl.tensor,
    stats: tl.tensor,
    means: tl.tensor,
    made: tl.tensor,
    pixels: tl.tensor,
    channels: tl.tensor,
    groups: tl.tensor,
    silu: tl.constexpr,
    rows: tl.constexpr,
    width: tl.constexpr,
) -> None:
    """Compute a tile of dx = rstd (w g - mean(w g) - xhat mean(w g xhat)), with means over a group."""
    channel = tl.program_id(1) * width + tl.arange(0, width)
    first = tl.program_id(0) * rows
    row = tl.arange(0, rows)
    start = (tl.program_id(2).to(tl.int64) * pixels + first) * channels
    inside = (first + row < pixels)[:, None] & (channel < channels)[None, :]
    value = read(x + start, added, row, channel, channels, inside)
    g = read(gradient + start, None, row, channel, channels, inside)
    mean, rstd = statistics(stats, channel, channels, groups)
    mean_g, mean_gxhat = statistics(means, channel, channels, groups)
    xhat, normed, w = norm(value, mean, rstd, weight, bias, channel, channels)
    g = _before_silu(g, normed, silu)
    dx = rstd[None, :] * (w * g - mean_g[None, :] - xhat * mean_gxhat[None, :])
    place = made + start + row[:, None] * channels + channel[None, :]
    tl.store(place, dx.to(made.dtype.element_ty), mask=inside)
