"""What proposes whole pictures for a frame's prompts, as latents of a VQGAN, before any guidance; one kind per file.

Contract: an entry module defines `load(files, latents, perceptors, device, dtype) -> Prior`. All that a prior draws
comes from the generator that `propose` gets, the frame's own; the global generator is never touched. A prior that was
made for another VQGAN or perceptor than it gets raises `UnfitPriorError`. To add a kind, add its file, and its entry
to `render.models.registry` if weights of it are published.

A prior that is also `Continuing` paints what a motion uncovers, see `render.motion.canvas`.

`render.sources.prior` decodes what a prior proposes, ranks it where the prior does not, fits it to the frame, and
picks one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # listing the catalogue must not import torch
    import torch
    from torch import Tensor

    from render.guidance.perceptors import Perceptor
    from render.guidance.prompts import Targets
    from render.latents import Latent
    from render.models.model import ModelFiles
    from render.spec.pictures import ImageFile
    from render.spec.prompts import PromptWeight


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What candidates are wanted for.

    Attributes:
        targets: per perceptor, in the order that `load` got them, the frame's embedded prompts and their weights;
            None for a frame without prompts.
        prompts: the frame's prompts, for a prior that reads words.
        size: (width, height) of the frame in pixels.
        count: how many candidates, at least 1. A prior may return fewer, but at least one.
        settings: the prior's own settings by name, as the schedule has them, such as `temperature`; those that are
            not set are missing.
    """

    targets: Sequence[Targets | None]
    size: tuple[int, int]
    count: int
    settings: Mapping[str, float | str | ImageFile] = field(default_factory=dict)
    prompts: Sequence[PromptWeight] = ()


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """The pictures that a prior proposes.

    Attributes:
        latents: (N, C, h, w) float32; `CodedLatent.entries` makes one of codes. h and w are the prior's own: a picture
            of another size or shape than the frame's is cropped, stretched and scaled to it.
        scores: (N,), higher is better; None if the prior cannot say: then the perceptors rank the decoded pictures.
        mirrored: (N,) of bool, which of the pictures are mirrored after decoding (mirrored latents decode to
            something else); None for none of them.
    """

    latents: Tensor
    scores: Tensor | None = None
    mirrored: Tensor | None = None


class Prior(Protocol):
    """Proposes pictures for prompts."""

    def propose(self, wanted: Wanted, generator: torch.Generator) -> Candidates:
        """Return candidates on the device of the latents; `generator` may be on a GPU.

        The same arguments and state of the generator give the same candidates.
        """


@runtime_checkable
class Continuing(Prior, Protocol):
    """A prior that can also continue a picture."""

    def continued(self, picture: Tensor, known: Tensor, wanted: Wanted, generator: torch.Generator) -> Tensor | None:
        """Return a picture (1, 3, H, W) in [0, 1] that shows what is unknown in `picture` as well.

        What is known need not stay as it is to the bit. None if this prior cannot continue such a picture.

        Args:
            picture: (1, 3, H, W) in [0, 1], with some colour where it is unknown.
            known: (1, 1, H, W), 1 and 0; what is known fills a rectangle, or nearly.
            wanted: the prompts and settings; its size and count do not matter.
        """


class Load(Protocol):
    """The type of an entry's `load`."""

    def __call__(
        self,
        files: ModelFiles,
        latents: Latent,
        perceptors: Sequence[Perceptor],
        device: torch.device,
        dtype: torch.dtype,
    ) -> Prior: ...
