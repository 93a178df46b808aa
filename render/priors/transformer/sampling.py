"""How one code is drawn from a transformer's logits: temperature, top-k and nucleus."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How freely codes are drawn.

    Attributes:
        temperature: below 1 prefers likely codes, above 1 levels the differences; 0 draws the likeliest.
        top_k: only so many of the likeliest codes are considered; None for all.
        top_p: of these only the likeliest, until together they have this probability, in (0, 1].
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0


def draw(logits: Tensor, uniforms: Tensor, sampling: Sampling) -> Tensor:
    """Draw a code for each row of logits (B, V) by numbers (B, 1) in [0, 1): (B,).

    A row's code depends on its own logits and number alone.

    Source: inversion of the cumulative distribution; Fan et al., "Hierarchical Neural Story Generation" (2018) for
        top-k, Holtzman et al., "The Curious Case of Neural Text Degeneration" (2020) for top-p, which as in
        taming's sampling applies to what top-k leaves, and always keeps the likeliest code.
    """
    if sampling.temperature == 0:
        return logits.argmax(dim=-1)
    count = logits.shape[-1] if sampling.top_k is None else min(sampling.top_k, logits.shape[-1])
    ordered, codes = (logits.float() / sampling.temperature).sort(dim=-1, descending=True, stable=True)
    shares = ordered[:, :count].softmax(dim=-1)
    if sampling.top_p < 1:
        before = shares.cumsum(dim=-1) - shares
        shares = torch.where(before <= sampling.top_p, shares, 0.0)
        shares[:, 0] = shares[:, 0].clamp_min(torch.finfo(shares.dtype).tiny)
    below = shares.cumsum(dim=-1)
    place = torch.searchsorted(below, uniforms * below[:, -1:], right=True)
    # Rounding may give the number 1 itself, which is above every code.
    last = (shares > 0).sum(dim=-1, keepdim=True) - 1
    return codes.gather(-1, place.clamp_max(last)).squeeze(-1)
