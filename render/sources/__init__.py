"""What a frame without a predecessor starts from (the first frame, and cuts), one kind per file.

Contract: an entry module defines `start(spec, size, generator) -> Start`, for the frame `spec` at `size`, (width,
height) in pixels. Random numbers come from `generator` alone, and tensors are float32 on its device. To add a kind,
such as a picture or a video, add its file.
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
    """The picture, and optionally the latent, from which refinement starts.

    Attributes:
        image: (1, 3, H, W) float32 in [0, 1].
        latent: (1, C, h, w), the latent that decodes to `image`, which is refined at full size; None if the source
            has none: the picture is then refined coarse to fine and encoded.
    """

    image: Tensor
    latent: Tensor | None = None


class Source(Protocol):
    """The type of an entry's `start`."""

    def __call__(self, spec: FrameSpec, size: tuple[int, int], generator: torch.Generator) -> Start: ...
