"""What a frame without a predecessor starts from (the first frame, and cuts), one kind per file.

Contract: an entry module defines `start(spec, size, generator, loaded) -> Start`, for the frame `spec` at `size`,
(width, height) in pixels. Random numbers come from `generator` alone, and tensors are float32 on its device. To add a
kind, such as a video, add its file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from render.spec import FrameSpec
from render.spec.pictures import PictureStart, PriorStart

if TYPE_CHECKING:  # listing the catalogue must not import torch
    import torch
    from torch import Tensor

    from render.guidance.perceptors import Perceptor
    from render.guidance.prompts import Targets
    from render.latents import Latent
    from render.priors import Prior


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


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The models of the run, which a source may use.

    Attributes:
        perceptors, weights: the perceptors and their weights.
        targets: per perceptor, the frame's prompts; None without prompts.
        priors: by the name that `FrameSpec.start` uses.
    """

    latents: Latent
    perceptors: Sequence[Perceptor] = ()
    weights: Sequence[float] = ()
    targets: Sequence[Targets | None] = ()
    priors: Mapping[str, Prior]


def named_by(start: PriorStart | PictureStart | None) -> str | None:
    """Return the name of the entry that a frame's `start` needs; None if it needs none."""
    if start is None:
        return None
    return "prior" if isinstance(start, PriorStart) else "image"


class Source(Protocol):
    """The type of an entry's `start`."""

    def __call__(self, spec: FrameSpec, size: tuple[int, int], generator: torch.Generator, loaded: Loaded) -> Start: ...
