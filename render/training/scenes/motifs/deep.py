"""Ice and what lies under water: icebergs, frozen surfaces, reefs with corals and fish."""

import numpy as np

from render.training.scenes.canvas import Canvas, pen
from render.training.scenes.motifs.water import mirror_water


def icebergs(c: Canvas) -> list[str]:
    """Blocks of ice in a cold sea."""
    mirror_water(c, c.horizon, c.lit(c.vary((35, 95, 130))), 0.5, 0.3)
    for _ in range(c.count(2, 6)):
        x, w, y = c.uniform(0.05, 0.95), c.uniform(0.06, 0.24), c.horizon + c.uniform(0.02, 0.3)
        edge = y - w * c.uniform(0.5, 1.3) * np.clip(1 - np.abs(c.x[0] - x) / w, 0, 1) ** 0.7 * (
            0.5 + 0.8 * c.ridge(7, "rough")
        )
        mask = c.below(np.where(edge < y - 0.005, edge, 1.0)) * (1 - c.below(y))
        c.blend(mask, c.lit((222, 240, 250)) * (0.65 + 0.45 * c.noise(7, 0.7))[..., None])
    return [
        "icebergs in the sea",
        "floating icebergs",
        "blue icebergs",
        "an arctic sea with icebergs",
        "ice floating in a frozen sea",
    ]


def ice(c: Canvas) -> list[str]:
    """A frozen surface with cracks, from near."""
    n = c.noise(4)
    c.image = c.vary((150, 200, 230)) * (0.65 + 0.45 * c.noise(3))[..., None]
    c.blend(np.clip(1 - np.abs(n - 0.5) * 16, 0, 1) * 0.85, (246, 250, 255))
    c.blend(np.clip(1 - np.abs(c.noise(3) - 0.5) * 22, 0, 1) * 0.7, (60, 120, 170))
    return ["cracked blue ice", "ice", "a frozen surface", "blue and white ice crystals", "cracks in the ice"]


def reef(c: Canvas) -> list[str]:
    """Under water: light rays, corals, fish, bubbles."""
    fall = c.y[..., None]
    c.image = np.broadcast_to(c.vary((45, 160, 195)) * (1 - fall) + c.vary((5, 40, 95)) * fall, c.image.shape).astype(
        np.float32
    )
    rays = np.sin((c.x - 0.5 + c.y * c.uniform(-0.5, 0.5)) * c.uniform(15, 32) + c.noise(1.5, 1, "smooth") * 4)
    c.add(np.clip(rays, 0, 1) * (1 - c.y) * 0.4, (150, 190, 190))
    coral, fish = c.chance(0.65), c.chance(0.6)
    if coral:
        for _ in range(c.count(5, 12)):
            x, h, w = c.uniform(0, 1), c.uniform(0.08, 0.34), c.uniform(0.03, 0.1)
            bump = np.exp(-(((c.x - x) / w) ** 2)) * h * (0.5 + 0.8 * c.noise(9, 1, "rough"))
            colour = c.vary(
                c.pick(
                    (235, 130, 50),
                    (240, 120, 165),
                    (200, 50, 60),
                    (140, 70, 180),
                    (230, 210, 90),
                    (70, 160, 110),
                )
            )
            c.blend(
                np.clip((bump - (1 - c.y)) * 24, 0, 1),
                colour * (0.55 + 0.5 * c.noise(14, 1, "rough"))[..., None] * 0.9,
            )
    if fish:
        c.stamp(_fish(c))
    for _ in range(c.count(0, 12)):
        d = c.distance(c.uniform(0, 1), c.uniform(0, 1))
        c.add(np.exp(-(((d - c.uniform(0.004, 0.015)) / 0.004) ** 2)) * 0.6, (200, 235, 245))
    words = ["underwater", "an underwater scene", "under the sea", "the deep blue sea underwater"]
    words += ["a coral reef", "a colorful coral reef underwater", "corals under the sea"] if coral else []
    return words + (["fish swimming underwater", "tropical fish", "fish in a reef"] if fish else [])


def _fish(c: Canvas):  # type: ignore[no-untyped-def]
    school = [
        (
            c.uniform(0, 1),
            c.uniform(0.1, 0.85),
            c.uniform(0.02, 0.07) * c.pick(-1, 1),
            c.vary(c.pick((245, 140, 40), (245, 220, 60), (200, 205, 215), (220, 50, 50), (60, 120, 230))),
        )
        for _ in range(c.count(2, 10))
    ]

    def draw(p, n):  # type: ignore[no-untyped-def]
        for x, y, r, colour in school:
            a = abs(r)
            p.ellipse([(x - a) * n, (y - a * 0.5) * n, (x + a) * n, (y + a * 0.5) * n], fill=pen(colour))
            p.polygon(
                [
                    ((x + r * 0.8) * n, y * n),
                    ((x + r * 1.6) * n, (y - a * 0.5) * n),
                    ((x + r * 1.6) * n, (y + a * 0.5) * n),
                ],
                fill=pen(colour),
            )

    return draw
