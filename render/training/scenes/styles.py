"""Styles: a finished picture as a painting, print, drawing or old photograph, and the words for it."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from render.training.scenes.canvas import Array, Canvas
from render.training.scenes.relief import PAINT, drawn_as

WORDS: dict[str, tuple[str, ...]] = {
    "oil": ("an oil painting of {}", "{}, oil painting", "{} painted in oil"),
    "watercolor": ("a watercolor of {}", "{}, watercolor painting", "a watercolour painting of {}"),
    "neon": ("{} in glowing neon lines", "neon {}", "{}, neon style"),
    "pastel": ("a pastel drawing of {}", "{} in pastel colors", "{}, soft pastel"),
    "mono": ("a black and white photo of {}", "{}, black and white", "black and white {}"),
    "sketch": ("a pencil sketch of {}", "{}, line drawing", "a drawing of {}"),
    "pixel": ("pixel art of {}", "{}, pixel art"),
    "vintage": ("a vintage photo of {}", "{}, sepia", "an old photograph of {}"),
    "poster": ("a poster of {}", "a flat illustration of {}", "{}, woodblock print"),
    "dots": ("an impressionist painting of {}", "{}, impressionism", "a pointillist painting of {}"),
    "ink": ("an ink painting of {}", "{}, black ink on paper"),
    "synthwave": ("synthwave {}", "{}, vaporwave style", "{} in purple and teal"),
    "vivid": ("digital art of {}", "{}, vivid colors", "a vibrant picture of {}"),
    "dark": ("a dark moody picture of {}", "{}, moody lighting", "a dark {}"),
}


def _picture(c: Canvas) -> Image.Image:
    return Image.fromarray(np.clip(c.image, 0, 255).astype(np.uint8))


def _grey(c: Canvas) -> Array:
    return np.asarray(c.image @ np.asarray((0.299, 0.587, 0.114), np.float32))[..., None]


def _edges(c: Canvas) -> Array:
    """How much the grey value changes here, (S, S, 1)."""
    g = _grey(c)[..., 0]
    dy, dx = np.gradient(g)
    return np.asarray(np.hypot(dx, dy), np.float32)[..., None] * (c.size / 96)


def _oil(c: Canvas) -> None:
    flat = np.asarray(_picture(c).filter(ImageFilter.ModeFilter(c.pick(5, 7))), np.float32)
    c.image = (flat - 128) * 1.15 + 128 + 16 * (c.noise(24, 0.5, "rough")[..., None] - 0.5)


@drawn_as(PAINT)
def _watercolor(c: Canvas) -> None:
    soft = np.asarray(_picture(c).filter(ImageFilter.MedianFilter(5)).filter(ImageFilter.GaussianBlur(0.8)), np.float32)
    c.image = 255 - (255 - soft) * (0.5 + 0.45 * c.noise(4)[..., None])
    c.blend(np.clip((c.distance(0.5, 0.5) - c.uniform(0.5, 0.75) + 0.15 * c.noise(4)) * 8, 0, 1), (252, 250, 245))


def _neon(c: Canvas) -> None:
    edge = np.clip(_edges(c) / 22, 0, 1.3)
    hue = np.stack([np.sin(c.noise(1.5, 1, "smooth") * 6 + p) * 0.5 + 0.5 for p in (0, 2.1, 4.2)], -1)
    c.image = edge * (hue * 255 + 40) + c.image * 0.1


def _pastel(c: Canvas) -> None:
    soft = np.asarray(_picture(c).filter(ImageFilter.GaussianBlur(0.6)), np.float32)
    c.image = (
        150 + (soft * 0.6 + soft.mean(-1, keepdims=True) * 0.4) * 0.4 + 10 * (c.noise(20, 1, "rough")[..., None] - 0.5)
    )


def _mono(c: Canvas) -> None:
    c.image = np.repeat((_grey(c) - 128) * c.uniform(1, 1.3) + 128, 3, -1)


def _sketch(c: Canvas) -> None:
    c.image = np.repeat(248 - np.clip(_edges(c) * 5, 0, 215) - (255 - _grey(c)) * 0.2, 3, -1)


def _pixel(c: Canvas) -> None:
    side = c.pick(16, 24, 32)
    small = _picture(c).resize((side, side), Image.Resampling.BOX).quantize(24).convert("RGB")
    c.image = np.asarray(small.resize((c.size, c.size), Image.Resampling.NEAREST), np.float32)


def _vintage(c: Canvas) -> None:
    fade = 1 - 0.5 * np.clip(c.distance(0.5, 0.5) - 0.35, 0, 1)[..., None]
    c.image = (_grey(c) * np.asarray((1.05, 0.9, 0.68)) * 0.85 + 22) * fade


def _poster(c: Canvas) -> None:
    levels = c.pick(3, 4, 5)
    flat = np.asarray(_picture(c).filter(ImageFilter.MedianFilter(5)), np.float32)
    c.image = np.round(flat / 255 * levels) / levels * 235 + 10


def _dots(c: Canvas) -> None:
    side = c.pick(24, 32, 40)
    mosaic = np.asarray(
        _picture(c).resize((side, side), Image.Resampling.BOX).resize((c.size, c.size), Image.Resampling.BICUBIC),
        np.float32,
    )
    c.image = mosaic * (0.8 + 0.4 * c.noise(20, 1, "rough"))[..., None] + c.rng.normal(0, 14, c.image.shape)


def _ink(c: Canvas) -> None:
    tone = np.clip((_grey(c) - 60) * 1.5, 0, 235)
    c.image = (tone * (0.85 + 0.25 * c.noise(5)[..., None]) + 15) * np.asarray((1.0, 0.98, 0.94))


def _synthwave(c: Canvas) -> None:
    g = _grey(c) / 255
    a, b, d = (np.asarray(v, np.float32) for v in ((35, 10, 70), (240, 50, 170), (90, 240, 250)))
    c.image = np.where(g < 0.5, a + (b - a) * g * 2, b + (d - b) * (g * 2 - 1))


def _vivid(c: Canvas) -> None:
    g = _grey(c)
    c.image = np.clip((g + (c.image - g) * 1.7 - 120) * 1.15 + 125, 0, 255)


def _dark(c: Canvas) -> None:
    fade = 1 - 0.9 * np.clip(c.distance(0.5, 0.5) - 0.2, 0, 1)[..., None]
    c.image = c.image * c.uniform(0.35, 0.55) * fade


STYLES: dict[str, Callable[[Canvas], None]] = {
    "oil": _oil,
    "watercolor": _watercolor,
    "neon": _neon,
    "pastel": _pastel,
    "mono": _mono,
    "sketch": _sketch,
    "pixel": _pixel,
    "vintage": _vintage,
    "poster": _poster,
    "dots": _dots,
    "ink": _ink,
    "synthwave": _synthwave,
    "vivid": _vivid,
    "dark": _dark,
}


def apply_style(c: Canvas) -> tuple[str, ...]:
    """Restyle the picture; returns caption templates with a place for the subject."""
    name = c.pick("oil", "oil", "watercolor", "watercolor", *STYLES)
    STYLES[name](c)
    c.image = np.clip(c.image, 0, 255).astype(np.float32)
    return WORDS[name]
