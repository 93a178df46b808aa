"""Water: sea, waves, beach, lake, river, waterfall, ice, reef. A motif draws itself and names itself."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, pen, smoothstep
from render.training.scenes.relief import FLOOR, PAINT, drawn_as

SEA_COLOURS = {
    "blue": (20, 85, 165),
    "deep blue": (10, 45, 115),
    "turquoise": (40, 180, 185),
    "green": (35, 110, 100),
}


@drawn_as(FLOOR)
def mirror_water(c: Canvas, edge: float, colour: Array, gloss: float, rough: float) -> None:
    """Fill below `edge` with water of a colour that mirrors the sky and breaks it into waves."""
    d = c.depth(edge)
    waves = c.ground_noise(d, c.uniform(1.5, 3), c.uniform(2.5, 5), "rough")
    fade = np.clip(d * 4, 0.25, 1)
    water = c.mirror(edge, c.uniform(0.6, 1)) * gloss + colour * (1 - gloss)
    water = water * (1 - 0.25 * d[..., None]) * (1 + rough * (waves - 0.5) * fade)[..., None]
    c.blend(c.below(edge), water)
    if c.time not in ("noon", "overcast", "storm"):
        _glitter(c, edge, d, waves)


@drawn_as(PAINT)
def _glitter(c: Canvas, edge: float, d: Array, waves: Array) -> None:
    """The path of light under the sun or moon."""
    width = 0.025 + c.uniform(0.06, 0.16) * d
    path = np.exp(-(((c.x - c.sun[0]) / width) ** 2)) * smoothstep(waves, 0.35, 0.75) * c.below(edge)
    colour = {
        "golden sunset": (255, 225, 130),
        "red sunset": (255, 140, 90),
        "pink sunset": (255, 205, 200),
    }.get(c.time, (255, 215, 150) if "sun" in c.time else (215, 225, 245))
    strength = 0.9 if "sun" in c.time or c.time == "moonlight" else 0.2
    c.blend(path * strength, colour)


def sea(c: Canvas) -> list[str]:
    """Open sea to the horizon: calm or rough, in one of four colours."""
    day = c.time in ("noon", "sunrise", "overcast")
    name = c.pick("blue", "blue", "deep blue", "turquoise", "green") if c.time == "noon" else "blue"
    rough = c.pick(0.25, 0.5, 1.1) if c.time != "storm" else 1.4
    gloss = c.uniform(0.2, 0.45) if day else c.uniform(0.55, 0.8)
    mirror_water(c, c.horizon, c.lit(c.vary(SEA_COLOURS[name], 12)), gloss, rough)
    if rough > 1:
        foam = smoothstep(c.ground_noise(c.depth(c.horizon), 2, 3, "rough"), 0.8, 0.95)
        c.blend(foam * c.below(c.horizon + 0.02) * 0.8, c.lit((240, 246, 250)))
    words = {
        0.25: ["a calm sea", "the calm ocean", "still water", "a quiet sea"],
        0.5: ["the sea", "the ocean", "open water", "the sea"],
    }.get(rough, ["a rough sea", "a stormy sea", "the wild ocean", "big waves on the sea"])
    if c.time == "noon":
        words = [
            *words,
            f"a {name} sea",
            f"a {'calm ' if rough < 0.3 else ''}{name} ocean",
            f"{name} water",
            f"a {'calm ' if rough < 0.3 else ''}{name} sea",
        ]
    if c.chance(0.1):
        return _boat(c)
    if c.chance(0.1):
        _island(c)
        return ["an island in the sea", "the sea with a distant island", "rocks in the sea"]
    return words


def _boat(c: Canvas) -> list[str]:
    x, y, w = c.uniform(0.2, 0.8), c.horizon + c.uniform(0.02, 0.16), c.uniform(0.05, 0.13)
    hull, sail = c.lit(c.vary((80, 45, 28))), c.lit(c.vary(c.pick((245, 240, 230), (220, 70, 50))))

    def draw(p, n):  # type: ignore[no-untyped-def]
        p.polygon(
            [
                ((x - w) * n, y * n),
                ((x + w) * n, y * n),
                ((x + w * 0.6) * n, (y + w * 0.4) * n),
                ((x - w * 0.6) * n, (y + w * 0.4) * n),
            ],
            fill=pen(hull),
        )
        p.polygon(
            [(x * n, (y - w * 2) * n), (x * n, (y - 0.01) * n), ((x + w * 0.9) * n, (y - 0.01) * n)],
            fill=pen(sail),
        )
        p.polygon(
            [
                ((x - 0.02) * n, (y - w * 1.5) * n),
                ((x - 0.02) * n, (y - 0.01) * n),
                ((x - w * 0.6) * n, (y - 0.01) * n),
            ],
            fill=pen(sail),
        )

    c.stamp(draw)
    return ["a sailing boat on the sea", "a boat on the ocean", "a ship at sea", "the sea with a boat"]


def _island(c: Canvas) -> None:
    x, w, h = c.uniform(0.15, 0.85), c.uniform(0.08, 0.25), c.uniform(0.03, 0.12)
    edge = c.horizon - h * np.exp(-(((c.x[0] - x) / w) ** 2)) * (0.6 + 0.7 * c.ridge(5))
    edge = np.where(edge < c.horizon - 0.012, edge, 1.0)
    mask = c.below(edge) * (1 - c.below(c.horizon + 0.012))
    c.blend(mask, c.lit(c.vary((70, 80, 65))) * (0.6 + 0.6 * c.noise(8, 1, "rough"))[..., None])


def waves(c: Canvas) -> list[str]:
    """Waves from near, filling the picture."""
    n = c.noise(2.5, 2)
    crest = np.sin(c.y * c.uniform(16, 34) + n * c.uniform(7, 12)) * 0.5 + 0.5
    deep, light = c.lit(c.vary((10, 50, 120))), c.lit(c.vary((50, 155, 190)))
    c.image = deep + (light - deep) * np.clip(crest * n * 1.5, 0, 1)[..., None]
    c.blend(smoothstep(crest * n + 0.2 * c.noise(9, 1, "rough"), 0.6, 0.85), c.lit((242, 248, 250)))
    return ["ocean waves", "blue waves", "crashing waves", "waves with white foam", "rough water"]


def beach(c: Canvas) -> list[str]:
    """Sea, surf and sand, with palms now and then."""
    sea(c)
    edge = c.uniform(0.66, 0.82) + 0.07 * (c.ridge(1.5, "smooth") - 0.5) + (c.x[0] - 0.5) * c.uniform(-0.3, 0.3)
    c.blend(np.exp(-(((c.y - edge) / 0.025) ** 2)) * 0.9, c.lit((250, 250, 250)))
    sand = c.lit(c.vary((230, 203, 155))) * (0.85 + 0.25 * c.noise(6, 2, "rough"))[..., None]
    c.blend(c.below(edge), sand)
    if c.chance(0.35):
        for _ in range(c.count(1, 3)):
            palm(c)
        return [
            "palm trees on a beach",
            "a tropical beach with palm trees",
            "a tropical beach",
            "palms by the sea",
        ]
    return ["a sandy beach", "a beach by the sea", "the sea shore", "a beach", "waves on a beach"]


def palm(c: Canvas) -> None:
    """A palm tree leaning to one side."""
    x, y, lean = c.uniform(0.05, 0.95), c.uniform(0.18, 0.45), c.uniform(-0.08, 0.08)
    leaf, trunk = c.lit(c.vary((35, 85, 35), 12)), c.lit((85, 62, 42))
    leaves = [(a, c.uniform(0.12, 0.24)) for a in np.linspace(-3.5, 0.4, 9)]

    def draw(p, n):  # type: ignore[no-untyped-def]
        p.line(
            [(x * n, y * n), ((x + lean * 0.4) * n, (y + 0.25) * n), ((x + lean) * n, 0.95 * n)],
            fill=pen(trunk),
            width=max(2, n // 50),
        )
        for a, r in leaves:
            tip = ((x + r * np.cos(a)) * n, (y + r * 0.45 * np.sin(a) + r * 0.35) * n)
            p.line(
                [(x * n, y * n), ((x + r * 0.55 * np.cos(a)) * n, (y + r * 0.4 * np.sin(a)) * n), tip],
                fill=pen(leaf),
                width=max(2, n // 45),
            )

    c.stamp(draw)


def lake(c: Canvas) -> list[str]:
    """Still water in the lower part, mirroring whatever stands above it: draw land first."""
    c.horizon = c.uniform(0.62, 0.75)
    colour = c.lit(c.vary(c.pick((30, 80, 120), (40, 110, 130), (25, 60, 70)), 12))
    mirror_water(c, c.horizon, colour, c.uniform(0.55, 0.85), c.pick(0.15, 0.35))
    return ["by a lake", "reflected in a lake", "behind a still lake", "and a mountain lake"]


@drawn_as(FLOOR)
def river(c: Canvas) -> list[str]:
    """A river winding towards the viewer: draw land first."""
    top = c.horizon + c.uniform(0.03, 0.12)
    d = c.depth(top)
    bend = c.uniform(0.35, 0.65) + 0.16 * np.sin(c.uniform(3, 8) / (d + 0.35) + c.uniform(0, 6)) * (0.3 + 0.7 * d)
    width = 0.008 + c.uniform(0.12, 0.28) * d**1.2
    mask = np.clip((width - np.abs(c.x - bend)) * c.size * 0.5 + 0.5, 0, 1) * c.below(top)
    shine = 0.85 + 0.3 * c.ground_noise(d, 2, 4)
    c.blend(mask, (c.mirror(top, 0.8) * 0.55 + c.lit((40, 95, 130)) * 0.45) * shine[..., None])
    return ["with a river", "and a winding river", "by a river", "with a stream"]


def waterfall(c: Canvas) -> list[str]:
    """White water down a cliff into a pool."""
    rock = c.noise(5, 0.7, "cloudy")[..., None]
    green = c.pick((70, 90, 60), (60, 100, 50), (95, 90, 82))
    c.blend(c.below(c.uniform(0.02, 0.2) + 0.1 * c.ridge(3)), c.lit(c.vary(green)) * (0.35 + 0.95 * rock))
    for _ in range(c.count(1, 3)):
        x, w = c.uniform(0.2, 0.8), c.uniform(0.03, 0.13)
        fall = (
            np.clip(1.4 - np.abs(c.x - x - 0.02 * np.sin(c.y * 9)) / w, 0, 1)
            * c.below(c.uniform(0.1, 0.3))
            * (1 - c.below(0.86))
        )
        c.blend(fall * (0.55 + 0.45 * c.noise(14, 0.15, "rough")), c.lit((240, 247, 251)))
    c.blend(c.below(0.8) * 0.92, c.lit(c.vary((90, 160, 170))) * (0.75 + 0.4 * c.noise(5, 4, "rough"))[..., None])
    c.blend(np.exp(-(((c.y - 0.81) / 0.06) ** 2)) * c.noise(4) * 0.9, c.lit((240, 246, 250)))
    return [
        "a waterfall",
        "a waterfall over rocks",
        "a waterfall in the forest",
        "water falling down a cliff",
        "a tall waterfall",
    ]
