"""The codes of a transformer whose codebook is another than its VQGAN's: entries for the same decoder, but fewer."""

import torch
import torch.nn.functional as F
from torch import Tensor


class CoarseCodes:
    """Writes latents as codes of a codebook (K, C) of their own."""

    def __init__(self, codebook: Tensor) -> None:
        self.codebook = codebook

    @torch.no_grad()
    def codes(self, latent: Tensor) -> Tensor:
        """Return the numbers of the nearest entries (B, h, w) of a latent (B, C, h, w)."""
        found = nearest(latent.movedim(1, -1).flatten(0, -2), self.codebook)
        return found.view(len(latent), *latent.shape[2:])

    def entries(self, codes: Tensor) -> Tensor:
        """Look up codes (B, h, w): a latent (B, C, h, w)."""
        return F.embedding(codes, self.codebook).movedim(-1, 1)


def nearest(latents: Tensor, entries: Tensor) -> Tensor:
    """Return the number of the entry (K, C) that is nearest to each of latents (N, C): (N,)."""
    return torch.addmm(entries.square().sum(dim=1) / 2, latents.float(), entries.T, alpha=-1).argmin(dim=1)
