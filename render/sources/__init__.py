"""What a frame without a predecessor starts from (the first frame, and cuts), one kind per file.

Contract: an entry module defines `start(spec, size, generator, loaded) -> Start`, for the frame `spec` at `size`,
(width, height) in pixels. Random numbers come from `generator` alone, and tensors are float32 on its device. To add a
kind, add its file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from render.errors import RunError
from render.spec import FrameSpec
from render.spec.footage import SourceImage
from render.spec.pictures import PriorStart

if TYPE_CHECKING:  # listing the catalogue must not import torch
    import torch
    from torch import Tensor

    from render.guidance.perceptors import Perceptor
    from render.guidance.prompts import Targets
    from render.latents import Latent
    from render.priors import Prior

Show = Callable[[SourceImage, tuple[int, int]], "Tensor"]
"""Returns what a source shows in a frame of (width, height) pixels: (1, 3, H, W) float32 in [0, 1]."""


def no_footage(image: SourceImage, size: tuple[int, int]) -> Tensor:
    """Stands in for footage where none was loaded."""
    raise RunError("a source needs something that reads it, which was not loaded")


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
        show: returns the pictures of sources.
    """

    latents: Latent
    perceptors: Sequence[Perceptor] = ()
    weights: Sequence[float] = ()
    targets: Sequence[Targets | None] = ()
    priors: Mapping[str, Prior]
    show: Show = no_footage


def named_by(spec: FrameSpec) -> str | None:
    """Return the name of the entry that makes what a frame starts from; None if its spec names none."""
    if spec.start is None:
        return None if spec.source is None else "footage"
    return "prior" if isinstance(spec.start, PriorStart) else "image"


class Source(Protocol):
    """The type of an entry's `start`."""

    def __call__(self, spec: FrameSpec, size: tuple[int, int], generator: torch.Generator, loaded: Loaded) -> Start: ...
