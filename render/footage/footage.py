"""A picture of a source as a tensor at the size of a frame."""

from pathlib import Path

import torch
from torch import Tensor

from render.files.images import load_image
from render.files.videos.clips import Clip
from render.guidance.pictures import fitted, rgb, unchanged
from render.spec.footage import SourceImage
from render.spec.pictures import ImageFile

Size = tuple[int, int]


class Footage:
    """Reads pictures of sources.

    Args:
        device: where the pictures are wanted.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._clips: dict[ImageFile, Clip] = {}
        self._known: dict[ImageFile, Path] = {}

    def picture(self, image: SourceImage, size: Size) -> Tensor:
        """Return a picture of a source: (1, 3, height, width) float32 in [0, 1], in sRGB.

        Args:
            size: (width, height) of the frame in pixels.

        Raises:
            RunError: the file has changed since the schedule was read.
            InputError: it cannot be read.
        """
        read = torch.from_numpy(self._pixels(image)).movedim(-1, 0).unsqueeze(0).to(self._device)
        left, top, width, height = image.window
        high, wide = read.shape[-2:]
        x, y = round(left * wide), round(top * high)
        cut = read[..., y : y + max(1, round(height * high)), x : x + max(1, round(width * wide))]
        return fitted(cut, size, image.fit, rgb(image.background))

    def _pixels(self, image: SourceImage) -> object:
        path = self._checked(image.file)
        if image.number is None:
            return load_image(path, rgb(image.background), to_srgb=True)
        clip = self._clips.setdefault(image.file, Clip(path))
        return clip.frame(image.number).astype("float32") / 255

    def _checked(self, file: ImageFile) -> Path:
        if file not in self._known:
            self._known[file] = unchanged(file)
        return self._known[file]
