"""Figures from outlines: smooth curves through a few points, placed, turned and filled with light and shade.

A figure is drawn in units of its own around (0, 0), y downwards, and a `Place` says where it stands on the canvas.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from render.training.scenes.canvas import Array, Canvas, Colour
from render.training.scenes.noise import BASE, noise_bank

Points = Sequence[tuple[float, float]] | Array


@dataclass(frozen=True)
class Place:
    """Where a figure's origin is on the canvas, the length of its unit, its facing (1 or -1), its turn in radians."""

    x: float
    y: float
    size: float
    flip: int = 1
    turn: float = 0.0

    def __call__(self, corners: Points) -> Array:
        """Points of the figure (N, 2) on the canvas."""
        p = np.asarray(corners, np.float32) * (self.flip, 1)
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        return np.stack([p[:, 0] * cos - p[:, 1] * sin, p[:, 0] * sin + p[:, 1] * cos], -1) * self.size + (
            self.x,
            self.y,
        )


def points(text: str) -> Array:
    """Points (N, 2) written as SVG writes a polygon's: "x,y x,y x,y"."""
    return np.asarray([pair.split(",") for pair in text.split()], np.float32)


def curve(corners: Points, closed: bool = True, steps: int = 6) -> Array:
    """A smooth line (N, 2) through the points. Source: Catmull and Rom 1974."""
    p = np.asarray(corners, np.float32)
    ends = (p[-1:], p[:2]) if closed else (p[:1], p[-1:])
    q = np.concatenate([ends[0], p, ends[1]])
    a, b, c, d = (q[k : len(q) - 3 + k, None] for k in range(4))
    t = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[None, :, None]
    line = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - 3 * c + d - a) * t**3)
    flat = line.reshape(-1, 2)
    return flat if closed else np.concatenate([flat, p[-1:]])


def oval(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> Array:
    """An ellipse as points (28, 2), turned by radians."""
    a = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    u, v = rx * np.cos(a), ry * np.sin(a)
    return np.stack([x + u * np.cos(turn) - v * np.sin(turn), y + u * np.sin(turn) + v * np.cos(turn)], -1)


def limb(spine: Points, start: float, end: float, steps: int = 6) -> Array:
    """A tapering band along a smooth line, from half width `start` to `end`: an arm, a stem, a tail."""
    line = curve(spine, closed=False, steps=steps)
    along = np.gradient(line, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], -1) / (np.hypot(along[:, 0], along[:, 1])[:, None] + 1e-6)
    across = across * np.linspace(start, end, len(line))[:, None]
    return np.concatenate([line + across, (line - across)[::-1]])


def region(c: Canvas, *outlines: Array, blur: float = 0) -> Array:
    """Mask (S, S) of the insides of outlines given on the canvas."""
    corners = np.concatenate(outlines) * c.size
    left, top = np.clip(np.floor(corners.min(0)).astype(int), 0, c.size)
    right, bottom = np.clip(np.ceil(corners.max(0)).astype(int) + 1, 0, c.size)
    mask = np.zeros((c.size, c.size), np.float32)
    if right <= left or bottom <= top:
        return mask
    layer = Image.new("L", (2 * (right - left), 2 * (bottom - top)), 0)
    pen = ImageDraw.Draw(layer)
    for outline in outlines:
        pen.polygon(((outline * c.size - (left, top)) * 2).ravel().tolist(), fill=255)
    mask[top:bottom, left:right] = np.asarray(layer.reduce(2), np.float32) / 255
    return soften(c, mask, blur) if blur else mask


def strokes(c: Canvas, *lines: Array, width: float = 0.01, blur: float = 0) -> Array:
    """Mask (S, S) of lines of this width."""

    def draw(pen: Any, n: int) -> None:
        for line in lines:
            pen.line((line * n).ravel().tolist(), fill=255, width=max(1, round(width * n)), joint="curve")

    return c.shape(draw, blur)


def soften(c: Canvas, mask: Array, radius: float) -> Array:
    """The mask blurred by a radius in parts of the canvas."""
    image = Image.fromarray((np.clip(mask, 0, 1) * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius * c.size)), np.float32) / 255


def solid(c: Canvas, mask: Array, colour: Colour, depth: float = 0.05, grain: float = 0.2, base: float = 10) -> None:
    """Fill a mask with a colour that looks rounded over `depth` of the canvas, lit from above on the sun's side."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    if not len(rows):
        return
    margin = int(depth * c.size * 2) + 1
    tall = slice(max(0, rows[0] - margin), rows[-1] + margin)
    wide = slice(max(0, columns[0] - margin), columns[-1] + margin)
    part = mask[tall, wide]
    dy, dx = np.gradient(np.pad(soften(c, part, depth), 1, mode="edge"))
    side = 1 if c.sun[0] < 0.5 else -1
    light = np.clip((dy * 1.2 + dx * 0.8 * side)[1:-1, 1:-1] * c.size * depth * 1.6, -0.5, 0.5)
    rough = noise_bank().sample(c.rng, c.x[:, wide] * (base / BASE), c.y[tall] * (base / BASE), "rough")
    shade = (0.9 + light + grain * (rough - 0.5))[..., None]
    tone = np.broadcast_to(np.asarray(colour, np.float32), c.image.shape)[tall, wide]
    under = c.image[tall, wide]
    c.image[tall, wide] = under + (np.clip(tone * shade, 0, 255) - under) * part[..., None]
    c.covered(mask)


def backdrop(c: Canvas, *tones: Colour) -> None:
    """A soft, uneven ground of one of the tones, darker towards the corners."""
    tone = c.vary(c.pick(*tones), 14)
    c.image = tone * (0.65 + 0.5 * c.noise(2, 1, "smooth"))[..., None] * np.ones_like(c.image)
    c.image = (c.image * (1.1 - 0.7 * c.distance(0.5, 0.5) ** 2)[..., None]).astype(np.float32)
    c.light = np.ones(3, np.float32)
