"""Shows only the motion of a schedule, at its full frame rate; loads no model.

A render adds detail wherever a zoom goes, so a preview needs a picture with detail at every scale. The test picture
repeats at every doubling of its size, with each octave blended into the next, and is mirrored beyond its edges, so that
an hour of zoom always looks like a zoom. What enters at the border is visible briefly, see `pipeline.views.entering`. A
source is shown itself, as frames begin from it.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from pipeline.run.folder.frames import Pixels
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from pipeline.video import ffmpeg, formats
from pipeline.video.sound import cut_sound
from pipeline.views.moving import Moving
from pipeline.views.pictures import Pictures
from pipeline.views.regions import Outlines
from render.files.images import load_image
from render.spec import FrameSpec

_LABEL = 14  # height of the line of text, in pixels


def write_preview(schedule: Schedule, picture: Path | None, video: Path, binary: str) -> int:
    """Make a video of the motion, each frame labelled with its time and strongest prompt; return the number of frames.

    Args:
        picture: the picture to move; if None, those that the schedule starts from, goes towards and repaints, or a
            test picture.
        binary: path of the ffmpeg program.

    Raises:
        InputError: the picture cannot be read.
        EncodingError: ffmpeg failed.
    """
    width, height = schedule.output.size
    timeline = Timeline(schedule)
    count = schedule.output.num_frames  # without the frames that a loop renders past its end
    if picture is None:
        shown = itertools.islice(motion(timeline, draw_card(width, height), Pictures()), count)
    else:
        shown = itertools.islice(motion(timeline, _fitted(picture, width, height)), count)
    outlines = Outlines()
    frames = (_labelled(outlines.over(pixels, spec), spec, schedule.output.fps) for pixels, spec in shown)
    fps = schedule.output.fps
    with cut_sound(VideoPlan.of(schedule).heard, count / fps, video) as sound:
        recipe = replace(formats.find(formats.DEFAULT).recipe(), sound=sound)
        ffmpeg.encode(binary, frames, (width, height), fps, schedule.title, video, recipe)
    return count


def motion(timeline: Timeline, picture: Tensor, pictures: Pictures | None = None) -> Iterator[tuple[Pixels, FrameSpec]]:
    """Yield every frame of the timeline: `picture` (1, 3, H, W) in [0, 1], moved by all motion since the last cut.

    Args:
        pictures: those of the schedule, which take its place; None to show none of them.
    """
    moving = Moving(timeline, picture, pictures)
    for spec in timeline:
        yield moving.frame(spec), spec


def draw_card(width: int, height: int) -> Tensor:
    """A test card with a grid, rings and a mark that points up: (1, 3, height, width) in [0, 1]."""
    scale = 2  # drawn large and scaled down, for smooth lines
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
    """The picture at `path`, cropped around its middle to the frame's aspect ratio and scaled to its size."""
    image = torch.from_numpy(load_image(path)).movedim(-1, 0).unsqueeze(0)
    have_height, have_width = image.shape[-2:]
    share = min(have_width / width, have_height / height)
    cut_width, cut_height = max(1, round(width * share)), max(1, round(height * share))
    left, top = (have_width - cut_width) // 2, (have_height - cut_height) // 2
    cut = image[..., top : top + cut_height, left : left + cut_width]
    return F.interpolate(cut, size=(height, width), mode="bilinear", antialias=True, align_corners=False)


def _labelled(pixels: Pixels, spec: FrameSpec, fps: float) -> bytes:
    """The frame's RGB bytes, with its time and strongest prompt written along the bottom."""
    picture = Image.fromarray(pixels)
    prompts = sorted(spec.prompts, key=lambda prompt: -prompt.weight)
    label = f"{spec.index / fps:6.2f} s  {prompts[0].text if prompts else ''}"
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, picture.height - _LABEL, picture.width, picture.height), fill="black")
    draw.text((3, picture.height - _LABEL + 1), label, fill="white")
    return picture.tobytes()
