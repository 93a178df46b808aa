"""Draw regions as masks at the size of a frame."""

import functools
import math
from collections.abc import Callable, Hashable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from render import catalogue
from render.device.copies import on_device
from render.errors import RunError
from render.guidance import regions
from render.guidance.latest import Latest
from render.guidance.pictures import pixels, unchanged
from render.guidance.regions import Frame
from render.kernels.exact import exact
from render.spec.pictures import ImageFile
from render.spec.regions import Region

KEPT = 16  # masks, and pictures that they are read from
_NEAR = 1e-6  # of the plane behind which a tilted picture has no points
_FAR = 1e6  # in shares: in no region that ends somewhere

Size = tuple[int, int]
Segment = Callable[[Tensor, str], Tensor]
"""Finds what a text describes in a picture (1, 3, H, W): (H, W) in [0, 1]."""


def no_segmenter(picture: Tensor, text: str) -> Tensor:
    """Stands in for a segmenter where none was loaded."""
    raise RunError("a text as a region needs a segmentation model, which was not loaded")


class Masks:
    """Draws regions, and keeps the latest ones, since most do not change from frame to frame.

    Args:
        segment: finds texts in pictures.
    """

    def __init__(self, device: torch.device, segment: Segment = no_segmenter) -> None:
        self.device = device
        self._segment = segment
        self._kept: Latest[Hashable, Tensor] = Latest(KEPT)
        self._videos: dict[ImageFile, _Video] = {}

    @torch.no_grad()
    def draw(self, region: Region, size: Size, picture: Tensor | None) -> Tensor:
        """Draw a region.

        Args:
            size: (width, height) in pixels.
            picture: (1, 3, height, width) in [0, 1], in which texts are found; None if it shows nothing yet: a text is
                then everywhere.

        Returns:
            (height, width) in [0, 1].

        Raises:
            RunError: a file has changed since the schedule was read.
            InputError: a file is damaged.
        """
        if "text" in _kinds(region):
            return self._drawn(region, size, picture)
        return self._kept.get((region, size), lambda: self._drawn(region, size, picture))

    def picture(self, file: ImageFile, size: Size) -> Tensor:
        """Return a picture in colour, fitted to the frame: (1, 3, height, width) in [0, 1]."""

        def load() -> Tensor:
            return on_device(fitted(pixels(file), size).clamp(0.0, 1.0), self.device)

        return self._kept.get(("picture", file, size), load)

    def _drawn(self, region: Region, size: Size, picture: Tensor | None) -> Tensor:
        def draw(part: Region, places: Tensor) -> Tensor:
            seen = _moved_back(places, part.motion)
            mask: Tensor = catalogue.load(regions, part.kind).mask(part, seen, frame)
            mask = feathered(mask, part.feather * min(size))
            return 1 - mask if part.invert else mask

        def find(text: str) -> Tensor:
            nowhere = torch.ones(size[1], size[0], device=self.device)
            return nowhere if picture is None else self._segment(picture, text)

        read = functools.partial(self.grey, size)
        frame = Frame(size=size, draw=draw, read=read, find=find)
        return draw(region, _places(size, self.device))

    def grey(self, size: Size, file: ImageFile, seconds: float | None = None) -> Tensor:
        """Return a grey picture, or a video's at a time in seconds, fitted to the frame: (height, width) in [0, 1]."""
        from render.files.images import load_mask  # imports Pillow, only if a region is a picture

        if seconds is None:
            return self._kept.get((file, size), lambda: self._fitted(_grey(load_mask, unchanged(file)), size))
        if file not in self._videos:
            self._videos = {file: _Video(file)} if len(self._videos) >= KEPT else {**self._videos, file: _Video(file)}
        return self._fitted(self._videos[file].at(seconds), size)

    def _fitted(self, picture: Tensor, size: Size) -> Tensor:
        return on_device(fitted(picture, size), self.device)


class _Video:
    def __init__(self, file: ImageFile) -> None:
        from render.files.videos import VideoFrames  # imports PyAV, only if a region is a video

        self._frames = VideoFrames(unchanged(file))

    def at(self, seconds: float) -> Tensor:
        return torch.from_numpy(self._frames.at(seconds))[None, None]


def feathered(mask: Tensor, width: float) -> Tensor:
    """Blur a mask (H, W) so that an edge becomes a ramp of `width` pixels, centred on it.

    The kernel is one period of a raised cosine, so beyond half the width nothing changes. At the border of the picture
    the mask continues as it is there.
    """
    reach = math.ceil(width / 2) - 1
    if reach < 1:
        return mask
    place = torch.arange(-reach, reach + 1, device=mask.device)
    kernel = 1 + (2 * math.pi * place / width).cos()
    kernel = kernel / kernel.sum()
    padded = F.pad(mask[None, None], (reach,) * 4, mode="replicate")
    across = F.conv2d(padded, kernel.view(1, 1, 1, -1))
    return F.conv2d(across, kernel.view(1, 1, -1, 1))[0, 0].clamp(0.0, 1.0)


def grown(mask: Tensor, width: float) -> Tensor:
    """Let a mask (H, W) fade out within `width` pixels beyond its edge; inside of it nothing changes."""
    reach = math.ceil(width / 2)
    if reach < 1:
        return mask
    side = 2 * reach + 1
    spread = F.max_pool2d(mask[None, None], (side, 1), stride=1, padding=(reach, 0))
    spread = F.max_pool2d(spread, (1, side), stride=1, padding=(0, reach))
    return torch.maximum(mask, feathered(spread[0, 0], width))


def fitted(picture: Tensor, size: Size) -> Tensor:
    """Crop a picture (1, C, h, w) around its middle to the shape of (width, height), and scale it: (1, C, H, W).

    A grey picture (1, 1, h, w) becomes (H, W).
    """
    height, width = picture.shape[-2:]
    share = min(width / size[0], height / size[1])
    wide, high = max(1, round(size[0] * share)), max(1, round(size[1] * share))
    left, top = (width - wide) // 2, (height - high) // 2
    cut = picture[..., top : top + high, left : left + wide]
    found = F.interpolate(cut, size=(size[1], size[0]), mode="bilinear", antialias=True, align_corners=False)
    return found[0, 0] if found.shape[1] == 1 else found


def _grey(load: Callable[[Path], object], path: Path) -> Tensor:
    return torch.as_tensor(load(path))[None, None]


def _kinds(region: Region) -> set[str]:
    return {region.kind}.union(*(_kinds(part) for part in region.parts))


def _places(size: Size, device: torch.device) -> Tensor:
    """Return the centres of all pixels, in shares: (H, W, 2)."""
    width, height = size
    x = (torch.arange(width, device=device) + 0.5) / width
    y = (torch.arange(height, device=device) + 0.5) / height
    down, across = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([across, down], dim=-1)


def _moved_back(places: Tensor, motion: tuple[float, ...]) -> Tensor:
    """Return where places (H, W, 2) were before the motion, a 3x3 matrix row by row; far away if nowhere."""
    if not motion:
        return places
    backwards, wrong = torch.linalg.inv_ex(torch.tensor(motion, dtype=torch.float64).view(3, 3))
    if wrong or not bool(backwards.isfinite().all()):  # it has shrunk to a point
        return torch.full_like(places, _FAR)
    points = places.to(exact(places.device)).double()
    backwards = on_device(backwards / backwards[2, 2], points.device)
    before = F.pad(points, (0, 1), value=1.0) @ backwards.mT
    depth = before[..., 2:]
    found = torch.where(depth > _NEAR, before[..., :2] / depth.clamp(min=_NEAR), _FAR)
    return found.to(places.dtype).to(places.device)
