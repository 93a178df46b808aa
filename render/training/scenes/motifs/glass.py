"""Patterns of glass and stone: cathedral windows, mandalas, tiled floors."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, smoothstep
from render.training.scenes.outlines import Place, curve, points, region
from render.training.scenes.palette import COLOURS

GLASS = ((30, 70, 190), (200, 30, 40), (240, 190, 50), (40, 150, 90), (120, 50, 170), (50, 170, 210), (230, 120, 40))


def _panes(c: Canvas, u: Array, v: Array, tones: Array) -> Array:
    """Coloured glass by cell of two coordinates, with an uneven glow."""
    cell = (np.floor(u) * 7 + np.floor(v) * 13).astype(int)
    glow = 0.75 + 0.5 * c.noise(6) + 0.3 * (c.noise(24, 1, "rough") - 0.5)
    return np.asarray(tones[cell % len(tones)] * glow[..., None], np.float32)


def _lead(u: Array, v: Array, width: float) -> Array:
    """Mask of the lead between the cells."""
    edge = np.minimum(np.abs(u - np.round(u)), np.abs(v - np.round(v)))
    return 1 - smoothstep(edge, width * 0.6, width)


def cathedral(c: Canvas) -> list[str]:
    """Stained glass in pointed windows or a round rose window, light falling into a dark church."""
    c.image = (
        c.vary(c.pick((48, 44, 48), (70, 60, 52), (38, 38, 52)), 8) * (0.6 + 0.6 * c.noise(9, 1, "rough"))[..., None]
    )
    tones = np.asarray([c.vary(t, 18) for t in GLASS])[c.rng.permutation(len(GLASS))[: c.count(4, 7)]]
    kind = c.pick("rose", "windows", "windows", "window")
    if kind == "rose":
        _rose(c, c.uniform(0.45, 0.55), c.uniform(0.42, 0.52), c.uniform(0.34, 0.44), tones)
    else:
        count = 3 if kind == "windows" else 1
        for k in range(count):
            wide = 0.25 if count == 3 else c.uniform(0.5, 0.62)
            tall = 0.1 + 0.08 * abs(k - 1) * (count == 3)
            _pointed(
                c,
                Place(0.5 + (k - (count - 1) / 2) * 0.32, tall, wide),
                0.86 + 0.08 * (count == 1),
                np.roll(tones, k, 0),
            )
    if c.chance(0.6):
        slant = c.uniform(-0.5, 0.5)
        rays = np.clip(np.sin((c.x + slant * c.y) * c.uniform(20, 40)), 0, 1) * np.clip(c.y - 0.2, 0, 1)
        c.add(rays * 0.25, tones[0] * 0.8 + 40)
    names = {
        "rose": "a rose window",
        "window": "a stained glass window in a church",
        "windows": "tall stained glass windows",
    }
    return [
        "stained glass",
        "cathedral windows",
        "a stained glass window",
        names[kind],
        "the windows of a cathedral in colored light",
        "a gothic church window",
    ]


def _pointed(c: Canvas, at: Place, foot: float, tones: Array) -> None:
    w, h = at.size / 2, (foot - at.y)
    arch = [
        (-w, foot - at.y),
        (-w, h * 0.36),
        (-w * 0.72, h * 0.16),
        (0, 0),
        (w * 0.72, h * 0.16),
        (w, h * 0.36),
        (w, foot - at.y),
    ]
    frame = Place(at.x, at.y, 1)(np.concatenate([arch[:1], curve(arch[1:-1], closed=False), arch[-1:]]))
    centre = Place(at.x, at.y + h / 2, 1)
    c.blend(region(c, centre((frame - (at.x, at.y + h / 2)) * 1.1)), np.mean(c.image, (0, 1)) * 1.7)
    u, v = (c.x - at.x) / w, (c.y - at.y) / h
    rows = c.count(4, 8)
    pattern = c.pick("lozenge", "squares", "figure")
    columns = 3 if at.size < 0.4 else 5
    a, b = u * columns / 2 + 0.5 + 0 * v, v * rows * 1.6 + 0 * u
    if pattern == "lozenge":
        a, b = a + b * 0.5, b * 0.5 - a
    elif pattern == "figure":
        r = np.hypot(u, (v - 0.45) * h / w)
        a, b = np.where(r < 0.75, r * 4, a), np.where(r < 0.75, np.arctan2(v - 0.45, u) * 4 / np.pi * 1.0, b)
    mask = region(c, frame)
    c.blend(mask, _panes(c, a, b, tones))
    c.blend(mask * _lead(a, b, 0.1) * 0.9, (14, 12, 16))
    c.add(mask * np.exp(-(((v - 0.4) / 0.3) ** 2)) * 0.25, (255, 240, 200))
    c.blend(mask * (np.abs(u) < 0.05) * 0.9, (22, 20, 24))


def _rose(c: Canvas, x: float, y: float, r: float, tones: Array) -> None:
    d, a = c.distance(x, y) / r, np.arctan2(c.y - y, c.x - x)
    petals = c.pick(8, 10, 12, 16)
    c.blend(smoothstep(-d, -1.12, -1.08), np.mean(c.image, (0, 1)) * 1.8)
    rings = np.select([d < 0.22, d < 0.62, d < 0.82], [0, 1, 2], 3).astype(np.float32)
    turn = a / np.pi * petals / 2 * np.where(rings == 2, 2, 1) + rings * 0.5
    mask = smoothstep(-d, -1.0, -0.97)
    c.blend(mask, _panes(c, turn + 40, rings * 1.0 + 0.5, tones))
    ring = np.min([np.abs(d - e) for e in (0.22, 0.62, 0.82, 0.98)], 0)
    spoke = np.abs(turn - np.round(turn)) * d / petals * 6
    c.blend(
        mask * np.maximum(1 - smoothstep(ring, 0.02, 0.035), (1 - smoothstep(spoke, 0.03, 0.06)) * (d > 0.2)) * 0.95,
        (16, 14, 18),
    )
    bud = np.cos(a * petals) * 0.5 + 0.5
    c.blend(mask * smoothstep(bud - np.abs(d - 0.72) * 9, 0.2, 0.4) * 0.9, tones[-1] * 1.1)
    c.add(mask * np.exp(-((d / 0.6) ** 2)) * 0.3, (255, 240, 205))


def mandala(c: Canvas) -> list[str]:
    """Rings of petals around a centre, in a few colours."""
    tones = [c.vary(t, 16) for t in c.rng.permutation(list(COLOURS.values()))[:6]]
    ground = c.pick((16, 12, 34), (245, 240, 228), (60, 10, 50), (10, 40, 60))
    c.image[:] = c.vary(ground, 6)
    x, y = c.uniform(0.47, 0.53), c.uniform(0.47, 0.53)
    d, a = c.distance(x, y), np.arctan2(c.y - y, c.x - x)
    fold = c.pick(6, 8, 8, 10, 12, 16)
    for k in range(c.count(7, 11)):
        outer = 0.52 - 0.048 * k
        sharp = c.pick(0.5, 1.0, 2.0)
        wave = np.abs(np.cos(a * fold / 2 + (k % 2) * np.pi / 2)) ** sharp
        r = outer * (c.uniform(0.6, 0.85) + c.uniform(0.15, 0.35) * wave)
        edge = np.clip((r - d) * c.size, 0, 1)
        tone = np.asarray(tones[k % len(tones)])
        c.blend(edge, tone * (0.6 + 0.5 * np.clip(d / outer, 0, 1))[..., None])
        c.blend(np.clip(1.3 - np.abs(r - 0.012 - d) * c.size * 0.8, 0, 1) * edge, np.clip(tone * 1.3 + 60, 0, 255))
        if c.chance(0.6):
            dots = np.hypot(d - outer * 0.8, (np.abs(((a / 2 / np.pi * fold) % 1) - 0.5)) * 2 * np.pi * d / fold)
            c.blend(1 - smoothstep(dots, 0.012, 0.02), tones[(k + 2) % len(tones)])
    return [
        "a mandala",
        "a colorful mandala",
        "a symmetrical pattern",
        "a kaleidoscope pattern",
        "an ornament of petals in a circle",
    ]


def tiles(c: Canvas) -> list[str]:
    """Patterned tiles: seen from above, or as the floor of a hall with columns and arches."""
    tones = [
        c.vary(t, 14)
        for t in c.rng.permutation(
            [
                (30, 80, 150),
                (235, 230, 215),
                (200, 120, 50),
                (40, 120, 110),
                (150, 40, 45),
                (60, 50, 60),
                (225, 190, 110),
            ]
        )[:3]
    ]
    hall = c.chance(0.6)
    if hall:
        edge = c.uniform(0.42, 0.52)
        near = 1 / (np.clip((c.y - edge) / (1 - edge), 0, 1) + 0.12)
        u, v = (c.x - 0.5) * near * 2.4, near * 2.4 + 0 * c.x
    else:
        edge, count = 0.0, c.count(3, 6)
        u, v = c.x * count + 0 * c.y, c.y * count + 0 * c.x
    f, g = _pattern(c, u, v)
    floor = tones[0] * (1 - f) + tones[1] * f
    floor = (floor * (1 - g) + tones[2] * g) * (0.8 + 0.3 * c.noise(6, 1, "rough"))[..., None]
    c.image = np.asarray(floor, np.float32)
    if hall:
        _hall(c, edge)
        return [
            "a tiled floor",
            "the tiled floor of a palace hall",
            "a palace hall with a tiled floor",
            "a hall with columns and a patterned floor",
            "ornate floor tiles in a palace",
        ]
    return ["tiles", "a pattern of tiles", "ornate ceramic tiles", "a mosaic of tiles", "a tiled floor from above"]


def _pattern(c: Canvas, u: Array, v: Array) -> tuple[Array, Array]:
    """Masks (S, S, 1) of the second and the third colour of a tiling with one tile to a unit."""
    p, q = np.abs(u % 1 - 0.5) * 2, np.abs(v % 1 - 0.5) * 2
    kind = c.pick("checker", "star", "rings", "diamond")
    mixes = {
        "checker": ((np.floor(u) + np.floor(v)) % 2, smoothstep(np.maximum(p, q), 0.86, 0.93)),
        "star": (smoothstep(np.minimum(p + q, np.maximum(p, q) * 1.42), 0.6, 0.68), smoothstep(0 - p - q, -0.5, -0.42)),
        "rings": (smoothstep(np.cos(np.hypot(p, q) * 9), -0.1, 0.1), smoothstep(p + q, 1.5, 1.6)),
        "diamond": (smoothstep(p + q, 0.95, 1.05), smoothstep(np.hypot(p, q), 0.42, 0.36)),
    }
    f, g = mixes[kind]
    return np.asarray(f, np.float32)[..., None], np.asarray(g, np.float32)[..., None]


def _hall(c: Canvas, edge: float) -> None:
    """A back wall with an arch of light, and columns that come towards the viewer."""
    wall = c.vary(c.pick((200, 170, 130), (170, 150, 140), (225, 215, 195), (130, 80, 70)))
    above = 1 - c.below(edge)
    c.blend(above, wall * (0.55 + 0.6 * np.abs(c.x - 0.5))[..., None])
    light = region(c, Place(0.5, edge, 0.1)([*curve(points("-1,0 -1,-1.6 0,-2.6 1,-1.6 1,0"), closed=False)]))
    c.blend(light, (255, 244, 214))
    c.add(np.exp(-c.distance(0.5, edge - 0.1) / 0.25) * 0.5, (150, 120, 70))
    for k in range(3, -1, -1):
        s = 0.5 / (k + 0.9)
        for side in (-1, 1):
            x, half, foot = 0.5 + side * s, 0.11 * s, edge + s * 0.62
            shaft = np.clip((half - np.abs(c.x - x)) * c.size, 0, 1) * (1 - c.below(foot))
            c.blend(shaft, wall * (1.15 - 0.9 * np.abs((c.x - x) / half + 0.3) ** 2 * 0.5)[..., None])
            for y in (foot, edge - s * 0.62):
                c.blend(
                    np.clip((half * 1.5 - np.abs(c.x - x)) * c.size, 0, 1)
                    * np.clip((half * 0.5 - np.abs(c.y - y)) * c.size, 0, 1),
                    wall * 1.1,
                )
    c.blend(c.below(edge) * np.exp(-(((c.x - 0.5) / 0.14) ** 2)) * 0.35, (255, 240, 205))
