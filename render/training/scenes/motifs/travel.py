"""What travels on land and in the air: trains, hot-air balloons."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, floor, pen, smoothstep
from render.training.scenes.motifs.land import hills, mountains
from render.training.scenes.outlines import Place, curve, points, region, solid, strokes


def train(c: Canvas) -> list[str]:
    """A train: a steam engine from the side with its smoke, or an engine that comes along the rails."""
    (mountains if c.chance(0.5) else hills)(c)
    return _coming(c) if c.chance(0.4) else _steam(c)


def _steam(c: Canvas) -> list[str]:
    floor(c, 0.76, c.pick((95, 120, 60), (130, 115, 80), (225, 230, 238)))
    rail, flip = 0.86, c.pick(-1, 1)
    size = c.uniform(0.3, 0.42)
    place = Place(0.5 + flip * c.uniform(0.08, 0.2), rail, size, flip)
    black, red = c.lit((38, 40, 46)), c.lit(c.pick((180, 40, 35), (40, 90, 60), (40, 60, 130)))
    for k in range(7):
        x = place.x + flip * size * (0.42 - 0.55 * k)
        y = rail - size * (1.05 + 0.13 * k)
        puff = smoothstep(-c.distance(x, y) / (size * (0.16 + 0.07 * k)) + 0.7 * (c.noise(6) - 0.5), -1.1, -0.6)
        c.blend(puff * (0.95 - 0.08 * k), np.clip(c.lit((235, 235, 238)) + 18, 0, 255))
    c.blend(c.below(rail - 0.005) * (1 - c.below(rail + 0.025)), c.lit((92, 80, 70)))
    _cars(c, place, red)
    boiler = points("0.2,-0.54 0.84,-0.54 0.9,-0.34 0.84,-0.16 0.2,-0.16")
    cab = [(0.16, -0.16), (0.16, -0.76), (0.46, -0.76), (0.46, -0.16)]
    chimney = [(0.62, -0.5), (0.6, -0.86), (0.76, -0.86), (0.73, -0.5)]
    solid(c, region(c, place(boiler), place(cab), place(chimney)), black, 0.04, 0.1)
    c.blend(
        region(
            c,
            place([(0.1, -0.8), (0.52, -0.8), (0.52, -0.74), (0.1, -0.74)]),
            place([(0.84, -0.18), (1.04, -0.02), (0.84, -0.02)]),
        ),
        red,
    )
    c.blend(
        region(c, place([(0.22, -0.68), (0.4, -0.68), (0.4, -0.5), (0.22, -0.5)])),
        (255, 220, 130) if c.dark else c.lit((190, 215, 230)),
    )
    _wheels(c, place, red)
    return [
        "a train",
        "a steam train",
        "a steam locomotive with smoke",
        "an old train in the mountains",
        "a train on the rails",
    ]


def _cars(c: Canvas, place: Place, red: Array) -> None:
    """Three cars with windows behind the engine."""
    for k in range(3):
        left = -0.75 - 0.98 * k
        car = place([(left, -0.6), (left + 0.92, -0.6), (left + 0.92, -0.14), (left, -0.14)])
        solid(c, region(c, car), red, 0.04)
        panes = [
            place(
                [
                    (left + 0.08 + 0.21 * j, -0.5),
                    (left + 0.2 + 0.21 * j, -0.5),
                    (left + 0.2 + 0.21 * j, -0.34),
                    (left + 0.08 + 0.21 * j, -0.34),
                ]
            )
            for j in range(4)
        ]
        c.blend(region(c, *panes), (255, 220, 130) if c.dark else c.lit((200, 222, 235)))


def _wheels(c: Canvas, place: Place, rim: Array) -> None:
    spots = [(-0.6 - 0.98 * k + s, 0.08) for k in range(3) for s in (0, 0.6)] + [(0.3, 0.14), (0.56, 0.14), (0.8, 0.09)]

    def draw(p, n):  # type: ignore[no-untyped-def]
        for x, r in spots:
            (u, v), q = place([(x, -r)])[0] * n, r * place.size * n
            p.ellipse([u - q, v - q, u + q, v + q], fill=pen((26, 26, 30)))
            p.ellipse([u - q * 0.6, v - q * 0.6, u + q * 0.6, v + q * 0.6], fill=pen(rim))

    c.stamp(draw)


def _coming(c: Canvas) -> list[str]:
    """An engine from the front, on rails that meet at the horizon."""
    top = c.horizon + 0.04
    floor(c, top, c.pick((100, 120, 65), (135, 120, 85), (225, 230, 238)))
    d = c.depth(top)
    c.blend(np.clip((0.03 + 0.34 * d - np.abs(c.x - 0.5)) * c.size, 0, 1) * c.below(top), c.lit((115, 105, 98)))
    ties = smoothstep(np.sin(9 / (d + 0.12)), 0.0, 0.4) * np.clip((0.02 + 0.27 * d - np.abs(c.x - 0.5)) * c.size, 0, 1)
    c.blend(ties * c.below(top) * 0.8, c.lit((70, 52, 40)))
    for s in (-1, 1):
        rail = np.clip((0.004 + 0.014 * d - np.abs(c.x - 0.5 - s * (0.01 + 0.2 * d))) * c.size, 0, 1) * c.below(top)
        c.blend(rail, c.lit((205, 205, 212)))
    paint = c.lit(c.vary(c.pick((200, 45, 40), (40, 80, 160), (235, 180, 40), (50, 120, 70))))
    place = Place(0.5, c.uniform(0.78, 0.86), c.uniform(0.34, 0.46))
    body = curve(points("-0.42,0 -0.45,-0.5 -0.36,-0.98 0,-1.08 0.36,-0.98 0.45,-0.5 0.42,0"), False)
    solid(c, region(c, place(body)), paint, 0.06)
    c.blend(region(c, place([(-0.33, -0.58), (-0.28, -0.92), (0.28, -0.92), (0.33, -0.58)])), (60, 75, 95))
    c.blend(region(c, place([(-0.43, -0.3), (0.43, -0.3), (0.43, -0.24), (-0.43, -0.24)])), (245, 240, 225))
    c.blend(region(c, place([(-0.4, -0.08), (0.4, -0.08), (0.34, 0.08), (-0.34, 0.08)])), (35, 35, 40))
    for lamp in (-0.28, 0.28):
        x, y = place([(lamp, -0.4)])[0]
        c.add(np.exp(-c.distance(x, y) / (0.07 if c.dark else 0.025)), (255, 230, 160))
        c.blend(smoothstep(-c.distance(x, y), -0.03, -0.02), (255, 250, 225))
    return [
        "a train",
        "a train coming down the tracks",
        "a train on railway tracks",
        "a locomotive from the front",
        "railway tracks with a train",
    ]


def balloons(c: Canvas) -> list[str]:
    """One large hot-air balloon or a flock of them over the land."""
    c.horizon = c.uniform(0.72, 0.9)
    (hills if c.chance(0.6) else mountains)(c)
    many = c.chance(0.5)
    sizes = sorted(c.uniform(0.05, 0.16) for _ in range(c.count(4, 8))) if many else [c.uniform(0.24, 0.32)]
    if not many and c.chance(0.6):
        sizes = [c.uniform(0.05, 0.09), *sizes]
    for r in sizes:
        _balloon(
            c,
            Place(
                c.uniform(0.15, 0.85) if r < 0.2 else c.uniform(0.38, 0.62),
                c.uniform(0.22, 0.6) if r < 0.2 else c.uniform(0.36, 0.44),
                r,
            ),
        )
    if many:
        return [
            "hot air balloons",
            "hot air balloons in the sky",
            "colorful balloons over the hills",
            "many hot-air balloons flying",
        ]
    return [
        "a hot air balloon",
        "a hot-air balloon in the sky",
        "a colorful balloon",
        "a balloon flying over the land",
        "a striped hot air balloon",
    ]


def _balloon(c: Canvas, place: Place) -> None:
    outline = points("0,-1 0.7,-0.72 0.98,-0.05 0.68,0.6 0.22,1.12 -0.22,1.12 -0.68,0.6 -0.98,-0.05 -0.7,-0.72")
    mask = region(c, place(curve(outline)))
    gay = [
        c.vary(tone, 10)
        for tone in (
            (225, 45, 40),
            (250, 205, 50),
            (40, 110, 210),
            (245, 245, 240),
            (240, 130, 35),
            (60, 160, 90),
            (150, 60, 170),
        )
    ]
    chosen = np.asarray([gay[k] for k in c.rng.permutation(len(gay))[: c.count(2, 4)]])
    u = np.clip((c.x - place.x) / place.size, -0.999, 0.999)
    v = np.clip((c.y - place.y) / place.size, -1, 1.15)
    bulge = np.sqrt(np.clip(1 - ((v + 0.05) / 1.25) ** 2, 0.04, 1))
    gore = np.floor((np.arcsin(np.clip(u / bulge, -1, 1)) / np.pi + 0.5) * 9).astype(int)
    if c.chance(0.3):
        gore = np.floor((v + 1) * 3 + 0 * u).astype(int)
    c.add(soft_glow(c, place) * (0.5 if c.dark else 0), (255, 150, 60))
    solid(c, mask, c.lit(np.ones(3) * 255) / 255 * chosen[gore % len(chosen)], place.size * 0.3, 0.05)
    lines = [place([(s * 0.22, 1.12), (s * 0.13, 1.42)]) for s in (-1, 1)]
    c.blend(strokes(c, *lines, width=0.006), (60, 45, 35))
    solid(c, region(c, place([(-0.16, 1.4), (0.16, 1.4), (0.13, 1.66), (-0.13, 1.66)])), c.lit((135, 90, 50)), 0.02)


def soft_glow(c: Canvas, place: Place) -> Array:
    """A round glow around a figure."""
    return np.asarray(np.exp(-c.distance(place.x, place.y) / (place.size * 1.2)), np.float32)
