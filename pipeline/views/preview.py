"""The motion of a schedule alone, at its full frame rate; no model is loaded.

A render draws new detail wherever a zoom leads, so a preview needs a picture that has some at every
scale: the test picture repeats itself at every doubling of its size, blended from one to the next,
and is mirrored beyond its edges. A zoom of an hour then looks like a zoom throughout. What enters at the
border is seen for a moment, see `pipeline.views.entering`.
"""

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from pipeline.curves.array import Array
from pipeline.run.folder.frames import Pixels
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from pipeline.video import ffmpeg
from pipeline.video.sound import sounding
from pipeline.views.entering import Entering
from render.images import load_image
from render.spec import FrameSpec
from render.transforms import Matrix
from render.warp import motion_matrix

T = TypeVar("T", float, Array)

_TINY = 1e-300
_AROUND = 2.0**22  # pictures' halves after which every octave that can be seen has come round
_LABEL = 14  # pixels of height that the line of text takes


def write_preview(schedule: Schedule, picture: Path | None, video: Path, binary: str) -> int:
    """Make a video of the motion, each frame with its time and its strongest prompt; return their number.

    Args:
        picture: what is moved; a test picture unless given.
        binary: the ffmpeg to use.

    Raises:
        InputError: the picture cannot be read.
        EncodingError: ffmpeg failed.
    """
    width, height = schedule.output.size
    moved = draw_card(width, height) if picture is None else _fitted(picture, width, height)
    timeline = Timeline(schedule)
    count = schedule.output.num_frames  # without what of a loop is rendered past its end
    shown = itertools.islice(motion(timeline, moved), count)
    frames = (_labelled(pixels, spec, schedule.output.fps) for pixels, spec in shown)
    fps = schedule.output.fps
    with sounding(schedule.music.path, schedule.music.start, count / fps, video) as sound:
        ffmpeg.encode(binary, frames, (width, height), fps, schedule.title, video, sound)
    return count


def motion(timeline: Timeline, picture: Tensor) -> Iterator[tuple[Pixels, FrameSpec]]:
    """Every frame of the timeline with `picture` (1, 3, H, W) in [0, 1] moved as far as since the last cut."""
    endless = EndlessPicture(picture)
    entering = Entering(timeline.fps)
    backwards = np.eye(3)
    for spec in timeline:
        if spec.cut:
            backwards = np.eye(3)
        moves = motion_matrix(spec.transforms, spec.size, spec.center)
        backwards = endless.nearest(backwards @ np.linalg.inv(moves))
        yield _as_bytes(entering.over(endless.seen_through(backwards), spec, moves)), spec


class EndlessPicture:
    """A picture that repeats itself at every doubling of its size about its centre, and mirrored beyond its edges.

    Args:
        picture: (1, 3, H, W) in [0, 1].

    Convention: matrices lead from output pixels to those of the picture, origin in the centre of the top left pixel.

    Source: the octaves of Shepard's endless scale (1964), for pictures.
    """

    def __init__(self, picture: Tensor) -> None:
        self._picture = picture
        height, width = picture.shape[-2:]
        # To coordinates in which the picture reaches from -1 to 1, and so every mirror image from one odd number on.
        self._half = np.array([(width - 1) / 2, (height - 1) / 2])
        self._to_pixels = np.array([[self._half[0], 0, self._half[0]], [0, self._half[1], self._half[1]], [0, 0, 1.0]])
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        self._places = np.stack([x, y, np.ones_like(x)], axis=-1)

    def nearest(self, matrix: Matrix) -> Matrix:
        """The matrix that shows the same and leads nowhere far: a zoom of an hour stays within the floats."""
        inside = np.linalg.inv(self._to_pixels) @ matrix @ self._to_pixels
        inside /= np.abs(inside[2]).max()
        if np.abs(inside[2, :2]).max() < 1e-9 * abs(inside[2, 2]):  # rounding tilts nothing
            inside[2, :2] = 0.0
        inside[:2] *= 2.0 ** -math.floor(_level(inside, inside[2, 2] or 1.0))
        away = np.round(inside[:2, 2] / (inside[2, 2] or 1.0) / _AROUND) * _AROUND
        inside[:2] -= np.outer(away, inside[2])
        result: Matrix = self._to_pixels @ inside @ np.linalg.inv(self._to_pixels)
        return result

    def seen_through(self, matrix: Matrix) -> Tensor:
        """What is seen through `matrix` (3, 3): (1, 3, H, W) in [0, 1].

        At scale 1, 2, 4, ... and 1/2, 1/4, ... the picture itself is seen; in between two of its
        octaves are blended. In perspective every pixel has a scale of its own.
        """
        inside = np.linalg.inv(self._to_pixels) @ matrix @ self._to_pixels
        return self._flat(inside / inside[2, 2]) if not inside[2, :2].any() else self._tilted(inside)

    def _flat(self, inside: Matrix) -> Tensor:
        level = _level(inside, 1.0)
        octave = math.floor(level)

        def sampled(octave: int) -> Tensor:
            affine = inside[:2] * 2.0**-octave
            affine[:, 2] = np.mod(affine[:, 2] + 2, 4) - 2  # in float64, since a long pan leads far from the picture
            theta = torch.from_numpy(affine[None]).float()
            return self._sampled(F.affine_grid(theta, list(self._picture.shape), align_corners=True))

        return torch.lerp(sampled(octave), sampled(octave + 1), _smooth(level - octave))

    def _tilted(self, inside: Matrix) -> Tensor:
        led = self._places @ inside.T
        divisor = led[..., 2:]
        horizon = 1e-6 * np.abs(divisor).max()
        divisor = np.where(np.abs(divisor) < horizon, horizon, divisor)
        level = _level(inside, divisor)
        octave = np.floor(level)

        def sampled(octave: Array) -> Tensor:
            return self._sampled(torch.from_numpy(led[..., :2] / divisor * 2.0**-octave)[None].float())

        share = torch.from_numpy(_smooth(level - octave)).float().movedim(-1, 0)[None]
        return torch.lerp(sampled(octave), sampled(octave + 1), share)

    def _sampled(self, grid: Tensor) -> Tensor:
        return F.grid_sample(self._picture, grid, mode="bilinear", padding_mode="reflection", align_corners=True)


def _as_bytes(picture: Tensor) -> Pixels:
    pixels: Pixels = picture[0].movedim(0, -1).mul(255).round().clamp(0, 255).byte().numpy()
    return pixels


def _level(matrix: Matrix, divisor: T) -> T:
    """How often the size doubles where the third coordinate is `divisor`: by the root of what areas grow by."""
    area = max(abs(np.linalg.det(matrix)), _TINY)
    level: T = (math.log2(area) - 3 * np.log2(np.maximum(np.abs(divisor), _TINY))) / 2
    return level


def _smooth(share: T) -> T:
    result: T = share * share * (3 - 2 * share)
    return result


def draw_card(width: int, height: int) -> Tensor:
    """A card with a grid, rings and a mark for up: (1, 3, height, width) in [0, 1]."""
    scale = 2  # drawn large and shrunk, for smooth lines
    card = Image.new("RGB", (width * scale, height * scale))
    across, down = np.linspace(0, 1, card.width), np.linspace(0, 1, card.height)[:, None]
    colours = np.stack([0.15 + 0.5 * across + 0 * down, 0.25 + 0.3 * down + 0 * across, 0.6 - 0.4 * across * down], -1)
    card = Image.fromarray((colours * 255).astype(np.uint8))
    draw = ImageDraw.Draw(card)
    cell = card.height / 8
    middle = card.width / 2, card.height / 2
    for number in range(-math.ceil(card.width / cell), math.ceil(card.width / cell) + 1):
        thick = scale * (2 if number == 0 else 1)
        x, y = middle[0] + number * cell, middle[1] + number * cell
        draw.line([(x, 0), (x, card.height)], fill="white", width=thick)
        draw.line([(0, y), (card.width, y)], fill="white", width=thick)
    for ring in (1, 2, 3):
        radius = ring * cell
        box = (middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius)
        draw.ellipse(box, outline=(255, 210, 80), width=scale * 2)
    tip = (middle[0], middle[1] - 2.9 * cell)
    draw.polygon([tip, (tip[0] - cell / 2, tip[1] + cell), (tip[0] + cell / 2, tip[1] + cell)], fill=(255, 90, 60))
    small = card.resize((width, height), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.asarray(small, dtype=np.float32) / 255).movedim(-1, 0).unsqueeze(0)


def _fitted(path: Path, width: int, height: int) -> Tensor:
    """The picture at `path`, its middle cut out to the frame's shape and scaled to its size."""
    image = torch.from_numpy(load_image(path)).movedim(-1, 0).unsqueeze(0)
    have_height, have_width = image.shape[-2:]
    share = min(have_width / width, have_height / height)
    cut_width, cut_height = max(1, round(width * share)), max(1, round(height * share))
    left, top = (have_width - cut_width) // 2, (have_height - cut_height) // 2
    cut = image[..., top : top + cut_height, left : left + cut_width]
    return F.interpolate(cut, size=(height, width), mode="bilinear", antialias=True, align_corners=False)


def _labelled(pixels: Pixels, spec: FrameSpec, fps: float) -> bytes:
    """The frame's RGB bytes with its time and its strongest prompt in a line below."""
    picture = Image.fromarray(pixels)
    prompts = sorted(spec.prompts, key=lambda prompt: -prompt.weight)
    said = f"{spec.index / fps:6.2f} s  {prompts[0].text if prompts else ''}"
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, picture.height - _LABEL, picture.width, picture.height), fill="black")
    draw.text((3, picture.height - _LABEL + 1), said, fill="white")
    return picture.tobytes()
