"""The pictures that a schedule starts from, goes towards and repaints, in previews."""

import torch
from torch import Tensor

from render.footage import Footage
from render.guidance import pictures
from render.guidance.masks import Masks
from render.motion.composed import Motions
from render.motion.displacements import Fields
from render.motion.warp import warp
from render.renderer.frame_models import filmed
from render.spec import FrameMotion, FrameSpec
from render.spec.pictures import Picture, PictureStart

_CPU = torch.device("cpu")


class Pictures:
    """Reads each picture once, and shows it as frames would."""

    def __init__(self) -> None:
        self._read: dict[Picture, Tensor] = {}
        self._displace = Motions(fields=Fields(grey=Masks(_CPU).grey))
        self._footage = Footage(_CPU)

    def begin(self, spec: FrameSpec, otherwise: Tensor) -> Tensor:
        """Return what a frame without a predecessor shows: its picture, blended with `otherwise` by its strength.

        Args:
            otherwise: (1, 3, H, W) in [0, 1], in place of noise, and of what a prior would propose.
        """
        if not isinstance(spec.start, PictureStart):
            return otherwise
        return torch.lerp(otherwise, self._of(spec.start.picture, spec), spec.start.strength)

    def over(self, shown: Tensor, spec: FrameSpec) -> Tensor:
        """Blend the guides of a frame into it, each by its weight and where it has moved to: (1, 3, H, W) in [0, 1].

        A frame of footage shows that instead of `shown`.
        """
        if spec.source is not None:
            shown = filmed(self._footage.picture, self._displace)(spec.source.image, spec.size)
        if not spec.image_guides:
            return shown
        total = max(1.0, sum(guide.weight for guide in spec.image_guides))
        mixed = shown * (1 - sum(guide.weight for guide in spec.image_guides) / total)
        for guide in spec.image_guides:
            image = self._of(guide.picture, spec)
            motion = self._displace(image, [FrameMotion(transforms=guide.transforms, center=spec.center)])
            mixed = mixed + guide.weight / total * warp(image, motion, spec.border)
        return mixed

    def _of(self, picture: Picture, spec: FrameSpec) -> Tensor:
        if picture not in self._read:
            self._read[picture] = pictures.read(picture, spec.size, _CPU)
        return self._read[picture]
