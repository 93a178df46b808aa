"""Recognise the models that a bank was made with: by what they do, whichever file they were loaded from."""

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from render.guidance.perceptors import Perceptor
from render.latents import CodedLatent

ALIKE = 0.98
"""Least cosine of a probe's embeddings; bf16 and other hardware change it by less than a hundredth."""

_TEXTS = ("a red rose", "a city at night")


def codebook_digest(latents: CodedLatent) -> str:
    """Return the SHA-256 of a codebook's numbers in hexadecimal: codes mean something only with the same codebook."""
    return hashlib.sha256(latents.codebook.detach().float().cpu().contiguous().numpy().tobytes()).hexdigest()


@torch.no_grad()
def probes(perceptor: Perceptor, device: torch.device) -> Tensor:
    """Embed fixed texts and pictures: (P, D) float32 on the CPU, unit vectors."""
    axis = torch.linspace(0, 1, perceptor.side, device=device)
    across, down = axis.expand(perceptor.side, -1), axis[:, None].expand(-1, perceptor.side)
    slope = torch.stack([across, down, 1 - across])
    ring = (torch.hypot(across - 0.5, down - 0.5) < 0.3).float()
    pictures = torch.stack([slope, torch.stack([ring, 0.5 * ring, 1 - ring])])
    found = torch.cat([perceptor.encode_text(list(_TEXTS)), perceptor.encode_image(pictures)])
    return found.float().cpu()


def is_alike(found: Tensor, wanted: Tensor) -> bool:
    """Whether two sets of probes (P, D) are of the same perceptor."""
    if found.shape != wanted.shape:
        return False
    return bool((torch.nn.functional.cosine_similarity(found, wanted) > ALIKE).all())


def place_of_alike(perceptors: Sequence[Perceptor], wanted: Tensor, device: torch.device) -> int | None:
    """Return the place of the perceptor that made the probes `wanted` (P, D); None if it is not among them."""
    return next((k for k, each in enumerate(perceptors) if is_alike(probes(each, device), wanted)), None)
