"""Lights in the dark: paper lanterns."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas
from render.training.scenes.outlines import Place, curve, oval, points, region, strokes


def lanterns(c: Canvas) -> list[str]:
    """Glowing paper lanterns: strung over a street, rising into the sky, or floating on water."""
    kind = c.pick("strung", "strung", "sky", "water")
    warm = (
        [(255, 120, 50), (255, 170, 70), (245, 70, 45), (255, 200, 110)]
        if c.chance(0.75)
        else [(255, 90, 60), (255, 205, 90), (110, 200, 255), (240, 120, 220), (140, 235, 140)]
    )
    c.blend(c.below(0.86 - 0.1 * c.ridge(6, "rough")), (14, 14, 24))
    spots = []
    if kind == "strung":
        for row in range(c.count(2, 4)):
            y0, sag, r = 0.1 + 0.2 * row + c.uniform(-0.04, 0.04), c.uniform(0.06, 0.14), c.uniform(0.06, 0.1)
            line = np.asarray([(x, y0 + sag * (1 - (2 * x - 1) ** 2)) for x in np.linspace(-0.05, 1.05, 16)])
            c.blend(strokes(c, line, width=0.006), (50, 40, 45))
            spots += [
                (x, y0 + sag * (1 - (2 * x - 1) ** 2) + r * 1.1, r) for x in np.arange(c.uniform(0, 0.1), 1.05, r * 2.7)
            ]
    else:
        spots = [(c.uniform(0, 1), c.uniform(0.05, 0.8), c.uniform(0.025, 0.09)) for _ in range(c.count(14, 26))]
        spots.sort(key=lambda spot: spot[2])
    for x, y, r in spots:
        _lantern(c, Place(x, y, r), c.vary(c.pick(*warm), 10), kind == "strung")
    if kind == "water":
        edge = c.uniform(0.6, 0.72)
        c.blend(c.below(edge), c.mirror(edge, 1.0) * 0.6 * (0.6 + 0.7 * c.noise(5, 6, "rough"))[..., None])
    where = {"strung": "hanging over a street", "sky": "rising into the night sky", "water": "over the water"}[kind]
    return [
        "paper lanterns",
        "glowing paper lanterns",
        f"paper lanterns {where}",
        "a lantern festival",
        "lanterns in the dark",
        "red lanterns" if warm[2] == (245, 70, 45) else "colorful lanterns",
    ]


def _lantern(c: Canvas, at: Place, tone: Array, hung: bool) -> None:
    c.add(np.exp(-c.distance(at.x, at.y) / (at.size * 1.5)) * 0.35, tone)
    shape = oval(0, 0, 1, 0.95) if hung else curve(points("-0.8,-0.7 0,-0.95 0.8,-0.7 0.6,0.9 -0.6,0.9"))
    core = np.exp(-((c.distance(at.x, at.y + at.size * 0.3) / (at.size * 0.9)) ** 2))[..., None]
    ribs = (0.85 + 0.15 * np.cos((c.y - at.y) / at.size * 14))[..., None] if hung else 1.0
    c.blend(region(c, at(shape)), np.clip(tone * (0.7 + 0.6 * core) * ribs + core * 60, 0, 255))
    if hung:
        caps = [at([(-0.4, y), (0.4, y), (0.4, y + 0.2), (-0.4, y + 0.2)]) for y in (-1.1, 0.85)]
        c.blend(region(c, *caps), (60, 25, 20))
        c.blend(strokes(c, at([(0, 1.0), (0, 1.7)]), width=0.15 * at.size), tone * 0.7)
