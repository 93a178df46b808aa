"""Where a picture of a source lies in the frame: its window, its fit, its motion.

Convention: shares of width and height, and pixel coordinates with the origin in the centre of the top left pixel; x to
the right, y down. A picture of w pixels spans x from -0.5 to w - 0.5.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from render.device.copies import like, on_device
from render.footage.resample import Span, resampled
from render.guidance.pictures import RGB, rgb
from render.kernels.exact import exact
from render.motion.resample import catmull_rom
from render.spec.footage import SourceImage

WHOLE = (0.0, 0.0, 1.0, 1.0)
_FAR = 1e6  # in shares: mirrored, it could be anywhere
_NEAR = 1e-6  # of the plane behind which a tilted picture has no points
_STEPS = 4  # per octave: a slow zoom does not set up the scaler anew in every frame

Size = tuple[int, int]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Placing:
    """How the pixels of a picture become those of a frame.

    Attributes:
        size: (width, height) of the frame.
        read_at: the size at which the whole picture is best read: what is needed, and not more than there is.
        box: the part that is seen, in shares of the picture: left, top, width, height.
        inner: (width, height) of that part before it is moved, without what is padded.
        outer: the same with what is padded.
        background: what is padded.
        motion: see `SourceImage`.
    """

    size: Size
    read_at: Size
    box: Box
    inner: Size
    outer: Size
    background: RGB
    motion: tuple[float, ...]

    @classmethod
    def of(cls, image: SourceImage, have: Size, size: Size, *, scaled: bool = False) -> "Placing":
        """Compute it for a picture of `have` pixels, (width, height), and a frame of `size`.

        Args:
            scaled: the picture will be read at `read_at`. Without a window it is then cut between whole pixels, and so
                is resampled once only; it is stretched by up to a pixel for that, its middle stays in the middle.
        """
        motion = () if image.motion == (1, 0, 0, 0, 1, 0, 0, 0, 1) else image.motion
        box, share = _seen(image, have, size)
        finer = _magnification(motion, max(1.0, box[2] * have[0] / size[0]))
        outer = (_pixels(size[0] * finer), _pixels(size[1] * finer))
        inner = (_pixels(outer[0] * share[0]), _pixels(outer[1] * share[1]))
        if image.window == WHOLE and scaled:
            read_at = (_around(inner[0], box[2]), _around(inner[1], box[3]))
            box = _middle(inner[0] / read_at[0], inner[1] / read_at[1])
        else:
            read_at = (min(_pixels(inner[0] / box[2]), have[0]), min(_pixels(inner[1] / box[3]), have[1]))
        return cls(
            size=size,
            read_at=read_at,
            box=box,
            inner=inner,
            outer=outer,
            background=rgb(image.background),
            motion=motion,
        )

    def placed(self, picture: Tensor) -> Tensor:
        """Return the frame (1, 3, height, width) of a picture (1, 3, h, w), both in [0, 1], at any size."""
        height, width = picture.shape[-2:]
        left, top, wide, high = self.box
        seen = resampled(
            picture,
            Span(start=left * width, length=wide * width, count=self.inner[0]),
            Span(start=top * height, length=high * height, count=self.inner[1]),
        )
        return self._moved(self._padded(seen))

    def _padded(self, seen: Tensor) -> Tensor:
        if self.inner == self.outer:
            return seen
        canvas = like(seen, self.background).view(1, 3, 1, 1).repeat(1, 1, self.outer[1], self.outer[0])
        left, top = (self.outer[0] - self.inner[0]) // 2, (self.outer[1] - self.inner[1]) // 2
        canvas[..., top : top + self.inner[1], left : left + self.inner[0]] = seen
        return canvas

    def _moved(self, fitted: Tensor) -> Tensor:
        if not self.motion:
            return fitted
        width, height = self.size
        device = exact(fitted.device)
        across = (torch.arange(width, device=device, dtype=torch.float64) + 0.5) / width
        down = (torch.arange(height, device=device, dtype=torch.float64) + 0.5) / height
        y, x = torch.meshgrid(down, across, indexing="ij")
        shares = _moved_back(torch.stack([x, y, torch.ones_like(x)], dim=-1), self.motion)
        points = shares * like(shares, self.outer) - 0.5
        return catmull_rom(fitted, points.unsqueeze(0), "reflect").clamp(0.0, 1.0)


def _seen(image: SourceImage, have: Size, size: Size) -> tuple[Box, tuple[float, float]]:
    """Return the part of the picture that is seen, in shares of it, and the shares of the frame that it fills."""
    left, top, wide, high = image.window
    ratio = (wide * have[0] / size[0]) / (high * have[1] / size[1])  # above 1: it is wider than the frame
    if image.fit == "pad":
        return image.window, (min(1.0, ratio), min(1.0, 1 / ratio))
    if image.fit == "crop":
        cut_wide, cut_high = wide * min(1.0, 1 / ratio), high * min(1.0, ratio)
        left, top, wide, high = left + (wide - cut_wide) / 2, top + (high - cut_high) / 2, cut_wide, cut_high
    return (left, top, wide, high), (1.0, 1.0)


def _magnification(motion: tuple[float, ...], most: float) -> float:
    """How much a motion enlarges the middle of the picture, rounded up to a quarter of an octave, at most `most`."""
    if not motion:
        return 1.0
    a, b, c, d, e, f, g, h, i = motion
    backwards = torch.linalg.inv_ex(torch.tensor(motion, dtype=torch.float64).view(3, 3))[0]
    x, y, depth = (backwards @ torch.tensor([0.5, 0.5, 1.0], dtype=torch.float64)).tolist()
    if not math.isfinite(x + y + depth) or abs(depth) < _NEAR:
        return 1.0
    x, y = x / depth, y / depth
    scale = abs(g * x + h * y + i)
    determinant = abs(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g))
    if not 0 < scale < _FAR or not 0 < determinant < _FAR:
        return 1.0
    octaves = math.log2(math.sqrt(determinant / scale**3))
    return min(most, 2 ** (math.ceil(min(max(octaves, -4.0), 4.0) * _STEPS - 1e-9) / _STEPS))


def _around(length: int, share: float) -> int:
    """The length of which `length` is about a share, as many whole pixels longer at one end as at the other."""
    return length + 2 * round(length * (1 / share - 1) / 2)


def _middle(wide: float, high: float) -> Box:
    return (1 - wide) / 2, (1 - high) / 2, wide, high


def _pixels(length: float) -> int:
    return max(1, round(length))


def _moved_back(places: Tensor, motion: tuple[float, ...]) -> Tensor:
    """Return where places (H, W, 3), with 1 as their third number, were before a motion: (H, W, 2)."""
    backwards, wrong = torch.linalg.inv_ex(torch.tensor(motion, dtype=torch.float64).view(3, 3))
    if wrong or not bool(backwards.isfinite().all()):  # it has shrunk to a point
        return torch.full_like(places[..., :2], _FAR)
    before = places @ on_device(backwards / backwards[2, 2], places.device).mT
    depth = before[..., 2:]
    found = torch.where(depth > _NEAR, before[..., :2] / depth.clamp(min=_NEAR), _FAR)
    return found.clamp(-_FAR, _FAR)
