"""The state that a frame passes on to the next one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

# tensors that not every state has
OPTIONAL = ("latent", "canvas", "colours", "shown", "uncovered", "behind", "nearness", "level")


@dataclass(kw_only=True)
class FrameState:
    """What the next frame starts from.

    Attributes:
        index: number of the frame.
        image: (B, 3, H, W) float in [0, 1].
        latent: (B, C, h, w), the latent that decodes to `image`; None if the frame was not refined and `image` is
            the previous picture, moved.
        optimizer_state: see `LatentAdam.state`.
        similarity: (B,) cosine of the whole picture to the prompts; NaN without prompts. It is for
            information only and does not influence the next frame.
        canvas: (B, 4, H', W'), what lies beside the picture, see `render.motion.canvas`; None if nothing does.
        colours: (B, 3, N), the statistics that later frames are matched to, see `render.guidance.colour.statistics`;
            None if none are.
        shown: (B, 3, H, W) in [0, 1], the finished frame if it differs from `image`, which the next frame starts from.
        uncovered: (B, 1, h, w) in [0, 1], how new each cell of the latent is, see `render.motion.uncovered`; None if
            that makes no difference.
        behind: (B, 3, H, W), if this frame is not refined, the last one before it that is.
        ahead: then the state of the next one that is, which is already there.
        nearness: (B, H, W), of what `image` shows, or `behind` if there is that one, as a model has estimated it for a
            camera; None if none has.
        level: (B, 2), of the first estimate since a cut, see `render.motion.depth.estimated`; None if there is none.
        finite: whether all numbers are, as a tensor on the device, if that has not been looked at; else None.
    """

    index: int
    image: Tensor
    latent: Tensor | None
    optimizer_state: dict[str, Tensor] = field(default_factory=dict)
    similarity: Tensor
    canvas: Tensor | None = None
    colours: Tensor | None = None
    shown: Tensor | None = None
    behind: Tensor | None = None
    uncovered: Tensor | None = None
    ahead: "FrameState | None" = None
    nearness: Tensor | None = None
    level: Tensor | None = None
    finite: Tensor | None = None

    @property
    def frame(self) -> Tensor:
        """The finished frame: (B, 3, H, W) in [0, 1]."""
        return self.image if self.shown is None else self.shown


def as_stored(state: FrameState) -> FrameState:
    """Return the state with its tensors laid out as those of a file are, so that a resumed run computes the same."""
    for name in ("image", *OPTIONAL):
        value = getattr(state, name)
        if value is not None:
            setattr(state, name, value.contiguous())
    state.optimizer_state = {name: value.contiguous() for name, value in state.optimizer_state.items()}
    return state


def all_finite(image: Tensor, latent: Tensor | None, optimizer_state: Mapping[str, Tensor]) -> Tensor:
    """Return whether all numbers of a frame are finite, as one bool on the device.

    Clamping and the codebook can hide NaN or infinity in the picture, so the others are looked at as well.
    """
    states = (value.to(image.device) for value in optimizer_state.values())
    tensors = [image, *([] if latent is None else [latent]), *states]
    return torch.stack([tensor.isfinite().all() for tensor in tensors]).all()


def is_finite(image: Tensor, latent: Tensor | None, optimizer_state: Mapping[str, Tensor]) -> bool:
    """Wait for the device, and return whether all numbers of a frame are finite."""
    return bool(all_finite(image, latent, optimizer_state))
