"""Flowers: meadows, rows, single blooms from near, cherry blossom."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, floor, pen, smoothstep
from render.training.scenes.motifs.plants import draw_tree
from render.training.scenes.palette import COLOURS
from render.training.scenes.relief import PAINT, drawn_as
from render.training.scenes.sky import article

MEADOW: dict[str, list[str]] = {
    "red": ["red poppies", "poppies", "red flowers", "red tulips"],
    "yellow": ["yellow flowers", "sunflowers", "dandelions", "buttercups"],
    "white": ["white daisies", "white flowers", "daisies"],
    "purple": ["purple flowers", "violets", "lavender"],
    "pink": ["pink flowers", "pink tulips", "wild roses"],
    "blue": ["blue flowers", "bluebells", "cornflowers"],
    "orange": ["orange flowers", "marigolds"],
}


def meadow(c: Canvas) -> list[str]:
    """Grass, rows of flowers, or a field full of one kind of flower."""
    grass = c.vary(c.pick((75, 150, 50), (95, 160, 60), (60, 125, 45)), 12)
    floor(c, c.horizon, grass, 3, 0.8)
    kind = c.rng.random()
    if kind < 0.15:
        return ["a green meadow", "a grassy field", "green grass", "a wide green field"]
    if kind < 0.3:
        return _rows(c)
    name = c.pick("red", "red", "red", "yellow", "white", "purple", "pink", "blue", "orange")
    _blooms(c, COLOURS[name], c.count(60, 260))
    f = c.pick(*MEADOW[name])
    return [
        f"a meadow of {f}",
        f"{f} in a field",
        f"a green field full of {f}",
        f"{f} in the grass",
        f"a meadow with {f}",
        f"{f} in a meadow",
    ]


@drawn_as(PAINT)
def _rows(c: Canvas) -> list[str]:
    name = c.pick("purple", "purple", "yellow", "red", "pink")
    slant = (c.x - c.uniform(0.3, 0.7)) / (c.depth(c.horizon) + 0.06)
    mask = smoothstep(np.sin(slant * c.uniform(6, 11)), -0.3, 0.3) * c.below(c.horizon + 0.02)
    c.blend(mask, c.lit(c.vary(COLOURS[name])) * (0.55 + 0.6 * c.noise(10, 1, "rough"))[..., None])
    return {
        "purple": ["a lavender field", "rows of lavender", "a purple lavender field"],
        "yellow": ["a field of yellow flowers", "a rapeseed field", "a sunflower field"],
    }.get(name, [f"rows of {name} tulips in a field", f"a field of {name} tulips"])


@drawn_as(PAINT)
def _blooms(c: Canvas, colour: tuple[int, int, int], count: int) -> None:
    """Blossoms scattered on the ground, larger towards the viewer, with a darker side and some stems."""
    near = np.sort(c.rng.random(count) ** c.uniform(0.7, 1.3))
    spots = [
        (
            c.uniform(0, 1),
            c.horizon + 0.02 + (1 - c.horizon) * float(d),
            (0.006 + 0.045 * float(d) ** 1.3) * c.uniform(0.7, 1.3),
            c.lit(c.vary(colour, 20)),
        )
        for d in near
    ]

    def draw(p, n):  # type: ignore[no-untyped-def]
        for x, y, r, tone in spots:
            p.ellipse([(x - r) * n, (y - r * 0.8) * n, (x + r) * n, (y + r * 0.8) * n], fill=pen(tone))
            if r > 0.02:
                p.ellipse(
                    [(x - r * 0.6) * n, (y - r * 0.1) * n, (x + r * 0.6) * n, (y + r * 0.75) * n],
                    fill=pen(tone * 0.75),
                )
                p.ellipse(
                    [(x - r * 0.22) * n, (y - r * 0.3) * n, (x + r * 0.22) * n, (y + r * 0.1) * n],
                    fill=pen((40, 30, 20) if colour[0] > 180 else (240, 210, 80)),
                )

    c.stamp(draw)


def blossom(c: Canvas) -> list[str]:
    """Cherry trees in bloom, or branches of blossom against the sky."""
    pink = c.vary(c.pick((248, 180, 205), (250, 200, 215), (240, 150, 190)), 10)
    if c.chance(0.5):
        floor(c, c.uniform(0.7, 0.82), c.pick((95, 150, 70), (215, 170, 180)))
        for _ in range(c.count(1, 4)):
            draw_tree(c, c.uniform(0.15, 0.85), 0.85, c.uniform(0.45, 0.7), pink)
    else:
        for _ in range(c.count(3, 6)):
            _branch(c)
        c.blend(
            smoothstep(c.noise(5) * 0.6 + c.noise(12, 1, "rough") * 0.4, 0.5, 0.62),
            c.lit(pink) * (0.75 + 0.35 * c.noise(16, 1, "rough"))[..., None],
        )
    return [
        "cherry blossom",
        "pink cherry blossoms",
        "a cherry tree in bloom",
        "cherry blossom trees in spring",
        "pink blossom on the branches",
    ]


def _branch(c: Canvas) -> None:
    a, b = c.uniform(-0.1, 1.1), c.uniform(0, 1)
    line = b + (c.x - a) * c.uniform(-0.8, 0.8) + 0.08 * np.sin(c.x * c.uniform(4, 9))
    c.blend(np.clip((c.uniform(0.005, 0.02) - np.abs(c.y - line)) * c.size * 0.7, 0, 1), c.lit((75, 50, 45)))


def flower(c: Canvas) -> list[str]:
    """One to three flowers from near."""
    name = c.pick("rose", "rose", "daisy", "sunflower", "tulip", "poppy", "lily", "flower", "lotus")
    colour = {"daisy": "white", "sunflower": "yellow", "poppy": "red"}.get(name) or c.pick(
        "red", "red", "pink", "white", "yellow", "purple", "orange", "blue"
    )
    c.image = (
        c.vary(c.pick((45, 105, 40), (30, 70, 35), (70, 120, 60), (25, 35, 30)), 14)
        * (0.4 + 0.8 * c.noise(3, 1, "smooth"))[..., None]
    )
    for _ in range(c.pick(1, 1, 1, 2, 3)):
        _petals(c, name, c.vary(COLOURS[colour], 14))
    a = article(colour)
    return [
        f"{a} {colour} {name}",
        f"a close-up of {a} {colour} {name}",
        f"{a} {colour} {name} in a garden",
        f"{colour} {name} petals",
    ]


def _petals(c: Canvas, name: str, colour: Array) -> None:
    x, y, r = c.uniform(0.3, 0.7), c.uniform(0.3, 0.62), c.uniform(0.18, 0.42)
    stem = np.clip((0.014 - np.abs(c.x - x - 0.05 * (c.y - y))) * c.size, 0, 1) * c.below(y)
    c.blend(stem, (50, 112, 42))
    d, a = c.distance(x, y), np.arctan2(c.y - y, c.x - x)
    if name == "rose":
        swirl = np.sin(d / r * 15 + a * c.pick(1, 2) + c.noise(3) * 4) * 0.5 + 0.5
        c.blend(
            np.clip((r * (1 + 0.08 * np.cos(a * 5)) - d) * c.size * 0.5, 0, 1),
            colour * ((0.45 + 0.55 * swirl) * (0.7 + 0.35 * d / r))[..., None],
        )
        return
    if name == "tulip":
        cup = np.clip((r * 0.8 - c.distance(x, y, 0.7)) * 40, 0, 1) * smoothstep(
            c.y - y + 0.12 * np.abs(np.sin((c.x - x) * 16)), -r * 0.45, -r * 0.4
        )
        c.blend(cup, colour * (0.7 + 0.4 * np.abs(np.sin((c.x - x) / r * 5)))[..., None])
        return
    petals = {"daisy": 14, "sunflower": 18, "poppy": 4, "lily": 6, "lotus": 10}.get(name) or c.pick(5, 6, 8)
    wave = np.abs(np.cos(a * petals / 2 + c.uniform(0, 3)))
    c.blend(
        np.clip((r * (0.42 + 0.58 * wave**0.5) - d) * c.size * 0.45, 0, 1),
        colour * (0.55 + 0.5 * wave)[..., None],
    )
    centre = {"sunflower": (92, 56, 26), "poppy": (26, 20, 26)}.get(name, (242, 202, 62))
    c.blend(
        np.clip((r * (0.42 if name == "sunflower" else 0.2) - d) * c.size * 0.5, 0, 1)
        * (0.6 + 0.4 * c.noise(20, 1, "rough")),
        centre,
    )
