"""Rooms and ways inside: tunnel, stairs, library, clock, ice cave."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, floor, pen, smoothstep
from render.training.scenes.outlines import Place, backdrop, oval, points, region, solid
from render.training.scenes.palette import NEONS
from render.training.scenes.relief import PAINT, drawn_as


def tunnel(c: Canvas) -> list[str]:
    """A tunnel that leads to a light: of stone, of neon rings, or of swirling colour."""
    x, y = c.uniform(0.42, 0.58), c.uniform(0.42, 0.55)
    d, a = c.distance(x, y), np.arctan2(c.y - y, c.x - x)
    kind = c.pick("stone", "neon", "neon", "swirl")
    deep = 0.16 / (d + 0.03)
    fade = np.clip(d / 0.6, 0, 1)[..., None]
    if kind == "stone":
        course = np.floor(deep * 6)
        brick = np.abs(((a / np.pi * 12 + course * 0.5) % 1) - 0.5)
        joint = np.maximum(smoothstep(brick, 0.44, 0.48), smoothstep(np.abs((deep * 6) % 1 - 0.5), 0.42, 0.48))
        tone = c.vary(c.pick((130, 105, 85), (105, 105, 115), (140, 80, 60)))
        c.image = tone * ((0.75 + 0.4 * c.noise(12, 1, "rough")) * (1 - 0.55 * joint))[..., None] * (0.15 + 0.95 * fade)
        c.blend(np.clip((c.y - y - 0.35 * d) * 9, 0, 1) * 0.55, (45, 40, 38))
    elif kind == "neon":
        tones = np.asarray([c.pick(*NEONS), c.pick(*NEONS)], np.float32)
        square = c.chance(0.5)
        far = np.maximum(np.abs(c.x - x), np.abs(c.y - y)) * 1.1 if square else d
        ring = np.log(far + 0.02) * c.uniform(2.2, 3.6)
        c.image[:] = (10, 6, 22)
        glow = 1 - smoothstep(np.abs(ring % 1 - 0.5), 0.06, 0.16)
        c.image = c.image + tones[np.floor(ring).astype(int) % 2] * (0.25 + 0.75 * glow)[..., None] * (0.25 + fade)
        c.add(np.clip(1 - np.abs(np.sin(a * 4)) * 14, 0, 1) * 0.5 * fade[..., 0], tones[0])
    else:
        f = np.sin(a * c.pick(2, 3, 4) + np.log(d + 0.02) * c.uniform(4, 9)) * 0.5 + 0.5
        one, two = c.vary(c.pick(*NEONS)), c.vary(c.pick((20, 20, 80), (60, 10, 70), (10, 60, 80)))
        c.image = (one * f[..., None] + two * (1 - f[..., None])) * (0.3 + fade)
    c.add(np.exp(-d / c.uniform(0.07, 0.14)), c.pick((255, 250, 235), (220, 235, 255)))
    c.covered(np.ones_like(d), d)
    names = {"stone": "a dark stone tunnel", "neon": "a neon tunnel", "swirl": "a spiral tunnel of color"}
    return ["a tunnel", names[kind], "light at the end of a tunnel", "a long tunnel", "flying through a tunnel"]


def stairs(c: Canvas) -> list[str]:
    """A flight of stairs that climbs to a light, straight or as a spiral seen from above."""
    if c.chance(0.35):
        return _spiral(c)
    stone = c.vary(c.pick((175, 165, 150), (140, 120, 105), (120, 130, 150), (215, 205, 195)), 12)
    c.image = stone * (0.35 + 0.2 * c.noise(7, 1, "rough"))[..., None]
    x, top, count = c.uniform(0.44, 0.56), c.uniform(0.26, 0.36), c.count(9, 14)
    door = region(c, Place(x, top, 0.12)(np.concatenate([points("-1,0 -1,-1.4 -0.7,-2.1 0,-2.4 0.7,-2.1 1,-1.4 1,0")])))
    light = np.asarray(c.pick((255, 240, 200), (200, 230, 255), (255, 205, 140)), np.float32)
    rise = np.clip((c.y - top) / (1 - top), 0, 1) ** 0.75 * count
    half = 0.12 + 0.42 * (np.floor(rise) / count) ** 1.2
    inside = np.clip((half - np.abs(c.x - x)) * c.size, 0, 1) * c.below(top)
    tread = smoothstep(rise % 1, 0.5, 0.58)
    c.blend(
        inside, stone * (1.1 - 0.62 * tread + 0.1 * c.noise(9, 3, "rough"))[..., None] * (1.25 - 0.5 * c.y)[..., None]
    )
    c.blend(inside * smoothstep(rise % 1, 0.03, 0.0) * 0.6, np.clip(stone * 1.4, 0, 255))
    c.blend(door, light)
    c.add(np.exp(-c.distance(x, top - 0.1) / 0.2) * 0.75, light * 0.8)
    c.covered(np.ones_like(inside), np.maximum(c.y - top + 0.1, 0.1))
    return [
        "stairs",
        "a staircase",
        "stone stairs leading to a light",
        "a stairway to heaven",
        "steps going up to a door",
        "a long flight of stairs",
    ]


def _spiral(c: Canvas) -> list[str]:
    x, y = c.uniform(0.45, 0.55), c.uniform(0.45, 0.55)
    d, a = c.distance(x, y), np.arctan2(c.y - y, c.x - x)
    wood = c.vary(c.pick((170, 115, 70), (190, 180, 165), (110, 100, 110), (70, 100, 130)), 12)
    turn = np.log(d + 0.03) * 2.2 * c.pick(-1, 1) + a / (2 * np.pi) * 2
    level = turn % 1
    step = (a / (2 * np.pi) * c.count(20, 28)) % 1
    tone = wood * (0.55 + 0.5 * step)[..., None] * (0.25 + 1.2 * np.clip(d / 0.6, 0, 1))[..., None]
    c.image = np.where((level < 0.7)[..., None], tone, wood * 0.22 * (0.4 + d)[..., None])
    c.blend(1 - smoothstep(np.abs(level - 0.7), 0.02, 0.05), wood * 1.2)
    c.add(np.exp(-d / 0.07), (255, 240, 205))
    c.covered(np.ones_like(d), d + 0.1)
    return [
        "a spiral staircase",
        "a spiral staircase from above",
        "stairs",
        "winding stairs",
        "a staircase seen from above",
    ]


def library(c: Canvas) -> list[str]:
    """Walls of books: one shelf from near, or a hall of shelves towards a window."""
    wood = c.vary(c.pick((110, 70, 42), (80, 50, 34), (130, 95, 65)), 10)
    c.image[:] = wood * 0.5
    hall = c.chance(0.5)
    _shelves(c, wood)
    if not hall:
        c.image *= (1.15 - 0.8 * c.distance(c.uniform(0.3, 0.7), 0.4))[..., None]
        return ["a bookshelf", "shelves full of books", "a wall of old books", "a library", "rows of books"]
    _aisle(c, wood)
    return [
        "a library",
        "an old library",
        "a hall of books in a library",
        "a library with tall bookshelves",
        "bookshelves on both sides",
    ]


@drawn_as(PAINT)
def _shelves(c: Canvas, wood: Array) -> None:
    """Boards with the backs of books, filling the picture."""
    rows, spines = c.count(5, 7), []
    for row in range(rows):
        y, h = row / rows, 1 / rows
        x = 0.0
        while x < 1:
            w = c.uniform(0.014, 0.04)
            tone = c.vary(
                c.pick(
                    (140, 40, 35),
                    (45, 70, 60),
                    (50, 60, 110),
                    (165, 125, 65),
                    (90, 55, 45),
                    (190, 175, 145),
                    (60, 50, 70),
                ),
                16,
            )
            spines.append((x, y + h * c.uniform(0.1, 0.34), x + w, y + h * 0.88, tone * c.uniform(0.7, 1.1)))
            x += w if c.chance(0.95) else w + 0.03

    def draw(p, n):  # type: ignore[no-untyped-def]
        for left, top, right, low, tone in spines:
            p.rectangle([left * n, top * n, right * n, low * n], fill=pen(tone))
            p.line([left * n, top * n, left * n, low * n], fill=pen(tone * 0.6))
            p.line(
                [(left + 0.004) * n, (top + 0.02) * n, (right - 0.004) * n, (top + 0.02) * n], fill=pen((215, 180, 100))
            )
        for row in range(rows):
            p.rectangle([0, (row + 0.88) / rows * n, n, (row + 1) / rows * n], fill=pen(wood))

    c.stamp(draw)


def _aisle(c: Canvas, wood: Array) -> None:
    """The drawn shelf on both walls of a hall, in perspective."""
    x, y = 0.5, c.uniform(0.45, 0.52)
    side = np.clip(np.abs(c.x - x), 0.07, 1)
    u = (np.clip(0.09 / side, 0, 1) * 2.4) % 1 + 0 * c.y
    v = np.clip(0.5 + (c.y - y) / side * 0.42, 0, 0.999)
    shelf = c.image[(v * c.size).astype(int), (u * c.size).astype(int) % c.size]
    far = np.clip(side / 0.5, 0.25, 1)[..., None]
    wall = np.abs(c.y - y) < side * 1.19
    ground = wood * (0.5 + 0.35 * (np.floor((c.x - x) / (np.abs(c.y - y) + 0.02) * 3) % 2))[..., None]
    c.image = np.where(wall[..., None], shelf * (0.4 + 0.8 * far), ground * (0.5 + c.y[..., None] * 0.6)).astype(
        np.float32
    )
    light = np.asarray(c.pick((255, 235, 180), (210, 230, 255), (255, 205, 130)), np.float32)
    c.blend(region(c, Place(x, y, 0.07)(points("-1,1.1 -1,-0.6 -0.6,-1.3 0,-1.6 0.6,-1.3 1,-0.6 1,1.1"))), light)
    c.add(np.exp(-c.distance(x, y) / 0.2) * 0.6, light * 0.7)
    c.covered(np.ones((c.size, c.size)), np.maximum(side, np.abs(c.y - y) / 1.19))


def clock(c: Canvas) -> list[str]:
    """The face of a clock with Roman strokes, or with gears behind."""
    backdrop(c, (60, 45, 35), (40, 45, 60), (150, 125, 95), (90, 30, 35))
    x, y, r = c.uniform(0.46, 0.54), c.uniform(0.46, 0.54), c.uniform(0.36, 0.44)
    gears = c.chance(0.4)
    brass = c.vary(c.pick((200, 155, 75), (170, 120, 60), (190, 190, 195)), 10)
    if gears:
        for _ in range(c.count(4, 7)):
            _gear(c, c.uniform(0, 1), c.uniform(0, 1), c.uniform(0.1, 0.22), brass * c.uniform(0.5, 0.8))
    d, a = c.distance(x, y) / r, np.arctan2(c.y - y, c.x - x)
    solid(c, np.clip((1.08 - d) * r * c.size, 0, 1), brass, 0.03)
    dial = c.vary(c.pick((245, 238, 218), (245, 238, 218), (28, 28, 36), (225, 200, 150)), 6)
    ink = np.asarray((24, 20, 22)) if dial.mean() > 120 else np.asarray((240, 225, 180))
    c.blend(np.clip((0.94 - d) * r * c.size, 0, 1), dial * (1.05 - 0.25 * d)[..., None])
    hour = np.abs(((a / (2 * np.pi) * 12 + 0.5) % 1) - 0.5) * d * 2 * np.pi / 12
    quarter = np.abs(((a / (2 * np.pi) * 4 + 0.5) % 1) - 0.5) < 0.06
    c.blend((hour < np.where(quarter, 0.035, 0.02)) * smoothstep(d, 0.7, 0.72) * (1 - smoothstep(d, 0.87, 0.89)), ink)
    c.blend((1 - smoothstep(np.abs(d - 0.91), 0.008, 0.02)) * 0.8, ink)
    at = Place(x, y, r)
    for angle, reach, w in ((c.uniform(0, 6.28), 0.5, 0.075), (c.uniform(0, 6.28), 0.8, 0.05)):
        hand = np.asarray(
            [(-w, 0.0), (-w * 0.7, -reach * 0.75), (0, -reach), (w * 0.7, -reach * 0.75), (w, 0), (0, 0.15)]
        )
        c.blend(region(c, Place(x, y, r, 1, angle)(hand)), ink)
    c.blend(region(c, at(oval(0, 0, 0.08, 0.08))), brass)
    return [
        "a clock",
        "a clock face",
        "an old clock",
        "a clock with gears" if gears else "a big round clock",
        "time",
        "a steampunk clock" if gears else "the hands of a clock",
    ]


def _gear(c: Canvas, x: float, y: float, r: float, tone: Array) -> None:
    d, a = c.distance(x, y) / r, np.arctan2(c.y - y, c.x - x)
    teeth = 0.9 + 0.1 * np.clip(np.sin(a * c.count(10, 16)) * 4, -1, 1)
    body = np.clip((teeth - d) * r * c.size, 0, 1) * smoothstep(d, 0.2, 0.24)
    holes = smoothstep(np.cos(a * 5), 0.3, 0.5) * smoothstep(-np.abs(d - 0.55), -0.2, -0.17)
    solid(c, body * (1 - holes), tone, 0.02)


def ice_cave(c: Canvas) -> list[str]:
    """A cave of blue ice with an opening of light and icicles."""
    ice = c.vary(c.pick((60, 150, 215), (40, 120, 200), (90, 180, 210)), 12)
    x, y = c.uniform(0.35, 0.65), c.uniform(0.48, 0.6)
    d = c.distance(x, y, 1.15) + 0.1 * (c.noise(3) - 0.5)
    facets = 0.55 + 0.75 * np.abs(c.noise(5, 0.7) - 0.5) * 2
    c.image = ice * (facets * (1.25 - 1.3 * np.clip(d, 0, 0.8)))[..., None]
    c.covered(np.ones_like(d), 0.6 * np.clip(d, 0, 0.8))
    c.blend(np.clip(1 - np.abs(c.noise(3) - 0.5) * 22, 0, 1) * 0.5, (215, 240, 255))
    floor(c, 0.78, np.clip(ice * 0.7 + 60, 0, 255), 2, 0.4)
    c.add(np.exp(-np.clip(d - 0.1, 0, 1) / 0.12), c.pick((235, 248, 255), (255, 225, 190)))
    opening = smoothstep(-d, -0.2, -0.15)
    c.blend(opening * 0.9, c.pick((235, 248, 255), (255, 235, 210)))
    c.covered(opening, np.zeros_like(d))
    spikes = [
        np.asarray([(u - w, 0), (u + w, 0), (u, h)])
        for u, w, h in ((c.uniform(0, 1), c.uniform(0.01, 0.035), c.uniform(0.08, 0.34)) for _ in range(c.count(9, 18)))
    ]
    solid(c, region(c, *spikes), np.clip(ice * 0.8 + 50, 0, 255), 0.02)
    return [
        "an ice cave",
        "a cave of blue ice",
        "inside a glacier cave",
        "a frozen cave with icicles",
        "a blue ice cave with light",
    ]
