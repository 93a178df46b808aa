"""What a transformer of texts is told before it draws: a text's embedding, as positions before the codes."""

import torch
from torch import Tensor, nn

from render.priors.transformer.gpt import GPT, Cache

NUM_PROBES = 4
"""What `render.priors.bank.identity.probes` embeds."""


class TextStage(nn.Module):
    """Turns embeddings of texts into the first positions of a sequence.

    `null` stands for no text at all; `probes` tell which perceptor the embeddings must be of.
    """

    probes: Tensor

    def __init__(self, embed_dim: int, width: int, positions: int) -> None:
        super().__init__()
        self.proj = nn.Linear(embed_dim, width * positions)
        self.null = nn.Parameter(torch.zeros(embed_dim))
        self.register_buffer("probes", torch.zeros(NUM_PROBES, embed_dim))
        self.positions = positions

    def forward(self, texts: Tensor) -> Tensor:
        """Unit vectors (B, embed_dim) to (B, positions, width)."""
        found: Tensor = self.proj(texts).unflatten(-1, (self.positions, -1))
        return found


class Guided:
    """A transformer that is told a text, and drawn further away from what it draws without one.

    Args:
        nothing: (1, E, n_embd), what it is told instead of a text.
        strength: 1 for its own logits; more follows the text more closely, with less variety.

    Source: Ho, Salimans, "Classifier-Free Diffusion Guidance" (2022), for codes as in Gafni et al., "Make-A-Scene"
        (2022).
    """

    def __init__(self, gpt: GPT, nothing: Tensor, strength: float) -> None:
        self._gpt, self._nothing, self._strength = gpt, nothing, strength

    def cache(self, batch: int, length: int) -> Cache:
        """As `GPT.cache`; it has room for both sequences of every example."""
        return self._gpt.cache(2 * batch, length)

    def __call__(self, codes: Tensor, embeddings: Tensor | None = None, cache: Cache | None = None) -> Tensor:
        """As `GPT.forward`."""
        if embeddings is not None:
            embeddings = torch.cat((embeddings, self._nothing.to(embeddings).expand_as(embeddings)))
        told, untold = self._gpt(torch.cat((codes, codes)), embeddings, cache).float().chunk(2)
        logits: Tensor = untold.lerp(told, self._strength)
        return logits
