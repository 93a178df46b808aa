"""Space: galaxies, nebulae, planets, star fields."""

import numpy as np

from render.training.scenes.canvas import Canvas, smoothstep
from render.training.scenes.palette import COLOURS, GLOWS
from render.training.scenes.relief import SKY, drawn_as


def _stars(c: Canvas, density: float = 0.012) -> None:
    points = (c.rng.random((c.size, c.size)) < density) * c.rng.uniform(0.3, 1.0, (c.size, c.size))
    c.blend(points.astype(np.float32), (255, 252, 246))


def galaxy(c: Canvas) -> list[str]:
    """A spiral galaxy, tilted."""
    c.image[:] = c.vary((6, 5, 16), 4)
    name, other = c.pick(*GLOWS), c.pick(*GLOWS)
    x, y, turn = c.uniform(0.35, 0.65), c.uniform(0.35, 0.65), c.uniform(-1, 1)
    u, v = c.x - x, c.y - y
    p, q = u * np.cos(turn) - v * np.sin(turn), (u * np.sin(turn) + v * np.cos(turn)) * c.uniform(1.1, 2.6)
    r, a = np.hypot(p, q), np.arctan2(q, p)
    arms = np.cos(2 * (a - np.log(r + 0.02) * c.uniform(1.8, 2.8) * c.pick(-1, 1)) + c.noise(3) * 2) * 0.5 + 0.5
    disc = np.exp(-r * c.uniform(3.5, 6))
    c.add(arms * disc * (0.4 + 0.9 * c.noise(5)), np.asarray(GLOWS[name]) * 1.1)
    c.add(arms**3 * disc * smoothstep(c.noise(8), 0.5, 0.9), GLOWS[other])
    c.add(np.exp(-((r / c.uniform(0.05, 0.1)) ** 2)) + 0.4 * np.exp(-r / 0.1), (255, 236, 205))
    _stars(c)
    return [
        "a spiral galaxy",
        "a galaxy in space",
        f"a {name} spiral galaxy",
        "a galaxy with glowing arms",
        "a galaxy among the stars",
    ]


def nebula(c: Canvas) -> list[str]:
    """Coloured gas clouds with stars."""
    c.image[:] = c.vary((6, 5, 18), 4)
    name, other = c.pick(*GLOWS), c.pick(*GLOWS)
    c.add(smoothstep(c.noise(2), 0.3, 1.0) * (0.3 + 0.9 * c.noise(5)), GLOWS[name])
    c.add(smoothstep(c.noise(2), 0.5, 1.0) * (0.3 + 0.9 * c.noise(5)), GLOWS[other])
    c.blend(smoothstep(c.noise(3), 0.65, 0.95) * 0.8, (8, 5, 14))
    _stars(c, 0.018)
    for _ in range(c.count(1, 6)):
        c.add(np.exp(-c.distance(c.uniform(0, 1), c.uniform(0, 1)) / 0.016), (250, 245, 255))
    return [
        f"a {name} nebula in space",
        "a colorful nebula",
        f"a {name} and {other} nebula",
        "deep space",
        "outer space",
        "a cosmic cloud of gas and stars",
    ]


def planet(c: Canvas) -> list[str]:
    """A planet with bands or patches, half in shadow, sometimes with a ring."""
    nebula(c) if c.chance(0.4) else _stars(c, 0.02)
    name = c.pick("red", "blue", "green", "orange", "purple", "golden", "turquoise")
    x, y, r = c.uniform(0.3, 0.7), c.uniform(0.3, 0.7), c.uniform(0.15, 0.36)
    n = c.noise(4, c.pick(1, 4))
    shade = np.clip(1.15 - c.distance(x - r * 0.45, y - r * 0.4) / (r * 1.5), 0.03, 1.1)
    d = c.distance(x, y)
    c.add(np.exp(-np.clip(d - r, 0, 1) / 0.03) * 0.3, COLOURS[name])
    c.blend(np.clip((r - d) * c.size, 0, 1), c.vary(COLOURS[name]) * ((0.55 + 0.7 * n) * shade)[..., None] * 1.2)
    words = [f"a {name} planet in space", "a planet among the stars", f"a {name} planet", "an alien planet"]
    if c.chance(0.3):
        ring = np.abs(c.distance(x, y, c.uniform(2.5, 4)) - r * 1.55) < r * 0.2
        c.blend(ring * ((d > r) | (c.y > y)) * 0.75, c.vary((215, 195, 160)) * (0.8 + 0.3 * c.noise(8))[..., None])
        words += ["a planet with rings", f"a {name} planet with rings"]
    return words


@drawn_as(SKY)
def moon_surface(c: Canvas) -> list[str]:
    """Grey craters under a black sky, the home planet above."""
    from render.training.scenes.canvas import floor

    c.image[:] = (3, 3, 8)
    _stars(c)
    name = c.pick("blue", "red", "golden")
    x, y, r = c.uniform(0.2, 0.8), c.uniform(0.12, 0.35), c.uniform(0.06, 0.16)
    c.blend(
        np.clip((r - c.distance(x, y)) * c.size, 0, 1),
        c.vary(COLOURS[name]) * (0.5 + 0.7 * c.noise(6))[..., None],
    )
    c.light = np.ones(3, np.float32)
    tone = c.pick((140, 140, 145), (175, 95, 60))
    floor(c, c.uniform(0.5, 0.7), tone, 1.5, 1.0)
    return (
        ["the surface of the moon", "a moon landscape with craters", "a rocky planet surface in space"]
        if tone[0] == 140
        else ["the surface of mars", "a red planet landscape", "an alien desert"]
    )
