"""Things on tables and stalls: fruit, a market."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, floor, pen, smoothstep
from render.training.scenes.outlines import Place, backdrop, curve, oval, points, region, solid, strokes

FRUITS = {
    "apples": ((205, 35, 35), (130, 180, 50)),
    "oranges": ((245, 140, 25),),
    "lemons": ((250, 220, 50),),
    "pears": ((190, 195, 70),),
    "grapes": ((105, 45, 125), (150, 190, 80)),
    "cherries": ((180, 15, 40),),
    "strawberries": ((225, 35, 45),),
    "bananas": ((250, 215, 60),),
}


def fruit(c: Canvas) -> list[str]:
    """Fruit heaped in a bowl or on a table, of one kind or mixed."""
    backdrop(c, (70, 62, 58), (160, 140, 110), (85, 105, 95), (200, 190, 175), (50, 55, 70))
    edge = c.uniform(0.62, 0.74)
    cloth = c.vary(c.pick((135, 90, 55), (225, 218, 205), (90, 60, 45), (120, 140, 160)))
    c.blend(c.below(edge), cloth * (0.8 + 0.3 * c.noise(6, 5, "rough"))[..., None])
    names = [str(v) for v in c.rng.choice(list(FRUITS), c.pick(1, 3, 4), replace=False)]
    bowl = c.chance(0.6)
    low = edge + (0.0 if bowl else 0.16)
    for row, (y, count) in enumerate(((low - 0.22, 3), (low - 0.09, 4), (low + 0.03, 5))):
        for k in range(count):
            x = 0.5 + (k - (count - 1) / 2) * 0.17 + c.uniform(-0.02, 0.02)
            _fruit(
                c,
                names[(k + row) % len(names)],
                Place(x, y + c.uniform(-0.02, 0.02), c.uniform(0.105, 0.13), c.pick(-1, 1)),
            )
    if bowl:
        at = Place(0.5, low - 0.02, 0.47)
        shell = curve(points("-1,0.05 -0.5,0.16 0,0.2 0.5,0.16 1,0.05 0.72,0.5 0.3,0.68 -0.3,0.68 -0.72,0.5"))
        solid(
            c, region(c, at(shell)), c.vary(c.pick((235, 232, 225), (60, 95, 150), (150, 95, 55), (90, 60, 50))), 0.06
        )
    kind = names[0] if len(names) == 1 else "fruit"
    return [
        kind,
        f"a bowl of {kind}" if bowl else f"{kind} on a table",
        "a still life with fruit",
        "fresh fruit",
        f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else f"ripe {kind}",
    ]


def _fruit(c: Canvas, name: str, at: Place) -> None:
    tone = c.vary(c.pick(*FRUITS[name]), 14)
    deep = at.size * 0.5
    if name in ("grapes", "cherries"):
        spots = points("0,-0.5 -0.5,-0.35 0.5,-0.35 -0.25,0.1 0.3,0.1 0,0.55")[: 6 if name == "grapes" else 3]
        for x, y in spots:
            solid(c, region(c, at(oval(x, y, 0.42, 0.42))), tone, deep * 0.5, 0.05)
            c.blend(region(c, at(oval(x - 0.12, y - 0.14, 0.1, 0.08))) * 0.7, (255, 250, 250))
        c.blend(strokes(c, at([(0, -0.6), (0.2, -1.2)]), width=0.008), (90, 110, 50))
        return
    outlines = {
        "apples": points("0,-0.78 0.6,-0.95 1,-0.3 0.75,0.65 0.2,0.92 -0.2,0.92 -0.75,0.65 -1,-0.3 -0.6,-0.95"),
        "pears": points("0,-1.4 0.32,-1.2 0.4,-0.6 0.85,0.1 0.7,0.8 0,1 -0.7,0.8 -0.85,0.1 -0.4,-0.6 -0.32,-1.2"),
        "lemons": points("-1.2,0 -0.8,-0.5 0,-0.75 0.8,-0.5 1.2,0 0.8,0.5 0,0.75 -0.8,0.5"),
        "strawberries": points("0,-0.75 0.75,-0.7 0.9,-0.1 0.4,0.7 0,1.05 -0.4,0.7 -0.9,-0.1 -0.75,-0.7"),
        "bananas": points("-1.5,-0.8 -0.9,0.1 0,0.5 1,0.2 1.5,-0.6 1.3,0.3 0.4,1 -0.6,0.9 -1.4,0"),
    }
    shape = curve(outlines[name]) if name in outlines else oval(0, 0, 0.95, 0.95)
    solid(c, region(c, at(shape)), tone, deep, 0.12, 24)
    if name == "strawberries":
        seeds = [
            at(oval(x, y, 0.07, 0.09))
            for x, y in ((-0.4, -0.2), (0.1, -0.3), (0.5, -0.15), (-0.15, 0.2), (0.3, 0.3), (0, 0.6))
        ]
        c.blend(region(c, *seeds), (250, 220, 120))
        c.blend(region(c, at(points("-0.8,-0.9 -0.3,-0.7 0,-1.2 0.3,-0.7 0.8,-0.9 0.2,-0.4 -0.2,-0.4"))), (60, 140, 50))
    elif name in ("apples", "pears", "oranges"):
        top = {"apples": -0.78, "pears": -1.35, "oranges": -0.85}[name]
        c.blend(strokes(c, at([(0, top), (0.12, top - 0.4)]), width=0.012), (80, 55, 35))
        if c.chance(0.5):
            c.blend(
                region(c, at(curve([(0.1, top - 0.2), (0.5, top - 0.5), (0.85, top - 0.3), (0.5, top - 0.15)]))),
                (70, 140, 50),
            )
    c.blend(region(c, at(oval(-0.35, -0.35, 0.2, 0.14, -0.6)), blur=0.006) * 0.65, (255, 252, 245))


def market(c: Canvas) -> list[str]:
    """Stalls with striped awnings and heaps of goods in crates, people between them."""
    c.blend(
        c.below(0.3),
        c.lit(c.vary(c.pick((190, 160, 125), (170, 120, 95), (150, 140, 130))))
        * (0.75 + 0.3 * c.noise(5, 1, "rough"))[..., None],
    )
    floor(c, 0.62, c.pick((150, 140, 128), (175, 150, 115)), 3, 0.4)
    for _ in range(c.count(4, 8)):
        _shopper(c, Place(c.uniform(0.05, 0.95), 0.66, c.uniform(0.26, 0.34)))
    gay = ((215, 45, 45), (245, 190, 40), (40, 120, 190), (60, 150, 80), (235, 120, 40), (160, 70, 160))
    stalls = c.count(2, 3)
    for k in range(stalls):
        left, wide = k / stalls - 0.01 + c.uniform(-0.02, 0.02), 1 / stalls - 0.02
        top = c.uniform(0.18, 0.28)
        _stall(c, left, wide, top, c.lit(c.vary(c.pick(*gay), 10)))
    return [
        "a market",
        "a street market",
        "a colorful market with fruit stalls",
        "market stalls",
        "a busy market with many colors",
        "a farmers market",
    ]


def _stall(c: Canvas, left: float, wide: float, top: float, tone: Array) -> None:
    right, table = left + wide, 0.62
    c.blend(
        region(
            c,
            np.asarray(
                [(left + 0.02, top + 0.12), (right - 0.02, top + 0.12), (right - 0.02, table), (left + 0.02, table)]
            ),
        )
        * 0.6,
        (40, 32, 30),
    )
    if c.chance(0.8):
        _shopper(c, Place((left + right) / 2 + c.uniform(-0.05, 0.05), table + 0.02, 0.3))
    c.blend(
        strokes(
            c,
            np.asarray([(left + 0.02, top), (left + 0.02, 0.95)]),
            np.asarray([(right - 0.02, top), (right - 0.02, 0.95)]),
            width=0.012,
        ),
        c.lit((90, 65, 45)),
    )
    _heaps(c, left, right, table)
    _awning(c, left, wide, top, tone)


def _awning(c: Canvas, left: float, wide: float, top: float, tone: Array) -> None:
    """A striped roof with a scalloped edge."""
    right = left + wide
    awning = region(
        c,
        np.asarray(
            [
                (left + 0.03, top - 0.08),
                (right - 0.03, top - 0.08),
                (right + 0.02, top + 0.08),
                (left - 0.02, top + 0.08),
            ]
        ),
    )
    rounds = [oval(x, top + 0.08, wide / 14, 0.03) for x in np.linspace(left, right, 7)]
    stripes = smoothstep(np.sin((c.x - left) / wide * np.pi * 7), -0.1, 0.1)[..., None]
    cloth = tone * (1 - stripes) + c.lit((248, 244, 236)) * stripes
    c.blend(np.maximum(awning, region(c, *rounds)), cloth * (1.15 - 1.2 * np.clip(c.y - top + 0.08, 0, 0.3))[..., None])


def _heaps(c: Canvas, left: float, right: float, table: float) -> None:
    """Three rows of crates with heaps of goods."""
    heaps = []
    for row in range(3):
        y0, colours = (
            table + 0.11 * row,
            [
                c.lit(c.vary(c.pick(*(t for f in FRUITS.values() for t in f), (60, 150, 60), (120, 180, 70)), 14))
                for _ in range(3)
            ],
        )
        crates = np.linspace(left, right, 4)
        for a, b, colour in zip(crates, crates[1:], colours, strict=False):
            heaps += [
                (
                    c.uniform(a + 0.015, b - 0.015),
                    y0 + c.uniform(-0.03, 0.03),
                    0.019 + 0.003 * row,
                    colour * c.uniform(0.75, 1.15),
                )
                for _ in range(16)
            ]
        heaps.append((left, y0 + 0.03, -1.0, c.lit((140, 95, 55)) * (1 - 0.1 * row)))

    def draw(p, n):  # type: ignore[no-untyped-def]
        for x, y, r, colour in heaps:
            if r < 0:
                p.rectangle([left * n, y * n, right * n, (y + 0.08) * n], fill=pen(colour))
                continue
            p.ellipse([(x - r) * n, (y - r) * n, (x + r) * n, (y + r) * n], fill=pen(colour * 0.7))
            p.ellipse([(x - r) * n, (y - r) * n, (x + r * 0.6) * n, (y + r * 0.6) * n], fill=pen(colour))

    c.stamp(draw)


def _shopper(c: Canvas, at: Place) -> None:
    coat = c.lit(c.vary(c.pick((60, 70, 110), (150, 60, 60), (70, 100, 80), (200, 180, 150), (110, 80, 120)), 16))
    solid(c, region(c, at(curve(points("-0.24,0 -0.26,-0.55 0,-0.7 0.26,-0.55 0.24,0")))), coat, 0.02)
    solid(
        c, region(c, at(oval(0, -0.82, 0.12, 0.15))), c.lit(c.vary(c.pick((220, 175, 145), (150, 105, 80)), 10)), 0.02
    )
    c.blend(region(c, at(curve([(-0.13, -0.84), (0, -1.0), (0.13, -0.84), (0, -0.9)]))), c.lit(c.vary((60, 45, 35))))
