"""Fire, lava, smoke, sparks and fireworks."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, smoothstep
from render.training.scenes.palette import COLOURS
from render.training.scenes.relief import PAINT, SKY, drawn_as

BURNING: dict[str, list[str]] = {
    "forest": [
        "a forest fire",
        "trees on fire",
        "a wildfire in the woods",
        "flames in a forest",
        "a forest in flames",
        "burning trees",
    ],
    "house": ["a house on fire", "a burning house", "a burning village"],
    "castle": ["a castle in flames", "a burning castle"],
    "city": ["a city on fire", "a burning city", "a city in flames"],
    "meadow": ["a burning field", "a grass fire", "a field on fire"],
    "tree": ["a burning tree", "a tree on fire"],
}


def _flame_colour(heat: Array) -> Array:
    """Black body colours: red, orange, yellow, white."""
    channels = (
        np.clip(heat * 3, 0, 1) * 255,
        np.clip(heat * 2.1 - 0.3, 0, 1) * 228,
        np.clip(heat * 1.7 - 0.95, 0, 1) * 160,
    )
    return np.stack(channels, -1).astype(np.float32)


@drawn_as(PAINT)
def flames_over(c: Canvas, top: float, amount: float = 1.0) -> None:
    """Flames rising from the bottom up to about `top`, in tongues, with a glow and smoke above."""
    rise = np.clip((c.y - top) / (1.02 - top), 0, 1)
    drift = (c.noise(2, 1, "smooth") - 0.5) * 0.25
    tongues = np.clip(1 - np.abs(((c.x + drift * (1.2 - rise)) * c.uniform(3, 6)) % 1 - 0.5) * 2, 0, 1)
    heat = np.clip(rise * 1.25 + 0.55 * (c.noise(4, 0.6) - 0.5) + 0.45 * tongues * (rise > 0) - 0.55, 0, 1) * amount
    c.add(rise * 0.35 * amount, (200, 80, 10))
    c.blend(smoothstep(c.noise(2.5), 0.45, 0.9) * np.clip(1 - rise * 1.6, 0, 1) * 0.6, c.vary((45, 36, 36), 8))
    c.blend(np.clip(heat * 3, 0, 1), _flame_colour(np.clip(heat * 1.6, 0, 1)))
    sparks = (c.rng.random((c.size, c.size)) < 0.006) * (c.y > top - 0.2)
    c.blend(sparks * 0.9, (255, 190, 80))


def burn(c: Canvas, subject: str) -> list[str]:
    """Set the drawn subject on fire; returns its new name."""
    c.image = c.image * np.asarray((0.55, 0.38, 0.3), np.float32) + np.asarray((28, 10, 2), np.float32)
    flames_over(c, c.uniform(0.1, 0.5), c.uniform(0.8, 1.1))
    if subject == "forest":
        _charred_trunks(c)
    return BURNING[subject]


def _charred_trunks(c: Canvas) -> None:
    """Black trunks and branches before the flames."""
    for _ in range(c.count(3, 10)):
        x, w, lean = c.uniform(0, 1), c.uniform(0.006, 0.03), c.uniform(-0.06, 0.06)
        trunk = np.clip((w * (0.4 + c.y) - np.abs(c.x - x - lean * c.y)) * c.size + 0.3, 0, 1)
        c.blend(trunk * c.below(c.uniform(-0.2, 0.45)) * 0.9, (22, 12, 8))


def flames(c: Canvas) -> list[str]:
    """Fire filling the picture, on black."""
    c.image[:] = c.vary((14, 6, 5), 6)
    flames_over(c, c.uniform(-0.15, 0.35), 1.15)
    return ["fire", "flames", "a blazing fire", "burning flames", "orange flames", "fire in the dark"]


def campfire(c: Canvas) -> list[str]:
    """A small fire at night with its light on the ground."""
    from render.training.scenes.canvas import floor

    floor(c, 0.7, (60, 50, 40))
    x = c.uniform(0.35, 0.65)
    d = c.distance(x, 0.78)
    c.add(np.exp(-d / 0.2), (170, 80, 20))
    body = np.clip(1 - np.abs(c.x - x) / (0.13 * np.clip((c.y - 0.45) / 0.35, 0, 1) + 1e-3), 0, 1) * (c.y < 0.82)
    heat = np.clip(body * 0.9 + 0.4 * (c.noise(6, 0.6) - 0.5) * (body > 0), 0, 1)
    c.blend(np.clip(heat * 3, 0, 1), _flame_colour(heat))
    return ["a campfire", "a bonfire", "a small fire", "a campfire in the dark"]


def lava(c: Canvas) -> list[str]:
    """Cracks or rivers of glowing lava in black rock."""
    if c.chance(0.5):
        n = c.noise(3)
        glow = np.clip(1 - np.abs(n - 0.5) * c.uniform(4, 9), 0, 1)
    else:
        glow = smoothstep(c.ground_noise(c.depth(-0.2), 1.2, 1, "cloudy"), 0.45, 0.75)
    c.image = np.asarray((38, 27, 27), np.float32) * (0.4 + 1.0 * c.noise(6, 1, "rough"))[..., None]
    colour = np.stack([255 * np.ones_like(glow), 50 + 175 * glow**2, 8 + 70 * glow**4], -1)
    c.blend(smoothstep(glow, 0.05, 0.5), colour)
    c.add(glow * 0.25, (255, 80, 0))
    return [
        "lava",
        "molten lava",
        "glowing magma",
        "hot lava flowing over black rock",
        "cracks of glowing lava",
        "a river of lava",
    ]


def smoke(c: Canvas) -> list[str]:
    """Swirling smoke on a dark ground."""
    name = c.pick("white", "gray", "blue", "red", "purple", "green", "golden")
    n = c.noise(2.5)
    swirl = np.roll(n, (int(4 * n.mean() * c.size / 8), 0), (0, 1)) * 0.5 + c.noise(3, 0.6) * 0.7
    c.image = 10 + c.vary(COLOURS[name]) * np.clip(swirl * 1.5 - 0.45, 0, 1)[..., None]
    return [
        f"{name} smoke on a black background",
        "swirling smoke",
        f"a cloud of {name} smoke",
        f"{name} smoke",
    ]


@drawn_as(SKY)
def fireworks(c: Canvas) -> list[str]:
    """Bursts of sparks in the night."""
    for _ in range(c.count(1, 5)):
        x, y, r = c.uniform(0.15, 0.85), c.uniform(0.12, 0.5), c.uniform(0.1, 0.28)
        colour = np.asarray(
            c.pick(
                (255, 90, 80),
                (255, 210, 90),
                (110, 255, 140),
                (110, 170, 255),
                (255, 120, 230),
                (255, 255, 255),
            ),
            np.float32,
        )
        d, a = c.distance(x, y), np.arctan2(c.y - y, c.x - x)
        rays = smoothstep(np.cos(a * c.count(8, 18) + c.uniform(0, 6)), 0.3, 0.95)
        sparks = smoothstep(c.noise(16, 1, "rough"), 0.4, 0.8)
        c.add(rays * np.exp(-(((d - r * 0.6) / (r * 0.4)) ** 2)) * sparks * 1.6, colour)
        c.add(np.exp(-d / (r * 0.35)) * 0.5, colour)
    return ["fireworks", "colorful fireworks", "fireworks in the night sky", "exploding fireworks"]
