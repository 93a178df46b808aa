"""How far an autoencoder drifts when a video passes through it: encode, decode, shift, a hundred times."""

import torch
from torch import Tensor

from render.training.networks.vqgan import VQ


def psnr(a: Tensor, b: Tensor) -> float:
    """Mean over pictures of the peak signal to noise ratio in dB; images in [0, 1]."""
    return float((-10 * torch.log10((a - b).pow(2).mean((1, 2, 3)))).mean())


@torch.no_grad()
def reconstruct(net: VQ, images: Tensor, quantised: bool) -> tuple[Tensor, Tensor]:
    """Reconstruct images in [0, 1]; also returns the codes used (empty when continuous)."""
    made, rows = [], [torch.empty(0, dtype=torch.long)]
    for part in torch.split(images * 2 - 1, 16):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            latent = net.pre(part).float()
        if quantised:
            latent, found = net.quantize.snap(latent)
            rows.append(found)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            made.append(net.decode(latent).float())
    return (torch.cat(made) / 2 + 0.5).clamp(0, 1), torch.cat(rows)


def measure_drift(net: VQ, images: Tensor, cycles: int, quantised: bool) -> dict[str, float]:
    """Shift by one pixel, encode, decode, `cycles` times; then compare with the shifted originals.

    Returns: brightness (mean signed change, 0-255), colour (mean absolute change of the mean colour, 0-255),
    contrast and detail (deviation and mean gradient after, as a share of before), psnr in dB.
    """
    now = images
    for k in range(cycles):
        now, _ = reconstruct(net, now.roll((k % 2, 1), (2, 3)), quantised)
    moved = images.roll((cycles // 2, cycles), (2, 3))
    change = (now - moved).mean((2, 3)) * 255
    return {
        "brightness": float(change.mean()),
        "colour": float(change.abs().mean()),
        "contrast": float(now.std((2, 3)).mean() / moved.std((2, 3)).mean()),
        "detail": _slope(now) / _slope(moved),
        "psnr": psnr(now, moved),
    }


def _slope(x: Tensor) -> float:
    return float((x[..., 1:] - x[..., :-1]).abs().mean() + (x[..., 1:, :] - x[..., :-1, :]).abs().mean())
