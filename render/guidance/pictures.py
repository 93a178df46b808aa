"""Read the picture files that a schedule names, as tensors, and give them the size of a frame."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from render.device.copies import like, on_device
from render.errors import RunError
from render.models.model import sha256
from render.spec.pictures import ImageFile, Picture

RGB = tuple[float, float, float]


def unchanged(file: ImageFile) -> Path:
    """Return the path of a file, which still has the hash that the schedule was read with; `RunError` if not."""
    if sha256(file.path) != file.sha256:
        raise RunError(f"{file.path}: has changed since the schedule was read; run again")
    return file.path


class Unchanged:
    """Files that are as they were when the schedule was read: hashed once, then compared by size and times."""

    def __init__(self) -> None:
        self._versions: dict[ImageFile, tuple[int, ...] | None] = {}

    def path(self, file: ImageFile) -> Path:
        """Return the path of a file; `RunError` if it has changed."""
        if file not in self._versions:
            version = _version(file)  # first, so that a change while it is hashed counts
            unchanged(file)
            self._versions[file] = version
        return file.path

    def require(self, file: ImageFile) -> None:
        """Ask again, after something was read: a file that is replaced during a run would give wrong frames."""
        if file in self._versions and _version(file) != self._versions[file]:
            unchanged(file)  # copied back, or only touched
            self._versions[file] = _version(file)


def _version(file: ImageFile) -> tuple[int, ...] | None:
    try:
        status = file.path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def pixels(file: ImageFile) -> Tensor:
    """Read a picture file at its own size: (1, 3, H, W) float32 in [0, 1]; see `render.files.images.load_image`.

    Raises:
        RunError: the file has changed since the schedule was read.
        InputError: it cannot be read.
    """
    from render.files.images import load_image  # imports Pillow, only if there is a picture

    return _as_tensor(load_image(unchanged(file)))


def _as_tensor(picture: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(picture).movedim(-1, 0).unsqueeze(0)


def read(picture: Picture, size: tuple[int, int], device: torch.device) -> Tensor:
    """Read a picture at the size of a frame: (1, 3, H, W) float32 in [0, 1], in sRGB.

    Args:
        size: (width, height) in pixels.

    Raises:
        RunError: the file has changed since the schedule was read.
        InputError: it cannot be read, see `render.files.images.load_image`.
    """
    from render.files.images import load_image  # imports Pillow, only if there is a picture

    background = rgb(picture.background)
    image = on_device(_as_tensor(load_image(unchanged(picture.file), background, to_srgb=True)), device)
    return fitted(image, size, picture.fit, background)


def rgb(colour: str) -> RGB:
    """Return #rrggbb as RGB in [0, 1]."""
    red, green, blue = bytes.fromhex(colour[1:])
    return red / 255, green / 255, blue / 255


def fitted(image: Tensor, size: tuple[int, int], fit: str, background: RGB) -> Tensor:
    """Bring a picture (1, 3, H, W) in [0, 1] to `size`, (width, height), in one of the ways of `render.spec.FITS`.

    What is cut off or added is the same on both sides, to a pixel.
    """
    width, height = size
    have_height, have_width = image.shape[-2:]
    if fit == "crop":
        share = min(have_width / width, have_height / height)
        cut_width, cut_height = max(1, round(width * share)), max(1, round(height * share))
        left, top = (have_width - cut_width) // 2, (have_height - cut_height) // 2
        return _resized(image[..., top : top + cut_height, left : left + cut_width], width, height)
    if fit == "stretch":
        return _resized(image, width, height)
    share = min(width / have_width, height / have_height)
    inner_width, inner_height = max(1, round(have_width * share)), max(1, round(have_height * share))
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    canvas = like(image, background).view(1, 3, 1, 1).repeat(1, 1, height, width)
    canvas[..., top : top + inner_height, left : left + inner_width] = _resized(image, inner_width, inner_height)
    return canvas


def _resized(image: Tensor, width: int, height: int) -> Tensor:
    if image.shape[-2:] == (height, width):
        return image
    small = F.interpolate(image, size=(height, width), mode="bicubic", antialias=True, align_corners=False)
    return small.clamp(0.0, 1.0)
