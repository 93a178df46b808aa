"""Learning the codes: k-means start, moving averages, dead codes replaced.

Source: EMA codebook of VQ-VAE (van den Oord 2017, appendix), restarts of Jukebox (Dhariwal 2020).
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from render.training.networks.vqgan import Codebook

PATIENCE = 150


class CodebookLearner:
    """Keeps the moving counts and sums of one codebook and writes its codes; a step moves a code by `decay`."""

    def __init__(self, codebook: Codebook, decay: float) -> None:
        self.codebook, self._decay = codebook, decay
        count = codebook.embedding.num_embeddings
        self.counts, self.age = torch.ones(count), torch.zeros(count)
        self.sums = codebook.embedding.weight.detach().clone()

    @torch.no_grad()
    def start(self, vectors: Tensor, rounds: int = 8) -> None:
        """Codes from k-means over vectors (N, D)."""
        number = len(self.counts)
        codes = vectors[torch.randperm(len(vectors))[:number]].clone()
        for _ in range(rounds):
            rows = torch.cat([torch.cdist(part, codes).argmin(1) for part in torch.split(vectors, 8192)])
            size = torch.bincount(rows, minlength=number).float()
            mean = torch.zeros_like(codes).index_add_(0, rows, vectors) / size.clamp(min=1)[:, None]
            codes = torch.where(size[:, None] > 0, mean, vectors[torch.randperm(len(vectors))[:number]])
        self.codebook.embedding.weight.copy_(codes)
        self.sums.copy_(codes)

    def quantise(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Straight-through codes of latents (B, D, h, w), and the commitment loss; moves the codes."""
        codes, rows = self.codebook.snap(latent.detach())
        flat = latent.detach().permute(0, 2, 3, 1).reshape(-1, latent.shape[1])
        self._move(flat, rows)
        commitment = 0.25 * F.mse_loss(latent, codes.detach())
        return latent + (codes.detach() - latent).detach(), commitment

    @torch.no_grad()
    def _move(self, flat: Tensor, rows: Tensor) -> None:
        found = torch.bincount(rows, minlength=len(self.counts)).float()
        self.counts.lerp_(found, self._decay)
        self.sums.lerp_(torch.zeros_like(self.sums).index_add_(0, rows, flat), self._decay)
        self.age += 1
        self.age[found > 0] = 0
        self.codebook.embedding.weight.copy_(self.sums / (self.counts[:, None] + 1e-5))
        dead = (self.age > PATIENCE) | (self.counts < 1e-4)
        if dead.any():
            fresh = flat[torch.randint(len(flat), (int(dead.sum()),))]
            self.codebook.embedding.weight[dead] = fresh
            self.counts[dead], self.sums[dead], self.age[dead] = 0.05, fresh * 0.05, 0.0

    @property
    def used(self) -> float:
        """Share of the codes that were used recently."""
        return float((self.age < PATIENCE).float().mean())

    def state_dict(self) -> dict[str, Tensor]:
        """The state to save in a checkpoint."""
        return {"counts": self.counts, "sums": self.sums, "age": self.age}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore the state from a checkpoint."""
        self.counts, self.sums, self.age = state["counts"], state["sums"], state["age"]
