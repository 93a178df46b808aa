"""Process fewer cutouts at a time if memory runs out: the same gradient, computed piece by piece."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from render.guidance.perceptors import Perceptor


class MicroBatched:
    """A perceptor that keeps the activations of one piece of its cutouts in memory at a time.

    A piece's activations are discarded after its forward pass and recomputed for its gradient, so a step
    costs one more forward pass, and its memory is proportional to the piece.

    Source: gradient checkpointing, Chen et al., "Training Deep Nets with Sublinear Memory Cost" (2016).

    Attributes:
        size: cutouts per piece; None processes all of them at once.
    """

    def __init__(self, perceptor: Perceptor) -> None:
        self._perceptor = perceptor
        self.side = perceptor.side
        self.size: int | None = None

    def halve(self, count: int) -> bool:
        """Halve the size of the pieces, of `count` cutouts at most; False if they cannot get smaller."""
        present = min(count, self.size or count)
        self.size = max(1, present // 2)
        return present > 1

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        return self._perceptor.encode_text(texts)

    def encode_image(self, images: Tensor) -> Tensor:
        if self.size is None or len(images) <= self.size:
            return self._perceptor.encode_image(images)
        pieces = torch.split(images, self.size)
        if not torch.is_grad_enabled():
            return torch.cat([self._perceptor.encode_image(piece) for piece in pieces])
        return torch.cat([self._recomputed(piece) for piece in pieces])

    def _recomputed(self, piece: Tensor) -> Tensor:
        embeddings: Tensor = checkpoint(
            self._perceptor.encode_image, piece, use_reentrant=False, preserve_rng_state=False
        )
        return embeddings
