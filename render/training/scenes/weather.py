"""Weather over a finished picture: rain, snowfall, fog, a rainbow. Each returns what to add to a caption."""

import numpy as np

from render.training.scenes.canvas import Canvas
from render.training.scenes.palette import COLOURS
from render.training.scenes.relief import PAINT, drawn_as


@drawn_as(PAINT)
def rain(c: Canvas) -> list[str]:
    """Slanted streaks and a grey veil."""
    slant, count = c.uniform(-0.12, 0.12), c.count(60, 170)
    streaks = list(zip(c.rng.random(count), c.rng.random(count), c.rng.uniform(0.04, 0.13, count), strict=True))

    def draw(p, n):  # type: ignore[no-untyped-def]
        for x, y, length in streaks:
            p.line(
                [(x * n, y * n), ((x + slant * length * 4) * n, (y + length) * n)],
                fill=200,
                width=max(1, n // 190),
            )

    c.image = c.image * 0.82 + 16
    c.blend(c.shape(draw) * c.uniform(0.5, 0.8), (195, 205, 220))
    return ["in the rain", "in heavy rain", "on a rainy day", "with rain falling", "in rainy weather"]


@drawn_as(PAINT)
def snowfall(c: Canvas) -> list[str]:
    """Flakes of different sizes."""
    count = c.count(60, 200)
    flakes = list(zip(c.rng.random(count), c.rng.random(count), c.rng.uniform(0.003, 0.013, count), strict=True))

    def draw(p, n):  # type: ignore[no-untyped-def]
        for x, y, r in flakes:
            p.ellipse([(x - r) * n, (y - r) * n, (x + r) * n, (y + r) * n], fill=255)

    c.blend(c.shape(draw) * 0.9, (250, 250, 252))
    return ["in falling snow", "with snow falling", "in a snowstorm", "while it is snowing"]


@drawn_as(PAINT)
def fog(c: Canvas) -> list[str]:
    """A pale veil, thickest around the horizon."""
    veil = np.clip(c.uniform(0.25, 0.5) + 0.6 * c.noise(1.5, 3) * (1 - np.abs(c.y - c.horizon)), 0, 0.93)
    c.blend(veil, c.lit((218, 220, 224)) * 0.92 + 14)
    return ["in fog", "in the mist", "on a foggy morning", "in thick fog", "covered in mist"]


@drawn_as(PAINT)
def rainbow(c: Canvas) -> list[str]:
    """An arc of six colours."""
    d = c.distance(c.uniform(0.3, 0.7), c.horizon + 0.1, 1.1)
    r = c.uniform(0.35, 0.5)
    for k, name in enumerate(("red", "orange", "yellow", "green", "blue", "violet")):
        c.blend(
            np.exp(-(((d - r + 0.016 * k) / 0.01) ** 2)) * 0.6 * (1 - c.below(c.horizon + 0.05)),
            COLOURS[name],
        )
    return ["with a rainbow", "under a rainbow", "and a rainbow in the sky"]
