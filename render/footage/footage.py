"""A picture of a source as a tensor at the size of a frame."""

import numpy as np
import torch
from torch import Tensor

from render.device.copies import on_device
from render.errors import InputError
from render.files.images import load_image
from render.files.videos.clips import Clip
from render.footage.ahead import ReadAhead
from render.footage.placing import Placing
from render.guidance.latest import Latest
from render.guidance.pictures import Unchanged, rgb
from render.spec.footage import SourceImage
from render.spec.pictures import ImageFile

KEPT = 4  # finished pictures, and clips that are open
STILLS = 2  # pictures at their own size, of up to 200 MB

Size = tuple[int, int]


class Footage:
    """Reads pictures of sources, the next frame of a clip in the background; the latest are kept.

    Args:
        device: where the pictures are wanted.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._files = Unchanged()
        self._clips: Latest[ImageFile, ReadAhead] = Latest(KEPT)
        self._stills: Latest[tuple[ImageFile, str], Tensor] = Latest(STILLS)
        self._finished: Latest[tuple[SourceImage, Size], Tensor] = Latest(KEPT)

    @torch.no_grad()
    def picture(self, image: SourceImage, size: Size) -> Tensor:
        """Return a picture of a source: (1, 3, height, width) float32 in [0, 1], in sRGB.

        Its window is cut out between pixels, fitted to the frame, and moved by its motion; what that brings in from
        outside is the picture mirrored at its border. A clip is decoded at the size at which it is needed.

        Args:
            size: (width, height) of the frame in pixels.

        Raises:
            RunError: the file has changed since the schedule was read.
            InputError: it cannot be read, or the frame is damaged; see `render.files.videos.clips.Clip`.
        """
        return self._finished.get((image, size), lambda: self._checked(image, size))

    def _checked(self, image: SourceImage, size: Size) -> Tensor:
        try:
            made = self._made(image, size)
        except (InputError, OSError):
            self._files.require(image.file)
            raise
        self._files.require(image.file)  # afterwards: it may have been replaced while it was read, or read ahead
        return made

    def _made(self, image: SourceImage, size: Size) -> Tensor:
        if image.number is None:
            pixels = self._stills.get((image.file, image.background), lambda: self._read(image))
            placing = Placing.of(image, (pixels.shape[1], pixels.shape[0]), size)
        else:
            clip = self._clips.get(image.file, lambda: ReadAhead(Clip(self._files.path(image.file))))
            placing = Placing.of(image, clip.size, size, scaled=True)
            pixels = torch.from_numpy(clip.frame(image.number, placing.read_at))
        return placing.placed(on_device(pixels, self._device).movedim(-1, 0).unsqueeze(0).float() / 255)

    def _read(self, image: SourceImage) -> Tensor:
        """Read a picture file in 8 bits: (H, W, 3)."""
        levels = load_image(self._files.path(image.file), rgb(image.background), to_srgb=True)
        return torch.from_numpy(np.rint(levels * 255).astype(np.uint8))
