"""An adversary that hides a caption by small changes of the picture."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from render.training.data.blends import mixed


def unit(x: Tensor) -> Tensor:
    """Each picture scaled to L2 norm 1."""
    scaled: Tensor = x / (x.flatten(1).norm(dim=1)[:, None, None, None] + 1e-9)
    return scaled


def random_start(images: Tensor, radius: float) -> Tensor:
    """A random change of up to half the radius, so that the gradient is not taken at the picture itself."""
    return images + unit(torch.randn_like(images)) * (radius * 0.5 * torch.rand(len(images), 1, 1, 1))


def hide(images: Tensor, seen: Tensor, gradient: Tensor, radius: float) -> Tensor:
    """One L2 step of `radius` that increases the loss, from `seen`, kept within `radius` of `images`.

    Every seventh picture stays unattacked.

    Source: projected gradient attack (Madry 2018); the gradient is the training pass's own and a batch is used
    several times, as in "Adversarial training for free" (Shafahi 2019), so that a step costs no pass of its own.
    """
    step = radius * (torch.rand(len(images), 1, 1, 1) < 0.85)
    change = seen + step * unit(gradient) - images
    length = change.flatten(1).norm(dim=1)[:, None, None, None]
    held: Tensor = images + change * (radius / (length + 1e-9)).clamp(max=1)
    return held.clamp(0, 1)


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A batch that is used several times: as drawn, as attacked so far, its caption rows, and how many uses are left.

    A picture can be a blend: `share` of it is its own, the rest the one at place `others`.
    """

    images: Tensor
    seen: Tensor
    rows: Tensor
    others: Tensor
    share: Tensor
    left: int

    def mix(self, vectors: Tensor) -> Tensor:
        """Blend the vectors of the caption rows as the pictures were blended."""
        return mixed(vectors, self.others, self.share)

    def again(self, gradient: Tensor, radius: float) -> "Attack | None":
        """The batch after one more attack step, or None if it was used often enough."""
        if not self.left:
            return None
        seen = hide(self.images, self.seen, gradient, radius)
        return replace(self, seen=seen, left=self.left - 1)
