"""Old and holy places: pyramids, a torii in the water, a pagoda, an eclipse."""

import numpy as np

from render.training.scenes.canvas import Canvas, floor, smoothstep
from render.training.scenes.motifs.land import hills, mountains
from render.training.scenes.motifs.water import mirror_water
from render.training.scenes.outlines import Place, curve, points, region, solid


def pyramids(c: Canvas) -> list[str]:
    """One to three pyramids in the desert, with a lit and a shaded side."""
    floor(c, c.horizon, c.pick((225, 185, 120), (215, 165, 100)), 2, 0.4)
    stone = c.lit(c.vary((220, 175, 105), 10))
    spots = sorted((c.uniform(0.15, 0.85), c.uniform(0.1, 0.3)) for _ in range(c.count(0, 2)))
    for x, half in [*spots, (c.uniform(0.38, 0.62), c.uniform(0.32, 0.44))]:
        foot = c.horizon + 0.02 + half * 0.35
        top, edge = foot - half * c.uniform(1.15, 1.35), x + half * c.uniform(0.1, 0.4) * c.pick(-1, 1)
        left, right = x - half, x + half
        courses = (0.9 + 0.14 * np.sin(c.y * 200) + 0.2 * (c.noise(14, 3, "rough") - 0.5))[..., None]
        for face, shade in (
            (((left, foot), (x, top), (edge, foot + 0.03)), 1.08),
            (((right, foot), (x, top), (edge, foot + 0.03)), 0.55),
        ):
            c.blend(region(c, np.asarray(face)), stone * shade * courses)
    if c.chance(0.5):
        c.blend(c.below(0.86 + 0.08 * c.ridge(2, "smooth")), stone * (0.75 + 0.3 * c.noise(6, 2, "rough"))[..., None])
    if c.chance(0.3):
        for k in range(3):
            _camel(c, Place(0.2 + 0.14 * k, 0.86, 0.07))
    return [
        "pyramids",
        "a pyramid",
        "the pyramids in the desert",
        "an Egyptian pyramid",
        "the great pyramids of Egypt",
        "a pyramid in the sand",
    ]


def _camel(c: Canvas, at: Place) -> None:
    body = points(
        "-0.6,-0.5 -0.3,-0.95 0,-0.6 0.25,-0.9 0.5,-0.55 0.75,-0.6 0.85,-1.05 1.15,-1.05 1.15,-0.9 "
        " 0.95,-0.85 0.85,-0.4 0.4,-0.35 -0.4,-0.35"
    )
    legs = [
        np.asarray([(x - 0.05, -0.45), (x + 0.05, -0.45), (x + 0.03, 0), (x - 0.03, 0)])
        for x in (-0.5, -0.35, 0.35, 0.5)
    ]
    c.blend(region(c, at(curve(body, steps=3)), *(at(leg) for leg in legs)), c.lit((70, 48, 32)))


def torii(c: Canvas) -> list[str]:
    """A red torii in still water or on a path, with hills behind."""
    (hills if c.chance(0.5) else mountains)(c)
    edge = c.horizon + 0.12
    wet = c.chance(0.65)
    size = c.uniform(0.3, 0.4)
    at = Place(c.uniform(0.42, 0.58), edge + size * 0.25, size)
    red = c.lit(c.vary((205, 55, 35), 10))
    if not wet:
        floor(c, edge, c.pick((95, 130, 70), (190, 170, 140)), 2, 0.5)
    gate = [
        points("-0.78,0 -0.7,-1.3 -0.56,-1.3 -0.62,0"),
        points("0.78,0 0.7,-1.3 0.56,-1.3 0.62,0"),
        points("-0.92,-1.02 0.92,-1.02 0.92,-0.9 -0.92,-0.9"),
        points("-0.08,-1.3 0.08,-1.3 0.08,-0.95 -0.08,-0.95"),
    ]
    beam = points("-1.2,-1.52 -0.6,-1.42 0,-1.4 0.6,-1.42 1.2,-1.52 1.12,-1.3 0.6,-1.26 0,-1.24 -0.6,-1.26 -1.12,-1.3")
    solid(c, region(c, *(at(p) for p in gate)), red, 0.02)
    solid(c, region(c, at(beam)), red * 0.9, 0.02)
    roof = points("-1.24,-1.6 -0.6,-1.5 0,-1.48 0.6,-1.5 1.24,-1.6 1.2,-1.48 0.6,-1.4 0,-1.38 -0.6,-1.4 -1.2,-1.48")
    c.blend(region(c, at(roof)), c.lit((40, 36, 40)))
    if wet:
        low = at.y - 0.01
        mirror_water(c, low, c.lit(c.vary((50, 95, 120))), 0.65, 0.3)
    return [
        "a torii",
        "a red torii gate",
        "a torii gate in the water" if wet else "a Japanese shrine gate",
        "a Japanese gate by a lake" if wet else "a torii on a path",
    ]


def pagoda(c: Canvas) -> list[str]:
    """A pagoda with several curved roofs, in the hills or behind cherry blossom."""
    (hills if c.chance(0.5) else mountains)(c)
    floor(c, 0.82, c.pick((85, 125, 60), (150, 135, 105), (225, 230, 238)))
    wall, roof = (
        c.lit(c.vary(c.pick((190, 60, 45), (225, 205, 170), (130, 75, 50)), 10)),
        c.lit(c.vary(c.pick((50, 60, 70), (60, 95, 80), (70, 45, 40)), 8)),
    )
    x, levels = c.uniform(0.4, 0.6), c.count(3, 5)
    y, h, w = 0.88, 0.62 / levels, c.uniform(0.15, 0.2)
    for k in range(levels):
        at = Place(x, y, w * (1 - 0.14 * k))
        body = np.asarray([(-0.7, 0), (-0.7, -h / at.size), (0.7, -h / at.size), (0.7, 0)])
        solid(c, region(c, at(body)), wall, 0.03)
        doors = [
            np.asarray([(u - 0.1, 0), (u - 0.1, -h * 0.55 / at.size), (u + 0.1, -h * 0.55 / at.size), (u + 0.1, 0)])
            for u in (-0.42, 0, 0.42)
        ]
        c.blend(region(c, *(at(d) for d in doors)), (255, 205, 110) if c.dark else wall * 0.4)
        y -= h
        up = Place(x, y + h * 0.1, w * (1 - 0.14 * k))
        eave = points(
            "-1.45,-0.32 -1.1,-0.02 -0.5,0.08 0,0.1 0.5,0.08 "
            "1.1,-0.02 1.45,-0.32 0.9,-0.32 0.55,-0.5 -0.55,-0.5 -0.9,-0.32"
        )
        solid(c, region(c, up(curve(eave, steps=3))), roof, 0.02)
    c.blend(region(c, Place(x, y, 0.08)(points("-0.14,-0.1 0,-1.6 0.14,-0.1"))), roof)
    if c.chance(0.4):
        _petals(c)
        return ["a pagoda with cherry blossom", "a Japanese temple in spring", "a pagoda", "a temple behind blossom"]
    return [
        "a pagoda",
        "a Japanese temple",
        "a temple in the hills",
        "an Asian temple with curved roofs",
        "a Buddhist temple",
    ]


def _petals(c: Canvas) -> None:
    """Cherry blossom in the upper corners."""
    pink = c.lit(c.vary((248, 180, 205), 10))
    corner = np.clip(0.75 - np.minimum(c.distance(0, 0.05), c.distance(1, 0.1)) * 1.4, 0, 1)
    petals = smoothstep(c.noise(6) * 0.6 + c.noise(14, 1, "rough") * 0.4 + corner - 0.5, 0.55, 0.65)
    c.blend(petals, pink * (0.8 + 0.3 * c.noise(16, 1, "rough"))[..., None])


def eclipse(c: Canvas) -> list[str]:
    """The black disc of the moon before the sun, with its corona."""
    c.light = np.full(3, 0.3, np.float32)
    c.image = c.image * c.uniform(0.25, 0.5)
    x, y, r = c.uniform(0.38, 0.62), c.uniform(0.28, 0.4), c.uniform(0.13, 0.2)
    d, a = c.distance(x, y), np.arctan2(c.y - y, c.x - x)
    tone = np.asarray(c.pick((255, 240, 215), (255, 170, 80), (190, 215, 255), (255, 90, 60)), np.float32)
    rays = 0.7 + 0.5 * np.cos(a * 2 + c.uniform(0, 6)) * np.cos(a * 5 + c.uniform(0, 6)) + 0.3 * c.noise(6)
    c.add(np.exp(-np.clip(d - r, 0, 1) / (0.06 + 0.06 * rays)), tone)
    c.add(np.exp(-np.clip(d - r, 0, 1) / 0.25) * 0.35, tone * 0.7)
    c.blend(np.clip((r - d) * c.size, 0, 1), (5, 5, 9))
    c.covered(d < 2 * r, np.zeros_like(d))
    c.blend(1 - smoothstep(np.abs(d - r), 0.003, 0.012), np.clip(tone * 1.1 + 30, 0, 255))
    if c.chance(0.6):
        t = c.uniform(-2.5, 0.5)
        c.add(np.exp(-c.distance(x + r * np.cos(t), y + r * np.sin(t)) / 0.03), (255, 255, 250))
    kind = c.pick("sea", "land", "none")
    if kind == "sea":
        mirror_water(c, c.horizon + 0.12, np.asarray((14, 18, 34)), 0.6, 0.4)
    elif kind == "land":
        c.horizon = 0.78
        mountains(c)
    return ["an eclipse", "a solar eclipse", "a total solar eclipse", "the black sun", "the moon before the sun"]
