"""Single buildings: castle, house and village, lighthouse, bridge."""

import numpy as np

from render.training.scenes.canvas import Canvas, floor, pen, smoothstep
from render.training.scenes.motifs.water import sea


def castle(c: Canvas) -> list[str]:
    """A castle with towers on a hill."""
    ground = c.pick((70, 115, 60), (90, 110, 70), (225, 232, 240))
    floor(c, 0.75, ground)
    x, s, stone = c.uniform(0.3, 0.7), c.uniform(0.7, 1.2), c.lit(c.vary((140, 132, 125)))
    hill = c.below(0.85 - 0.18 * np.exp(-(((c.x[0] - x) / 0.32) ** 2)))
    c.blend(hill, c.lit(ground) * (0.6 + 0.5 * c.noise(6, 1, "rough"))[..., None])
    towers = [(c.uniform(-0.2, 0.2), c.uniform(0.18, 0.42)) for _ in range(c.count(3, 6))]
    roof, glow = (
        c.lit(c.pick((160, 55, 50), (60, 75, 130), (70, 60, 60))),
        (255, 215, 120) if c.dark else (45, 40, 45),
    )

    def draw(p, n):  # type: ignore[no-untyped-def]
        p.rectangle([(x - 0.2 * s) * n, 0.58 * n, (x + 0.2 * s) * n, 0.76 * n], fill=pen(stone))
        for t, h in towers:
            u, top = x + t * s, 0.66 - h * s
            p.rectangle(
                [(u - 0.045 * s) * n, top * n, (u + 0.045 * s) * n, 0.76 * n],
                fill=pen(stone * c.uniform(0.8, 1.05)),
            )
            p.polygon(
                [
                    ((u - 0.055 * s) * n, top * n),
                    ((u + 0.055 * s) * n, top * n),
                    (u * n, (top - 0.12 * s) * n),
                ],
                fill=pen(roof),
            )
            p.rectangle([(u - 0.01) * n, (top + 0.05) * n, (u + 0.01) * n, (top + 0.09) * n], fill=pen(glow))

    c.stamp(draw)
    return [
        "a castle",
        "a castle on a hill",
        "an old stone castle",
        "a fairytale castle",
        "a medieval castle",
    ]


def house(c: Canvas) -> list[str]:
    """One house or a small village."""
    snow = c.chance(0.25)
    floor(c, c.uniform(0.62, 0.72), (235, 240, 247) if snow else (80, 142, 62))
    village = c.chance(0.45)
    for _ in range(c.count(4, 9) if village else 1):
        _house(
            c,
            c.uniform(0.05, 0.95) if village else c.uniform(0.3, 0.7),
            c.uniform(0.7, 0.88),
            c.uniform(0.05, 0.1) if village else c.uniform(0.12, 0.22),
            snow,
        )
    where = " in the snow" if snow else ""
    if village:
        return [
            f"a village{where}",
            f"a small village{where}",
            f"houses in the countryside{where}",
            f"cottages{where}",
        ]
    return [
        f"a house{where}",
        f"a small house{where}",
        f"a cottage{where}",
        f"a lonely house{where}",
        "a house in the countryside",
    ]


def _house(c: Canvas, x: float, y: float, w: float, snow: bool) -> None:
    wall = c.lit(c.vary(c.pick((222, 207, 182), (190, 92, 72), (236, 236, 230), (150, 110, 75))))
    roof = c.lit((238, 242, 248)) if snow else c.lit(c.vary((125, 55, 42)))
    glow = np.asarray((255, 215, 120)) if c.dark else c.lit((90, 120, 150))

    def draw(p, n):  # type: ignore[no-untyped-def]
        p.rectangle([(x - w) * n, (y - w * 1.2) * n, (x + w) * n, y * n], fill=pen(wall))
        p.polygon(
            [
                ((x - w * 1.2) * n, (y - w * 1.2) * n),
                ((x + w * 1.2) * n, (y - w * 1.2) * n),
                (x * n, (y - w * 2) * n),
            ],
            fill=pen(roof),
        )
        p.rectangle([(x - w * 0.12) * n, (y - w * 0.6) * n, (x + w * 0.18) * n, y * n], fill=pen(wall * 0.5))
        for a in (-w * 0.55, w * 0.55):
            p.rectangle(
                [(x + a - w * 0.2) * n, (y - w * 0.85) * n, (x + a + w * 0.2) * n, (y - w * 0.45) * n],
                fill=pen(glow),
            )

    c.stamp(draw)


def lighthouse(c: Canvas) -> list[str]:
    """A lighthouse on a rock by the sea, its beam on at night."""
    sea(c)
    x, foot, h = c.uniform(0.2, 0.8), c.horizon + c.uniform(0.08, 0.2), c.uniform(0.35, 0.55)
    rock = c.below(
        foot - 0.02 + 0.9 * np.clip(np.abs(c.x[0] - x) - c.uniform(0.08, 0.2), 0, 1) - 0.05 * c.ridge(8, "rough")
    )
    c.blend(rock, c.lit((88, 80, 76)) * (0.5 + 0.7 * c.noise(7, 1, "rough"))[..., None])
    up = np.clip((foot - c.y) / h, 0, 1)
    inside = np.clip((0.045 - 0.018 * up - np.abs(c.x - x)) * c.size, 0, 1) * c.below(foot - h) * (1 - c.below(foot))
    stripe = smoothstep(np.sin(up * 15.7), -0.2, 0.2)[..., None]
    c.blend(inside, c.lit((240, 238, 232)) * (1 - stripe) + c.lit(c.pick((200, 40, 35), (40, 45, 60))) * stripe)
    if c.dark:
        beam = np.exp(-(((c.y - foot + h + (c.x - x) * c.uniform(-0.3, 0.3)) / (0.01 + 0.14 * np.abs(c.x - x))) ** 2))
        c.add(beam * 0.55, (230, 215, 150))
    c.add(np.exp(-c.distance(x, foot - h) / 0.03), (255, 235, 160) if c.dark else (60, 60, 60))
    return ["a lighthouse", "a lighthouse by the sea", "a lighthouse on a rock", "a lighthouse on the coast"]


def bridge(c: Canvas) -> list[str]:
    """A suspension bridge over water."""
    sea(c)
    y, colour = (
        c.horizon - c.uniform(-0.05, 0.06),
        c.lit(c.vary(c.pick((190, 60, 45), (120, 120, 128), (90, 70, 60)))),
    )
    posts = (c.uniform(0.18, 0.35), c.uniform(0.65, 0.82))
    sag = c.uniform(0.16, 0.28)
    middle, half = sum(posts) / 2, (posts[1] - posts[0]) / 2
    inner = y - 0.02 - sag * ((c.x - middle) / half) ** 2
    outer = y - sag * (1 - (np.abs(c.x - middle) - half) / 0.3)
    cable = np.where(np.abs(c.x - middle) < half, inner, outer)
    c.blend(np.clip((0.008 - np.abs(c.y - cable)) * c.size, 0, 1), colour)
    hangers = (np.sin(c.x * 120) > 0.75) * (c.y > cable) * (c.y < y)
    c.blend(hangers * 0.5, colour)
    c.blend(np.clip((0.016 - np.abs(c.y - y)) * c.size, 0, 1), colour)
    for post in posts:
        c.blend((np.abs(c.x - post) < 0.016) * c.below(y - sag - 0.02) * (1 - c.below(y + 0.14)), colour * 0.9)
    return ["a bridge over the water", "a suspension bridge", "a long bridge", "a bridge"]
