"""Mix a frame's latent with those of the pictures that priors propose for the scenes that are arriving."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from render.latents import Latent
from render.rng import frame_generator
from render.sources import Start
from render.spec import FrameSpec

Begin = Callable[[FrameSpec, torch.Generator], Start]


class GuidePictures:
    """Keeps the guide pictures of the previous frame, which are most often this frame's too.

    A guide picture depends on the schedule alone, never on the frames before it, so a resumed run gets the same one.

    Args:
        begin: returns what a frame without a predecessor starts from.
    """

    def __init__(self, latents: Latent, begin: Begin) -> None:
        self._latents = latents
        self._begin = begin
        self._kept: dict[str, Tensor] = {}

    @torch.no_grad()
    def mixed(self, image: Tensor, latent: Tensor | None, spec: FrameSpec) -> Tensor:
        """Return a latent (1, C, h, w) that has gone towards the guide pictures of `spec`, each by its share.

        Latents are mixed instead of pictures, because the decoder then finds shapes between the two, where a mixture
        of pixels would show both at once.

        Args:
            image: (1, 3, H, W) in [0, 1], the picture after the frame's motion.
            latent: its latent; None to encode it.
        """
        mixture = self._latents.encode(image) if latent is None else latent
        mixture = mixture * (1.0 - sum(guide.share for guide in spec.guide_pictures))
        kept = {}
        for guide in spec.guide_pictures:
            asked = replace(
                spec, index=guide.moment, lead=None, prompts=(guide.prompt,), start=guide.start, guide_pictures=()
            )
            name = repr((asked.seed, asked.size, asked.draws_as, guide.prompt, guide.start))
            kept[name] = self._kept[name] if name in self._kept else self._latent(asked, image.device)
            mixture = mixture + guide.share * kept[name]
        self._kept = kept
        return self._latents.project(mixture)

    def _latent(self, spec: FrameSpec, device: torch.device) -> Tensor:
        begun = self._begin(spec, frame_generator(spec.seed, spec.draws_as, device))
        return self._latents.encode(begun.image) if begun.latent is None else begun.latent
