"""Kernels of the norm: moments of each channel, statistics of each group, and the normed picture.

Source: Welford, "Note on a method for calculating corrected sums of squares and products" (1962); combined as in Chan
    et al., "Updating formulae and a pairwise algorithm for computing sample variances" (1979). So the variance of
    numbers around 1000 does not cancel.
"""

import triton
import triton.language as tl

from render.kernels.triton_norm.tiles import norm, read, statistics, store_partials


@triton.jit(do_not_specialize=["pixels", "chunk"])
def moments_kernel(
    x: tl.tensor,
    added: tl.tensor,
    partials: tl.tensor,
    pixels: tl.tensor,
    channels: tl.tensor,
    chunk: tl.tensor,
    rows: tl.constexpr,
    width: tl.constexpr,
) -> None:
    """Compute mean and sum of squared deviations of each channel over `chunk` pixels."""
    channel = tl.program_id(1) * width + tl.arange(0, width)
    first = tl.program_id(0) * chunk
    length = tl.minimum(chunk, pixels - first)
    x += (tl.program_id(2).to(tl.int64) * pixels + first) * channels
    row = tl.arange(0, rows)
    count = tl.zeros((rows,), tl.float32)
    mean = tl.zeros((rows, width), tl.float32)
    squares = tl.zeros((rows, width), tl.float32)
    for start in range(0, length, rows):
        seen = start + row < length
        inside = seen[:, None] & (channel < channels)[None, :]
        value = read(x, added, row, channel, channels, inside)
        count += seen.to(tl.float32)
        away = tl.where(inside, value - mean, 0.0)
        mean += away * (1.0 / tl.maximum(count, 1.0))[:, None]
        squares += away * (value - mean)
        x += rows * channels
    average = tl.sum(mean * count[:, None], axis=0) / length.to(tl.float32)
    apart = mean - average[None, :]
    squares = tl.sum(squares + count[:, None] * apart * apart, axis=0)
    store_partials(partials, average, squares, channel, channels)


@triton.jit(do_not_specialize=["pixels", "chunk", "splits"])
def statistics_kernel(
    partials: tl.tensor,
    stats: tl.tensor,
    pixels: tl.tensor,
    channels: tl.tensor,
    chunk: tl.tensor,
    splits: tl.tensor,
    eps: tl.tensor,
    rows: tl.constexpr,
    width: tl.constexpr,
) -> None:
    """Combine the moments of a group's channels to its mean and its 1 / standard deviation."""
    group, batch = tl.program_id(0), tl.program_id(1)
    groups, batches = tl.num_programs(0), tl.num_programs(1)
    of_group = channels // groups
    channel = tl.arange(0, width)
    row = tl.arange(0, rows)
    place = partials + batch * splits * channels + group * of_group + channel[None, :]
    squares_place = place + batches * splits * channels
    total = tl.zeros((rows, width), tl.float32)
    for start in range(0, splits, rows):
        split = start + row
        inside = (split < splits)[:, None] & (channel < of_group)[None, :]
        count = tl.minimum(chunk, pixels - split * chunk).to(tl.float32)[:, None]
        total += count * tl.load(place + split[:, None] * channels, mask=inside, other=0.0)
    number = pixels.to(tl.float32) * of_group
    mean = tl.sum(tl.sum(total, axis=1), axis=0) / number
    squares = tl.zeros((rows, width), tl.float32)
    for start in range(0, splits, rows):
        split = start + row
        inside = (split < splits)[:, None] & (channel < of_group)[None, :]
        count = tl.minimum(chunk, pixels - split * chunk).to(tl.float32)[:, None]
        apart = tl.load(place + split[:, None] * channels, mask=inside, other=0.0) - mean
        within = tl.load(squares_place + split[:, None] * channels, mask=inside, other=0.0)
        squares += tl.where(inside, within + count * apart * apart, 0.0)
    variance = tl.sum(tl.sum(squares, axis=1), axis=0) / number
    tl.store(stats + batch * groups + group, mean)
    tl.store(stats + (batches + batch) * groups + group, 1.0 / tl.sqrt(variance + eps))


@triton.jit(do_not_specialize=["pixels"])
def norm_kernel(
    x: tl.tensor,
    added: tl.tensor,
    weight: tl.tensor,
    bias: tl.tensor,
    stats: tl.tensor,
    made: tl.tensor,
    pixels: tl.tensor,
    channels: tl.tensor,
    groups: tl.tensor,
    silu: tl.constexpr,
    rows: tl.constexpr,
    width: tl.constexpr,
) -> None:
    """Norm a tile with its groups' statistics, and apply SiLU."""
    channel = tl.program_id(1) * width + tl.arange(0, width)
    first = tl.program_id(0) * rows
    row = tl.arange(0, rows)
    start = (tl.program_id(2).to(tl.int64) * pixels + first) * channels
    inside = (first + row < pixels)[:, None] & (channel < channels)[None, :]
    value = read(x + start, added, row, channel, channels, inside)
    mean, rstd = statistics(stats, channel, channels, groups)
    _, normed, _ = norm(value, mean, rstd, weight, bias, channel, channels)
    if silu:
        normed *= tl.sigmoid(normed)
    place = made + start + row[:, None] * channels + channel[None, :]
    tl.store(place, normed.to(made.dtype.element_ty), mask=inside)
