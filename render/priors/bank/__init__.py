"""Pictures kept as the codes of a VQGAN with their embeddings by a perceptor: those nearest to the frame's prompts.

`file` and `header` are the format, without torch; `choosing` proposes pictures; `building` and `album` make a bank.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # reading a bank's header must not import torch
    import torch

    from render.guidance.perceptors import Perceptor
    from render.latents import Latent
    from render.models.model import ModelFiles
    from render.priors import Prior


def load(
    files: ModelFiles, latents: Latent, perceptors: Sequence[Perceptor], device: torch.device, dtype: torch.dtype
) -> Prior:
    """Read a bank and find the perceptor that it was made with.

    Raises:
        UnfitPriorError: the file is not a bank, or was made with another VQGAN or with none of the perceptors.
    """
    from render.priors.bank.choosing import BankPrior
    from render.priors.bank.file import read_bank

    assert files.weights is not None
    return BankPrior.fitting(read_bank(files.weights), str(files.weights), latents, perceptors, device)
