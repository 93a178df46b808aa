"""Cities and buildings: skylines, neon streets, streets, castle, house, lighthouse, bridge."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, smoothstep
from render.training.scenes.palette import NEONS


def _towers(c: Canvas, foot: float, count: int, tall: float, neon: bool) -> None:
    """A row of towers, far ones paler, with lit or glassy windows."""
    haze = c.image[int(c.horizon * c.size) - 2].mean(0)
    for k in range(count):
        far = 1 - k / max(1, count - 1)
        w, h = c.uniform(0.04, 0.15), tall * c.uniform(0.25, 1.0) * (1 - 0.25 * (1 - far))
        a = int(c.uniform(-0.06, 0.98) * c.size)
        b, t, e = a + max(3, int(w * c.size)), int((foot - h) * c.size), int(foot * c.size)
        a, b, t, e = max(a, 0), min(b, c.size), max(t, 0), min(e, c.size)
        if b - a < 3 or e - t < 4:
            continue
        wall = (
            c.vary((16, 16, 30), 10)
            if c.dark or neon
            else c.vary(c.pick((150, 140, 130), (120, 130, 150), (190, 180, 165), (95, 110, 135), (160, 100, 80)), 12)
            * c.light
        )
        block = np.broadcast_to(wall, (e - t, b - a, 3)).copy()
        _windows(c, block, neon)
        block[:, : max(1, (b - a) // 5)] *= 0.75
        c.image[t:e, a:b] = block * (1 - 0.4 * far) + haze * 0.4 * far
        c.covered((c.x * c.size > a) * (c.x * c.size < b) * (c.y * c.size > t) * (c.y * c.size < e))


def _windows(c: Canvas, block: Array, neon: bool) -> None:
    step = c.pick(3, 4) * max(1, c.size // 96)
    rows, columns = np.arange(2, block.shape[0] - 1, step), np.arange(1, block.shape[1] - 1, step)
    on = c.rng.random((len(rows), len(columns))) < c.uniform(0.3, 0.75)
    if neon:
        colour = np.asarray(c.pick(*NEONS), np.float32)
    elif c.dark:
        colour = c.vary(c.pick((255, 220, 120), (255, 190, 90), (205, 225, 255)), 12)
    else:
        colour = c.lit(c.pick((60, 75, 100), (170, 205, 235)))
    for i, r in enumerate(rows):
        cells = columns[on[i]]
        for dr in range(max(1, step // 2)):
            for dc in range(max(1, step // 3)):
                block[min(r + dr, block.shape[0] - 1), np.minimum(cells + dc, block.shape[1] - 1)] = colour


def city(c: Canvas) -> list[str]:
    """A skyline over a street, a park or water."""
    foot = c.uniform(0.72, 0.97)
    _towers(c, foot, c.count(12, 30), c.uniform(0.35, 0.7), False)
    if c.chance(0.35):
        c.blend(c.below(foot), c.mirror(foot, 0.9) * 0.6 * (0.7 + 0.5 * c.noise(5, 5, "rough"))[..., None])
        extra = ["a city by the water", "a city skyline reflected in the water"]
    else:
        c.blend(c.below(foot), c.lit(c.pick((80, 82, 88), (60, 90, 55))))
        extra = []
    if c.dark:
        return [
            *extra,
            "a city with lit windows",
            "a city skyline with lights",
            "skyscrapers with glowing windows",
            "city lights",
            "a big city",
        ]
    return [*extra, "a city skyline", "a city", "skyscrapers", "tall city buildings", "a modern city"]


def neon_city(c: Canvas) -> list[str]:
    """A street between dark towers with neon signs, mirrored in the wet road."""
    c.blend(1.0, c.vary(c.pick((14, 10, 34), (26, 8, 44), (8, 16, 40)), 6))
    c.add(
        np.exp(-c.distance(0.5, c.uniform(0.5, 0.65)) / c.uniform(0.15, 0.4)),
        np.asarray(c.pick(*NEONS), np.float32) * c.uniform(0.3, 0.8),
    )
    road = c.uniform(0.66, 0.82)
    _towers(c, road, c.count(12, 24), 0.75, True)
    if c.chance(0.6):
        _street_walls(c, road)
    for _ in range(c.count(6, 16)):
        _sign(c, road)
    wet = c.mirror(road, 0.8) * (0.45 + 0.5 * c.noise(5, 6, "rough"))[..., None]
    c.blend(c.below(road), np.clip(wet * 0.85 + 6, 0, 255))
    return [
        "a neon city",
        "neon lights in a city street",
        "a cyberpunk city",
        "a cyberpunk street with neon signs",
        "glowing neon signs",
        "a city with pink and blue neon lights",
    ]


def _street_walls(c: Canvas, road: float) -> None:
    """Dark walls left and right that lead the eye into the street."""
    centre = c.uniform(0.4, 0.6)
    gap = c.uniform(0.06, 0.14) + 0.5 * np.abs(c.y - road * 0.85)
    wall = np.clip((np.abs(c.x - centre) - gap) * c.size * 0.4, 0, 1) * (1 - c.below(road))
    stripes = smoothstep(np.sin(c.y * c.uniform(60, 120)) * np.sin(c.x * c.uniform(60, 120)), 0.55, 0.75)
    c.blend(wall * 0.9, c.vary((18, 14, 30), 6))
    c.covered(wall, np.abs(c.x - centre) * 0.9)
    c.add(wall * stripes * (c.noise(6, 1, "rough") > 0.55) * 0.8, c.pick(*NEONS))


def _sign(c: Canvas, road: float) -> None:
    x, y, w, h = c.uniform(0, 1), c.uniform(0.12, road - 0.1), c.uniform(0.02, 0.05), c.uniform(0.04, 0.22)
    if c.chance(0.4):
        w, h = c.uniform(0.06, 0.2), c.uniform(0.02, 0.05)
    colour = c.pick(*NEONS)

    def draw(p, n):  # type: ignore[no-untyped-def]
        p.rectangle([x * n, y * n, (x + w) * n, min(road, y + h) * n], fill=255)

    c.add(c.shape(draw, 9) * 1.3, colour)
    c.blend(c.shape(draw) * 0.9, np.clip(np.asarray(colour) * 0.8 + 50, 0, 255))


def street(c: Canvas) -> list[str]:
    """A street in one-point perspective between houses, with lamps at night."""
    x, y = c.uniform(0.4, 0.6), c.uniform(0.45, 0.6)
    side = np.abs(c.x - x) / (np.abs(c.y - y) + 1e-3)
    far = np.clip(np.abs(c.x - x), 0.02, 1)
    walls = (np.abs(c.x - x) > 0.07) & (c.y > y - far * c.uniform(0.7, 1.4))
    facade = c.vary(c.pick((185, 150, 120), (170, 100, 80), (200, 190, 175), (130, 130, 140)), 12)
    windows = smoothstep(np.sin(np.log(far) * 16) * np.sin((c.y - y) / far * 11), 0.35, 0.5)
    tint = c.lit(facade) * (0.65 + 0.5 * far)[..., None]
    glow = np.asarray((255, 205, 110), np.float32) if c.dark else c.lit((70, 85, 110))
    c.blend(walls.astype(np.float32), tint * np.ones_like(c.image))
    c.blend(walls * windows * (c.noise(5, 1, "rough") > 0.3), glow)
    width = c.uniform(0.7, 1.4)
    road = (c.y > y) & (side < width)
    c.blend(road.astype(np.float32), c.lit((92, 92, 98)) * (0.8 + 0.3 * c.noise(6, 1, "rough"))[..., None])
    c.covered(walls, far / width)
    c.covered(road, c.y - y)
    if c.dark:
        for k in range(c.count(2, 5)):
            s = 0.35 / (k + 1)
            for sign in (-1, 1):
                c.add(np.exp(-c.distance(x + sign * s, y - s * 0.6) / (0.05 * s + 0.015)), (255, 200, 110))
    return [
        "a city street",
        "a street between houses",
        "a street in an old town",
        "a narrow street",
        "an empty street",
    ]
