"""Boats: a tall ship at sea, a harbour."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas
from render.training.scenes.motifs.water import mirror_water
from render.training.scenes.outlines import Place, curve, limb, points, region, solid, strokes


def ship(c: Canvas) -> list[str]:
    """A tall sailing ship with three masts, near or far."""
    c.horizon = c.uniform(0.55, 0.7)
    mirror_water(
        c, c.horizon, c.lit(c.vary(c.pick((25, 90, 150), (20, 70, 110), (40, 130, 140)))), 0.45, c.pick(0.3, 0.7)
    )
    size = c.uniform(0.22, 0.42)
    place = Place(c.uniform(0.42, 0.58), c.horizon + size * 0.24, size, c.pick(-1, 1), c.uniform(-0.05, 0.05))
    sail = c.lit(c.vary(c.pick((240, 232, 212), (240, 232, 212), (200, 60, 50), (60, 60, 70)), 8))
    masts = [strokes(c, place([(x, 0), (x, -top)]), width=0.012) for x, top in ((-0.5, 1.2), (0.08, 1.45), (0.6, 1.2))]
    c.blend(
        np.maximum.reduce([*masts, strokes(c, place([(0.85, -0.2), (1.3, -0.5)]), width=0.012)]), c.lit((60, 42, 30))
    )
    _sails(c, place, sail)
    c.blend(region(c, place([(0.7, -1.0), (1.26, -0.48), (0.78, -0.3)])), sail * 0.9)
    hull = curve(points("-0.98,-0.34 -0.7,-0.2 0,-0.14 0.7,-0.2 1.02,-0.3 0.78,0.06 0,0.14 -0.8,0.06"))
    solid(c, region(c, place(hull)), c.lit(c.vary((105, 65, 38))), 0.04)
    c.blend(
        strokes(c, place(curve([(-0.9, -0.16), (0, -0.02), (0.92, -0.16)], False)), width=0.014), c.lit((225, 190, 110))
    )
    wake = (
        np.exp(-(((c.y - place.y - 0.02 * size) / 0.02) ** 2))
        * (np.abs(c.x - place.x) < size)
        * (0.4 + 0.6 * c.noise(12, 1, "rough"))
    )
    c.blend(wake, c.lit((240, 246, 250)))
    return [
        "a sailing ship",
        "an old sailing ship on the sea",
        "a tall ship with white sails",
        "a pirate ship",
        "a ship on the ocean",
    ]


def _sails(c: Canvas, place: Place, sail: Array) -> None:
    """Three square sails on each of three masts."""
    for x, top, w in ((-0.5, 1.14, 0.3), (0.08, 1.4, 0.36), (0.6, 1.14, 0.28)):
        for k in range(3):
            high, half = top - top * 0.29 * k, w * (0.66 + 0.17 * k)
            low = high - top * 0.26
            cloth = [
                (x - half * 0.9, -high),
                (x + half * 0.9, -high),
                (x + half * 1.2, -(high + low) / 2),
                (x + half, -low),
                (x, -low - 0.05),
                (x - half, -low),
                (x - half * 0.75, -(high + low) / 2),
            ]
            solid(c, region(c, place(cloth)), sail, 0.03, 0.08)


def harbour(c: Canvas) -> list[str]:
    """Boats at rest before a row of houses, both mirrored in still water."""
    c.horizon = c.uniform(0.5, 0.6)
    _houses(c)
    c.blend(c.below(c.horizon - 0.008) * (1 - c.below(c.horizon + 0.02)), c.lit((120, 110, 100)))
    mirror_water(c, c.horizon + 0.02, c.lit((40, 80, 105)), 0.75, 0.25)
    for near in np.sort(c.rng.random(c.count(3, 6))):
        _fishing_boat(
            c,
            Place(c.uniform(0.1, 0.9), c.horizon + 0.07 + 0.32 * float(near), 0.1 + 0.12 * float(near), c.pick(-1, 1)),
        )
    return [
        "a harbour",
        "a quiet harbor with boats",
        "fishing boats in a harbour",
        "a small port with colorful houses",
        "boats in the harbor",
        "a harbour town",
    ]


def _houses(c: Canvas) -> None:
    """A row of narrow houses up to the horizon."""
    x = -0.02
    while x < 1:
        w, h = c.uniform(0.07, 0.13), c.uniform(0.12, 0.24)
        wall = c.lit(
            c.vary(
                c.pick(
                    (225, 120, 80), (240, 200, 120), (200, 70, 60), (120, 160, 180), (235, 230, 215), (160, 190, 130)
                ),
                10,
            )
        )
        y = c.horizon - h
        house = np.asarray([(x, c.horizon), (x, y), (x + w / 2, y - 0.05), (x + w, y), (x + w, c.horizon)])
        solid(c, region(c, house), wall, 0.02, 0.1)
        c.blend(region(c, np.asarray([(x, y), (x + w / 2, y - 0.06), (x + w, y)])), c.lit((120, 60, 45)))
        panes = [
            np.asarray(
                [(x + a * w, b), (x + a * w + 0.2 * w, b), (x + a * w + 0.2 * w, b + 0.035), (x + a * w, b + 0.035)]
            )
            for a in (0.18, 0.6)
            for b in np.arange(y + 0.025, c.horizon - 0.03, 0.065)
        ]
        c.blend(region(c, *panes), (255, 215, 125) if c.dark else c.lit((70, 85, 105)))
        x += w


def _fishing_boat(c: Canvas, place: Place) -> None:
    paint = c.lit(c.vary(c.pick((200, 50, 45), (40, 90, 160), (240, 240, 235), (40, 120, 90), (235, 180, 60))))
    c.blend(region(c, place([(-0.8, 0.16), (0.85, 0.16), (0.5, 0.5), (-0.5, 0.5)])) * 0.45, paint * 0.35)
    c.blend(
        strokes(c, place([(0.05, -0.2), (0.05, -1.7)]), place([(0.05, -1.6), (-0.85, -0.3)]), width=0.008),
        c.lit((80, 60, 45)),
    )
    if c.chance(0.4):
        c.blend(region(c, place([(0.1, -1.5), (0.1, -0.35), (0.75, -0.35)])), c.lit((245, 240, 228)))
    solid(c, region(c, place([(-0.5, -0.2), (-0.5, -0.6), (-0.05, -0.6), (-0.05, -0.2)])), c.lit((235, 230, 215)), 0.02)
    hull = place(limb([(-0.95, -0.2), (0, 0.02), (1.0, -0.22)], 0.06, 0.04))
    body = place(curve(points("-0.98,-0.26 0,-0.08 1.08,-0.34 0.72,0.14 0,0.2 -0.78,0.14")))
    solid(c, region(c, body), paint, 0.03)
    c.blend(region(c, hull) * 0.8, np.clip(paint * 1.3 + 20, 0, 255))
