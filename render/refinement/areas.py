"""The parts of the picture that losses may change, and that are kept as they are, as masks."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from render.guidance.stencils import resized


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Pixels that stay as they are.

    Attributes:
        picture: (B, 3, H, W) in [0, 1], what is kept.
        mask: (B, 1, H, W) in [0, 1], how much of it is seen.
    """

    picture: Tensor
    mask: Tensor

    def over(self, image: Tensor) -> Tensor:
        """Lay what is kept over a picture (B, 3, H, W)."""
        return image + self.mask * (self.picture - image)


@dataclass(frozen=True, kw_only=True)
class Areas:
    """The areas of a batch of pictures.

    Attributes:
        losses: by the name of a loss, (B, 1, H, W) in [0, 1], where it may change the picture.
        kept: what stays as it is; None if nothing does.
    """

    losses: Mapping[str, Tensor] = field(default_factory=dict)
    kept: Kept | None = None

    @property
    def kind(self) -> Hashable:
        """Equal for areas that can be batched."""
        return frozenset(self.losses), self.kept is not None

    def scaled(self, size: torch.Size) -> "Areas":
        """Return the same areas of pictures of another size (H, W)."""
        kept = self.kept
        if kept is not None:
            picture = F.interpolate(kept.picture, size=size, mode="bilinear", antialias=True, align_corners=False)
            kept = Kept(picture=picture, mask=resized(kept.mask, size))
        return replace(self, losses={name: resized(mask, size) for name, mask in self.losses.items()}, kept=kept)


NOWHERE = Areas()
"""Losses apply everywhere, and nothing is kept."""


def joined(areas: Sequence[Areas]) -> Areas:
    """Return the areas of all pictures as those of one batch; all must be of the same kind."""
    first = areas[0]
    kept = [each.kept for each in areas if each.kept is not None]
    return Areas(
        losses={name: torch.cat([each.losses[name] for each in areas]) for name in first.losses},
        kept=Kept(
            picture=torch.cat([each.picture for each in kept]),
            mask=torch.cat([each.mask for each in kept]),
        )
        if kept
        else None,
    )
