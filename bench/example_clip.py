"""The clip that examples repaint: a balloon that drifts over mountains, four seconds with a little sound.

`python -m bench.example_clip schedules/parts/balloon.mp4` draws it. Nothing in it is anybody else's work.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import click
import numpy as np
from PIL import Image, ImageDraw

from bench.known_motion import Floats, KnownClip, Layer, Pixels, centred, moving, scene

SIZE, FPS, COUNT = (256, 144), 12, 48
RATE = 48000
SIDE = 256  # of the balloon's picture
STRIPES = ((206, 58, 44), (244, 206, 92), (238, 236, 226))


def balloon(size: tuple[int, int] = SIZE) -> KnownClip:
    """Return the clip in frames of `size`: the balloon in front, the mountains behind it."""
    behind, (front, outline) = scene("mountains", 2, 512), striped()
    placed = centred(front, size, size[0] / (0.5 * size[1]), at=(-0.2 * size[0], 0.08 * size[1]))
    drift = {"pan_x": 0.0085, "pan_y": -0.004, "zoom": 1.004, "rotate": -0.12}
    return KnownClip(
        size=size,
        layers=[
            Layer(picture=behind, pose=moving({"pan_x": -0.002, "zoom": 1.003}, size, centred(behind, size, 0.8))),
            Layer(picture=front, pose=moving(drift, size, placed), outline=outline),
        ],
    )


def striped() -> tuple[Pixels, Floats]:
    """Draw the balloon: its picture (SIDE, SIDE, 3), and its outline (SIDE, SIDE) in [0, 1]."""
    radius, middle = 0.34 * SIDE, (0.5 * SIDE, 0.4 * SIDE)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float64)
    down = (y - middle[1]) / radius
    narrow = np.where(down > 0, 1 - 0.25 * down.clip(0, 1) ** 2, 1)
    across = (x - middle[0]) / (radius * narrow)
    longitude = np.arcsin((across / np.sqrt((1 - down**2).clip(1e-6, 1))).clip(-1, 1))
    colours = np.array(STRIPES, np.float64)[np.floor((longitude + 0.25) * 9 / np.pi).astype(int) % len(STRIPES)]
    light = (0.72 - 0.3 * across - 0.25 * down).clip(0.35, 1.05)
    picture = (colours * light[..., None]).clip(0, 255)
    inside = (across**2 + down**2 <= 1).astype(np.float64)
    hung = _basket(middle, radius)
    shown = np.where(hung[..., None] > inside[..., None], (92.0, 62.0, 38.0), picture)
    return np.asarray(shown, np.uint8), np.asarray(np.maximum(inside, hung))


def _basket(middle: tuple[float, float], radius: float) -> Floats:
    mask = Image.new("L", (SIDE, SIDE))
    draw = ImageDraw.Draw(mask)
    x, top, bottom = middle[0], middle[1] + 0.9 * radius, middle[1] + 1.38 * radius
    for side in (-1, 1):
        draw.line([(x + side * 0.32 * radius, top), (x + side * 0.16 * radius, bottom)], fill=255, width=5)
    draw.rectangle([x - 0.2 * radius, bottom, x + 0.2 * radius, bottom + 0.26 * radius], fill=255)
    return np.asarray(mask, np.float64) / 255


def sound(seconds: float) -> Floats:
    """Return wind, and the burner twice: mono samples in [-1, 1] at `RATE`."""
    rng, count = np.random.default_rng(5), round(seconds * RATE)
    time = np.arange(count) / RATE
    noise = rng.standard_normal(count)
    wind = np.convolve(noise, np.ones(240) / 240, "same") * (1 + 0.5 * np.sin(2 * np.pi * time / 2.7))
    bursts = sum(np.exp(-(((time - at) / 0.28) ** 2)) for at in (1.0, 2.9))
    burner = np.convolve(noise, np.ones(24) / 24, "same") * bursts
    return np.asarray((1.2 * wind + 0.9 * burner).clip(-1, 1) * 0.6)


def write(frames: list[Pixels], samples: Floats, path: Path) -> None:
    """Encode a video: H.264 and AAC in MP4, as a camera or an editor would."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        picture: Any = container.add_stream("libx264", rate=FPS, options={"crf": "20", "preset": "veryslow"})
        picture.width, picture.height, picture.pix_fmt = *SIZE, "yuv420p"
        audio: Any = container.add_stream("aac", rate=RATE, layout="mono", bit_rate=48000)
        for pixels in frames:
            container.mux(picture.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(picture.encode(None))
        frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), 0
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
def main(path: Path) -> None:
    """Draw the clip of the examples."""
    write(balloon().frames(COUNT), sound(COUNT / FPS), path)


if __name__ == "__main__":
    main()
