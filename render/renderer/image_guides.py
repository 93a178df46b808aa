"""Picture files that frames go towards: read once, moved, mixed into the latent, and handed to the loss."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from render.device.copies import on_device
from render.guidance import cutouts, pictures
from render.guidance.guide_images import GuideImages
from render.latents import Latent
from render.motion.displacements import Displace
from render.motion.warp import warp
from render.refinement.refine import Guide
from render.spec import FrameMotion, FrameSpec
from render.spec.guides import ImageGuide
from render.spec.pictures import Picture


@dataclass(kw_only=True)
class _Known:
    """A picture (1, 3, H, W), and what was made of it so far: its latent, and its embeddings by each perceptor."""

    image: Tensor
    latent: Tensor | None = None
    embeddings: dict[int, Tensor] = field(default_factory=dict)


class ImageGuides:
    """Keeps the pictures of the previous frame, which are most often this frame's too.

    Args:
        displace: moves pictures, see `render.motion.displacements`.
    """

    def __init__(self, latents: Latent, displace: Displace, device: torch.device) -> None:
        self._latents = latents
        self._displace = displace
        self._device = device
        self._kept: dict[tuple[Picture, tuple[int, int]], _Known] = {}

    @torch.no_grad()
    def mixed(self, image: Tensor, latent: Tensor | None, spec: FrameSpec) -> Tensor:
        """Return a latent (1, C, h, w) that has gone towards the pictures of `spec.image_guides`, each by its share.

        Args:
            image: (1, 3, H, W) in [0, 1], the picture after the frame's motion, or what a first frame starts from.
            latent: its latent; None to encode it.

        Raises:
            RunError: a file has changed since the schedule was read.
            InputError: a file cannot be read.
        """
        mixture = self._latents.encode(image) if latent is None else latent
        mixture = mixture * (1.0 - sum(guide.share for guide in spec.image_guides))
        for guide, known in zip(spec.image_guides, self._known(spec), strict=True):
            if guide.share:
                if known.latent is None:
                    known.latent = self._latents.encode(known.image)
                mixture = mixture + guide.share * known.latent
        return self._latents.project(mixture)

    @torch.no_grad()
    def for_loss(self, spec: FrameSpec, guides: Sequence[Guide]) -> GuideImages | None:
        """Return the pictures as the loss `guide` compares them; None without any. Raises as `mixed` does."""
        if not spec.image_guides:
            return None
        known = self._known(spec)
        return GuideImages(
            images=torch.stack([each.image for each in known], dim=1),
            weights=on_device([[guide.weight for guide in spec.image_guides]], self._device),
            embeddings=[torch.stack([self._embedded(each, guide) for each in known], dim=1) for guide in guides],
        )

    def _known(self, spec: FrameSpec) -> list[_Known]:
        wanted = [(guide.picture, spec.size) for guide in spec.image_guides]
        self._kept = {key: self._kept.get(key) or self._read(*key) for key in wanted}
        return [self._moved(self._kept[key], guide, spec) for key, guide in zip(wanted, spec.image_guides, strict=True)]

    def _read(self, picture: Picture, size: tuple[int, int]) -> _Known:
        return _Known(image=pictures.read(picture, size, self._device))

    def _moved(self, known: _Known, guide: ImageGuide, spec: FrameSpec) -> _Known:
        motion = self._displace(known.image, [FrameMotion(transforms=guide.transforms, center=spec.center)])
        image = warp(known.image, motion, spec.border)
        return known if image is known.image else _Known(image=image)

    def _embedded(self, known: _Known, guide: Guide) -> Tensor:
        """Embed the whole picture, squeezed into a square as the cutouts of the whole frame are: (1, D)."""
        perceptor = guide.perceptor
        if id(perceptor) not in known.embeddings:
            square = cutouts.whole(known.image, perceptor.side)[:, 0]
            known.embeddings[id(perceptor)] = perceptor.encode_image(square)
        return known.embeddings[id(perceptor)]
