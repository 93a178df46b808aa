"""One scene under construction: a picture, its light, its horizon, and the brushes that every motif shares.

Convention: x and y run from 0 (left, top) to 1 (right, bottom); colours are 0 to 255; masks are 0 to 1.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from render.training.scenes.noise import BASE, noise_bank
from render.training.scenes.relief import FLOOR, Relief, drawn_as

Array = NDArray[Any]
Colour = Sequence[float] | Array
Shape = Callable[[ImageDraw.ImageDraw, int], Any]


def smoothstep(value: Array, low: float, high: float) -> Array:
    """0 below `low`, 1 above `high`, a smooth cubic between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


class Canvas:
    """The state a motif draws on. Everything random comes from `rng`, so a seed gives a picture.

    With a `relief`, every brush also tells that what it covers; the picture is the same.
    """

    def __init__(self, rng: np.random.Generator, size: int, relief: Relief | None = None) -> None:
        self.rng, self.size = rng, size
        axis = ((np.arange(size) + 0.5) / size).astype(np.float32)
        self.x, self.y = axis[None, :], axis[:, None]
        self.image: Array = np.zeros((size, size, 3), np.float32)
        self.light: Array = np.ones(3, np.float32)
        self.time = "noon"
        self.horizon = 0.5
        self.sun = (0.5, 0.3)
        self.relief = relief
        self.subject = ""

    # ---- chance
    def pick(self, *options: Any) -> Any:
        """One of the options."""
        return options[self.rng.integers(len(options))]

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return bool(self.rng.random() < probability)

    def uniform(self, low: float, high: float) -> float:
        """A number between low and high."""
        return float(self.rng.uniform(low, high))

    def count(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    # ---- colour
    def vary(self, colour: Colour, amount: float = 18) -> Array:
        """The colour with its brightness and each channel shifted at random."""
        base = np.asarray(colour, np.float32) * self.uniform(1 - amount / 140, 1 + amount / 140)
        return np.clip(base + self.rng.uniform(-amount, amount, 3), 0, 255).astype(np.float32)

    def lit(self, colour: Colour) -> Array:
        """The colour under the light of this scene."""
        return np.clip(np.asarray(colour, np.float32) * self.light, 0, 255)

    @property
    def dark(self) -> bool:
        """Whether windows and lamps are on."""
        return bool(self.light.mean() < 0.56)

    # ---- noise
    def noise(self, base: float = 3, stretch: float = 1, kind: str = "cloudy") -> Array:
        """Noise (S, S) in [0, 1] with about `base` features across, `stretch` times as wide as high."""
        u, v = self.x * (base / BASE), self.y * (base * stretch / BASE)
        return noise_bank().sample(self.rng, u, v, kind)

    def ground_noise(self, depth: Array, base: float = 1, stretch: float = 1, kind: str = "rough") -> Array:
        """Noise in perspective on a plane: `depth` (S, 1) is 0 at the horizon, 1 at the viewer's feet."""
        near = 1 / (depth + 0.06)
        u, v = (self.x - 0.5) * near * (0.3 * base), near * (0.3 * base * stretch)
        return noise_bank().sample(self.rng, u, v, kind)

    def ridge(self, base: float = 2, kind: str = "cloudy") -> Array:
        """A line (S,) in [0, 1] with about `base` features across."""
        return noise_bank().line(self.rng, self.x[0] * (base / BASE), kind)

    # ---- brushes
    def blend(self, mask: Array | float, colour: Colour) -> None:
        """Lay a colour (3,) or picture (S, S, 3) over the picture where the mask is 1."""
        m = np.clip(np.broadcast_to(np.asarray(mask, np.float32), (self.size, self.size)), 0, 1)[..., None]
        self.image = self.image + (np.asarray(colour, np.float32) - self.image) * m
        self.covered(m[..., 0])

    def covered(self, mask: Array, nearness: Array | None = None) -> None:
        """Tell the relief that something has been drawn where the mask is 1, and how near it is if a rule says so."""
        if self.relief is not None and nearness is not None:
            self.relief.put(mask, nearness)
        elif self.relief is not None:
            self.relief.cover(mask)

    def add(self, mask: Array | float, colour: Colour) -> None:
        """Add light of this colour where the mask is 1."""
        m = np.broadcast_to(np.asarray(mask, np.float32), (self.size, self.size))[..., None]
        self.image = np.clip(self.image + np.asarray(colour, np.float32) * m, 0, 255)

    def below(self, edge: Array | float) -> Array:
        """Mask of everything below an edge (S,) or a height, antialiased."""
        return np.asarray(np.clip((self.y - edge) * self.size + 0.5, 0, 1), np.float32)

    def depth(self, edge: float) -> Array:
        """0 at the edge and above, 1 at the bottom of the picture: (S, 1)."""
        return np.asarray(np.clip((self.y - edge) / max(1e-3, 1 - edge), 0, 1))

    def distance(self, x: float, y: float, squash: float = 1) -> Array:
        """Distance from a point, with heights multiplied by `squash`."""
        return np.asarray(np.hypot(self.x - x, (self.y - y) * squash), np.float32)

    def shape(self, draw: Shape, blur: float = 0) -> Array:
        """Mask of a Pillow drawing made at twice the size; `draw` gets the pen and the side in pixels."""
        side = self.size * 2
        layer = Image.new("L", (side, side), 0)
        draw(ImageDraw.Draw(layer), side)
        small = layer.resize((self.size, self.size), Image.Resampling.BOX)
        if blur:
            small = small.filter(ImageFilter.GaussianBlur(blur * self.size / 96))
        return np.asarray(small, np.float32) / 255

    def stamp(self, draw: Shape) -> None:
        """Lay a coloured Pillow drawing (RGBA, twice the size) over the picture."""
        side = self.size * 2
        layer = Image.new("RGBA", (side, side), (0, 0, 0, 0))
        draw(ImageDraw.Draw(layer), side)
        small = np.asarray(layer.resize((self.size, self.size), Image.Resampling.BOX), np.float32)
        self.blend(small[..., 3] / 255, small[..., :3])

    def mirror(self, edge: float, squash: float = 1) -> Array:
        """The picture above `edge` reflected below it, (S, S, 3)."""
        rows = ((edge - (self.y[:, 0] - edge) * squash) * self.size).astype(np.int32)
        return self.image[np.clip(rows, 0, self.size - 1)]


def pen(colour: Colour, alpha: int = 255) -> tuple[int, int, int, int]:
    """A colour as Pillow wants it."""
    r, g, b = (int(np.clip(v, 0, 255)) for v in colour)
    return r, g, b, alpha


@drawn_as(FLOOR)
def floor(c: Canvas, edge: float, colour: Colour, base: float = 2, contrast: float = 0.6) -> None:
    """Flat ground in perspective with a slightly wavy edge."""
    line = edge + 0.05 * (c.ridge(1.5, "smooth") - 0.5)
    n = c.ground_noise(c.depth(edge), base, 1.2, "rough")
    c.blend(c.below(line), c.lit(colour) * (1 - contrast / 2 + contrast * n)[..., None])
