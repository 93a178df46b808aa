"""What a frame without a predecessor starts from (the first frame, and cuts), one kind per file.

Contract: an entry module holds `start(spec, size, generator) -> Start`, for the frame `spec` at (width, height) in
pixels. Random numbers come from `generator` alone, and tensors are float32 on its device. To add a kind, such as a
picture or a video, add its file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # listing the catalogue must not import torch
    import torch
    from torch import Tensor

    from render.spec import FrameSpec


@dataclass(frozen=True, kw_only=True)
class Start:
    """What refinement starts from.

    Attributes:
        image: (1, 3, H, W) float32 in [0, 1].
        latent: (1, C, h, w), the latent that decodes to `image`; None if the source knows none, and the picture is
            refined coarse to fine and encoded. A given latent is refined as it is, at the whole size.
    """

    image: Tensor
    latent: Tensor | None = None


class Source(Protocol):
    """The type of an entry's `start`."""

    def __call__(self, spec: FrameSpec, size: tuple[int, int], generator: torch.Generator) -> Start: ...
