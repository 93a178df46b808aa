"""What a frame leaves to the next one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(kw_only=True)
class FrameState:
    """What the next frame starts from.

    Attributes:
        index: number of the frame.
        image: (B, 3, H, W) float in [0, 1].
        latent: (B, C, h, w) whose picture is `image`; None where no refinement was asked for and
            `image` is the previous one moved.
        optimizer_state: see `LatentAdam.state`.
        similarity: (B,) cosine of the whole picture to the prompts; NaN without prompts. It is
            measured for people and starts nothing.
    """

    index: int
    image: Tensor
    latent: Tensor | None
    optimizer_state: dict[str, Tensor] = field(default_factory=dict)
    similarity: Tensor


def is_finite(image: Tensor, latent: Tensor | None, optimizer_state: Mapping[str, Tensor]) -> bool:
    """Whether no number of a frame is NaN or infinite; clamping and the codebook can hide one from the picture."""
    states = (value.to(image.device) for value in optimizer_state.values())
    tensors = [image, *([] if latent is None else [latent]), *states]
    return bool(torch.stack([tensor.isfinite().all() for tensor in tensors]).all())
