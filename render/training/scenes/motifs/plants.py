"""Plants: forests outside and inside, meadows, flowers from near, blossom, single trees."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, floor, pen, smoothstep

FOREST = {
    "green": (
        (48, 120, 45),
        ["a green forest", "a forest", "a forest of green trees", "trees in the woods", "a summer forest"],
    ),
    "pine": (
        (25, 70, 45),
        ["a pine forest", "a forest of tall firs", "a dark green pine forest", "a forest"],
    ),
    "autumn": (
        (212, 115, 35),
        [
            "an autumn forest",
            "a forest with orange leaves",
            "autumn trees",
            "red and golden autumn leaves",
            "a forest in autumn",
        ],
    ),
    "dark": ((18, 42, 32), ["a dark forest", "a gloomy forest", "dark woods", "a spooky forest"]),
    "snowy": (
        (215, 225, 235),
        ["a snowy forest", "a forest in winter", "snow-covered trees", "winter woods"],
    ),
}


def firs(c: Canvas, count: int, snow: bool = False) -> None:
    """Fir trees standing on the ground, far ones first."""
    for y in np.sort(c.rng.uniform(c.horizon + 0.03, 0.98, count)):
        x, h = c.uniform(0, 1), 0.16 + 0.5 * (y - c.horizon) * c.uniform(0.8, 1.2)
        _fir(c, x, float(y), h, snow)


def _fir(c: Canvas, x: float, y: float, h: float, snow: bool) -> None:
    w = h * c.uniform(0.2, 0.3)
    up = np.clip((y - c.y) / h, 0, 1)
    saw = 1 - np.abs((up * c.uniform(4, 6)) % 1) * 0.35
    half = w * (1 - up) * saw * (c.y < y) * (c.y > y - h)
    mask = np.clip((half - np.abs(c.x - x)) * c.size * 0.6 + 0.3, 0, 1) * (half > 0)
    green = c.lit(c.vary((28, 72, 42) if not snow else (58, 85, 78), 12))
    c.blend(mask, green * (0.7 + 0.5 * c.noise(12, 1, "rough"))[..., None])
    if snow:
        c.blend(mask * smoothstep(c.noise(12, 1.5, "rough"), 0.45, 0.6), c.lit((240, 245, 251)))


def forest(c: Canvas, kind: str | None = None) -> list[str]:
    """A forest seen from outside (tree line in layers) or from inside (trunks and light)."""
    kind = kind or c.pick("green", "green", "pine", "autumn", "dark", "snowy")
    colour = np.asarray(FOREST[kind][0], np.float32)
    (_inside if c.chance(0.5) else _outside)(c, kind, colour)
    return FOREST[kind][1]


def _outside(c: Canvas, kind: str, colour: Array) -> None:
    floor(c, c.horizon, colour * 0.8)
    for k in range(c.count(2, 4)):
        edge = c.horizon + 0.05 + 0.12 * k - 0.09 * c.ridge(12, "rough") - 0.1 * c.ridge(3)
        crown = c.noise(9, 1, "rough")[..., None]
        c.blend(c.below(edge), c.lit(c.vary(colour, 14)) * (0.4 + 0.95 * crown) * (1 - 0.12 * k))
    if kind in ("pine", "snowy", "dark"):
        firs(c, c.count(6, 16), kind == "snowy")


def _inside(c: Canvas, kind: str, colour: Array) -> None:
    """Leaves, a bright gap, trunks that grow darker and wider towards the viewer, and a floor."""
    c.image = c.lit(c.vary(colour, 12)) * (0.3 + 1.0 * c.noise(6, 1, "rough"))[..., None]
    gap = np.exp(-c.distance(c.uniform(0.3, 0.7), c.uniform(0.25, 0.55), 0.7) / c.uniform(0.1, 0.3))
    c.blend(gap * 0.75 * (0.5 + 0.5 * c.noise(7, 1, "rough")), np.clip(c.lit((225, 235, 185)) + 15, 0, 255))
    floor(c, c.uniform(0.68, 0.85), colour * 0.6 if kind != "snowy" else (230, 236, 244))
    bark = np.asarray(
        c.pick((72, 52, 38), (55, 45, 38), (190, 185, 175) if kind != "dark" else (40, 34, 30)), np.float32
    )
    for near in np.sort(c.rng.random(c.count(6, 16))):
        x, w, lean = c.uniform(0, 1), 0.006 + 0.035 * float(near) ** 2, c.uniform(-0.05, 0.05)
        half = w * (0.7 + 0.5 * c.y)
        trunk = np.clip((half - np.abs(c.x - x - lean * c.y)) * c.size + 0.3, 0, 1) * (
            1 - c.below(0.75 + 0.22 * float(near))
        )
        c.blend(
            trunk,
            c.lit(c.vary(bark, 10)) * (1.1 - 0.6 * float(near)) * (0.75 + 0.4 * c.noise(9, 0.2, "rough"))[..., None],
        )
    leaves = smoothstep(c.noise(8, 1, "rough"), 0.55, 0.75) * (1 - c.below(c.uniform(0.25, 0.5)))
    c.blend(leaves, c.lit(c.vary(colour, 16)) * (0.7 + 0.6 * c.noise(12, 1, "rough"))[..., None])


def draw_tree(c: Canvas, x: float, foot: float, h: float, colour: Array) -> None:
    """Trunk and a noisy round crown."""
    w = h * 0.05
    trunk = (
        np.clip((w * (0.6 + 0.6 * c.y) - np.abs(c.x - x)) * c.size, 0, 1)
        * c.below(foot - h * 0.6)
        * (1 - c.below(foot))
    )
    c.blend(trunk, c.lit((80, 58, 42)))
    d = c.distance(x, foot - h * 0.7, c.uniform(1.0, 1.3)) / (h * 0.42) + (c.noise(5) - 0.5) * 0.7
    shade = (0.6 + 0.4 * c.noise(10, 1, "rough") + 0.35 * (foot - h * 0.7 - c.y) / h)[..., None]
    c.blend(smoothstep(-d, -1.05, -0.9), c.lit(colour) * shade)


def tree(c: Canvas) -> list[str]:
    """One tree on a meadow, a plain, or a hill."""
    season = c.pick("green", "green", "autumn", "snowy", "pink")
    ground = {
        "green": (85, 150, 60),
        "autumn": (170, 140, 70),
        "snowy": (235, 240, 247),
        "pink": (100, 155, 75),
    }[season]
    floor(c, c.uniform(0.65, 0.8), ground)
    crown = np.asarray(
        {"green": (55, 125, 45), "autumn": (225, 115, 35), "snowy": (225, 233, 240), "pink": (246, 170, 200)}[season],
        np.float32,
    )
    draw_tree(c, c.uniform(0.3, 0.7), c.uniform(0.78, 0.88), c.uniform(0.45, 0.75), c.vary(crown, 12))
    return {
        "green": ["a lone tree", "a single green tree in a field", "a big tree", "a tree on a hill"],
        "autumn": ["an autumn tree", "a tree with orange leaves", "a lone tree in autumn"],
        "snowy": ["a snow-covered tree", "a lone tree in the snow"],
        "pink": ["a pink blossoming tree", "a cherry tree in bloom"],
    }[season]


def leaves(c: Canvas) -> list[str]:
    """Foliage from near: many overlapping leaves."""
    season = c.pick("green", "autumn", "green")
    tones = (
        [(50, 130, 45), (90, 160, 60), (30, 90, 40)]
        if season == "green"
        else [(225, 110, 30), (200, 50, 30), (235, 180, 60), (150, 80, 40)]
    )
    c.image = c.vary(tones[0], 10) * 0.4 * np.ones_like(c.image)
    items = [
        (
            c.uniform(0, 1),
            c.uniform(0, 1),
            c.uniform(0.04, 0.16),
            c.uniform(0, 3.1),
            c.vary(c.pick(*tones)) * c.uniform(0.5, 1.1),
        )
        for _ in range(c.count(60, 160))
    ]

    def draw(p, n):  # type: ignore[no-untyped-def]
        for x, y, r, t, tone in items:
            u, v = np.cos(t) * r, np.sin(t) * r
            p.polygon(
                [
                    ((x + u) * n, (y + v) * n),
                    ((x - v * 0.4) * n, (y + u * 0.4) * n),
                    ((x - u) * n, (y - v) * n),
                    ((x + v * 0.4) * n, (y - u * 0.4) * n),
                ],
                fill=pen(tone),
            )

    c.stamp(draw)
    return (
        ["green leaves", "foliage", "lush green leaves"]
        if season == "green"
        else ["autumn leaves", "orange and red leaves", "fallen leaves in autumn"]
    )
