"""What flies or could: butterflies, a peacock with its fan, a dragon."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, smoothstep
from render.training.scenes.motifs.land import mountains
from render.training.scenes.outlines import Place, backdrop, curve, limb, oval, points, region, solid, strokes
from render.training.scenes.palette import COLOURS
from render.training.scenes.sky import article


def butterfly(c: Canvas) -> list[str]:
    """One large butterfly, or a few, over flowers and leaves out of focus."""
    backdrop(c, (105, 150, 75), (150, 185, 110), (190, 205, 225), (230, 205, 190), (70, 95, 70))
    for _ in range(c.count(6, 14)):
        r = c.uniform(0.04, 0.14)
        spot = smoothstep(-c.distance(c.uniform(0, 1), c.uniform(0.4, 1.1)), -r, -r * 0.4)
        c.blend(
            spot * 0.8,
            c.vary(c.pick((235, 110, 150), (245, 220, 100), (160, 110, 210), (250, 250, 245), (90, 150, 60))),
        )
    name = str(c.pick("orange", "orange", "blue", "yellow", "purple", "white", "red"))
    many = c.chance(0.25)
    for _ in range(c.count(3, 6) if many else 1):
        size = c.uniform(0.13, 0.2) if many else c.uniform(0.36, 0.44)
        x, y = (
            (c.uniform(0.15, 0.85), c.uniform(0.15, 0.85)) if many else (c.uniform(0.45, 0.55), c.uniform(0.44, 0.52))
        )
        _wings(c, Place(x, y, size, 1, c.uniform(-0.5, 0.5)), c.vary(COLOURS[name], 14))
    if many:
        return ["butterflies", f"{name} butterflies", "butterflies over flowers", "many butterflies flying"]
    return [
        "a butterfly",
        f"{article(name)} {name} butterfly",
        "a butterfly on a flower",
        f"a {name} butterfly with open wings" if name != "orange" else "a monarch butterfly",
        "a beautiful butterfly",
    ]


def _wings(c: Canvas, at: Place, tone: Array) -> None:
    """Dark wings with a coloured inside, veins, white dots along the rim; a body with feelers."""
    upper = points("0.05,-0.1 0.3,-0.6 0.85,-0.92 1.08,-0.72 0.95,-0.25 0.6,0 0.08,0.05")
    lower = points("0.06,0 0.55,0.05 0.82,0.32 0.72,0.74 0.42,0.88 0.18,0.5")
    dark = np.asarray((28, 20, 22), np.float32)
    rims, insides, veins, dots = [], [], [], []
    for s in (-1, 1):
        for wing, (u, v) in ((upper, (0.55, -0.4)), (lower, (0.45, 0.38))):
            p = np.asarray(wing) * (s, 1)
            m = np.asarray((s * u, v))
            rims.append(at(curve(p)))
            insides.append(at(curve(m + (p - m) * 0.78)))
            veins += [at([(s * 0.07, -0.02), m + (q - m) * 0.8]) for q in p[2:6]]
            dots += [at(oval(0, 0, 0.035, 0.035) + m + (q - m) * 0.9) for q in p[2:5]]
    solid(c, region(c, *rims), dark, 0.03)
    solid(c, region(c, *insides), tone, 0.05, 0.15)
    glow = region(c, *(at(oval(s * 0.35, y, 0.2, 0.16)) for s in (-1, 1) for y in (-0.3, 0.3)), blur=0.03)
    c.blend(glow * 0.4, np.clip(tone * 1.2 + 50, 0, 255))
    c.blend(strokes(c, *veins, width=0.025 * at.size) * 0.85, dark)
    c.blend(region(c, *dots), (250, 248, 240))
    solid(c, region(c, at(oval(0, 0.02, 0.065, 0.42)), at(oval(0, -0.42, 0.08, 0.09))), dark + 14, 0.02)
    feelers = [at(curve([(0, -0.46), (s * 0.1, -0.75), (s * 0.26, -0.92)], False)) for s in (-1, 1)]
    c.blend(strokes(c, *feelers, width=0.025 * at.size), dark)


def peacock(c: Canvas) -> list[str]:
    """A peacock with its fan of eyed feathers open."""
    backdrop(c, (45, 75, 50), (90, 115, 70), (150, 140, 115), (35, 50, 70))
    at = Place(
        c.uniform(0.42, 0.58), c.uniform(0.66, 0.76), c.uniform(0.44, 0.64), c.pick(-1, 1), c.uniform(-0.08, 0.08)
    )
    wide = c.uniform(1.5, 2.0)
    for ring, reach in enumerate((1.0, 0.8, 0.6, 0.42)):
        spread = wide - 0.1 * ring
        angles = np.linspace(-spread, spread, 17 - 3 * ring)
        tips = np.stack([np.sin(angles), -np.cos(angles)], -1) * reach
        green = c.vary(c.pick((30, 120, 80), (40, 140, 90), (60, 130, 50)), 8) * (0.75 + 0.12 * ring)
        quills = [at(limb([(0, -0.05), (x * 0.6, y * 0.6 - 0.02), (x * 1.08, y * 1.08)], 0.02, 0.085)) for x, y in tips]
        solid(c, region(c, *quills), green, 0.02, 0.5, 24)
        for scale, tone in ((0.078, (190, 140, 40)), (0.058, (35, 190, 190)), (0.036, (25, 40, 150))):
            c.blend(region(c, *(at(oval(x, y, scale * 0.85, scale, 0)) for x, y in tips)), tone)
    blue = c.vary((20, 70, 190), 8)
    body = points("-0.16,0.2 -0.2,-0.05 -0.1,-0.3 -0.06,-0.5 0.06,-0.52 0.09,-0.3 0.2,-0.05 0.16,0.2 0,0.32")
    solid(c, region(c, at(curve(body)), at(oval(0.01, -0.55, 0.09, 0.08))), blue, 0.04)
    crest = [at([(0.01, -0.6), (0.01 + d, -0.76)]) for d in (-0.07, -0.025, 0.025, 0.07)]
    c.blend(strokes(c, *crest, width=0.006), blue)
    c.blend(region(c, *(at(oval(0.01 + d, -0.77, 0.018, 0.018)) for d in (-0.07, -0.025, 0.025, 0.07))), (60, 200, 210))
    c.blend(region(c, at([(0.06, -0.56), (0.18, -0.52), (0.07, -0.5)])), (225, 205, 150))
    c.blend(region(c, at(oval(0.03, -0.57, 0.03, 0.02))), (250, 250, 250))
    c.blend(region(c, at(oval(0.035, -0.57, 0.012, 0.014))), (5, 5, 10))
    legs = [at([(s * 0.06, 0.28), (s * 0.07, 0.5)]) for s in (-1, 1)]
    c.blend(strokes(c, *legs, width=0.012), (150, 125, 95))
    return [
        "a peacock",
        "a peacock with open feathers",
        "a peacock showing its tail",
        "a blue and green peacock",
        "peacock feathers",
    ]


def dragon(c: Canvas) -> list[str]:
    """A dragon in flight over mountains, breathing fire now and then."""
    mountains(c)
    name = c.pick("red", "green", "black", "golden", "blue")
    skin = c.lit(c.vary(COLOURS[name], 12)) * 0.75 + 8
    at = Place(0.5, c.uniform(0.42, 0.52), c.uniform(0.33, 0.41), c.pick(-1, 1), c.uniform(-0.2, 0.2))
    fire = c.chance(0.55)
    if fire:
        jet = region(c, at(curve(points("0.78,-0.34 1.1,-0.36 1.5,-0.1 1.15,-0.08 1.3,0.12 0.95,-0.12"))), blur=0.015)
        c.add(region(c, at(oval(1.1, -0.15, 0.4, 0.3)), blur=0.06), (190, 80, 10))
        c.blend(jet, np.stack([255 + 0 * jet, 110 + 130 * c.noise(8), 30 + 60 * c.noise(8)], -1))
    wing_far = points("0.05,-0.25 0.3,-0.9 0.75,-1.05 0.62,-0.75 0.72,-0.6 0.5,-0.5 0.45,-0.3 0.28,-0.2")
    solid(c, region(c, at(wing_far)), skin * 0.55, 0.03)
    _dragon_body(c, at, skin)
    _near_wing(c, at, skin)
    c.blend(region(c, at(oval(0.72, -0.44, 0.03, 0.02))), (255, 230, 90))
    return [
        "a dragon",
        "a flying dragon",
        f"a {name} dragon",
        "a dragon over the mountains",
        "a dragon breathing fire" if fire else "a dragon with spread wings",
    ]


def _dragon_body(c: Canvas, at: Place, skin: Array) -> None:
    """Tail, neck, head with horns, legs, and spikes along the back."""
    tail = limb([(-0.3, 0.05), (-0.65, 0.2), (-0.95, 0.05), (-1.15, 0.25)], 0.13, 0.02)
    neck = limb([(0.15, -0.05), (0.42, -0.1), (0.5, -0.35), (0.62, -0.45)], 0.15, 0.075)
    barb = [(-1.1, 0.14), (-1.36, 0.2), (-1.16, 0.38)]
    legs = [
        limb([(0.2, 0.1), (0.3, 0.25), (0.24, 0.36)], 0.06, 0.03),
        limb([(-0.25, 0.1), (-0.2, 0.3), (-0.32, 0.42)], 0.08, 0.03),
    ]
    head = curve(
        points("0.52,-0.5 0.66,-0.56 0.92,-0.42 0.96,-0.35 0.8,-0.36 0.92,-0.24 0.78,-0.24 0.58,-0.32"), steps=3
    )
    horns = [[(0.6, -0.5), (0.42, -0.72), (0.66, -0.54)], [(0.66, -0.52), (0.56, -0.74), (0.72, -0.52)]]
    parts = [
        at(tail),
        at(neck),
        at(barb),
        *(at(leg) for leg in legs),
        at(head),
        *(at(h) for h in horns),
        at(oval(-0.05, 0.02, 0.34, 0.19)),
    ]
    solid(c, region(c, *parts), skin, 0.04)
    spikes = [
        at([(x - 0.05, -0.1 + y), (x - 0.03, -0.26 + y), (x + 0.05, -0.12 + y)])
        for x, y in ((-0.35, 0.08), (-0.22, 0), (-0.55, 0.16), (-0.72, 0.15))
    ]
    c.blend(region(c, *spikes), skin * 0.6)


def _near_wing(c: Canvas, at: Place, skin: Array) -> None:
    """The wing towards the viewer with its bones."""
    wing = points(
        "0.12,-0.12 -0.08,-0.85 -0.55,-1.2 -0.62,-0.85 -0.85,-0.75 -0.72,-0.5 -0.86,-0.3 -0.55,-0.22 -0.5,0 -0.2,-0.05"
    )
    solid(c, region(c, at(wing)), np.clip(skin * 0.85 + 14, 0, 255), 0.04)
    bones = [
        at([(-0.08, -0.85), p]) for p in ((-0.62, -0.85), (-0.72, -0.5), (-0.55, -0.22), (0.12, -0.12), (-0.55, -1.2))
    ]
    c.blend(strokes(c, *bones, width=0.014), skin * 0.5)
