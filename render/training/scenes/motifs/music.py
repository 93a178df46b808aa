"""Music: piano keys, guitars, vinyl records."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, smoothstep
from render.training.scenes.outlines import Place, backdrop, curve, oval, points, region, solid, strokes
from render.training.scenes.palette import NEONS


def piano(c: Canvas) -> list[str]:
    """Piano keys from near, or a grand piano on a stage."""
    if c.chance(0.45):
        return _grand(c)
    backdrop(c, (20, 18, 22), (70, 40, 28), (30, 30, 60), (90, 20, 30))
    edge, foot = c.uniform(0.2, 0.4), c.uniform(0.82, 0.95)
    slant, count = c.uniform(-0.35, 0.35), c.count(8, 13)
    u = (c.x - 0.5 + slant * (c.y - foot) * 0.6) * (1 + 0.35 * (foot - c.y)) * count
    inside = c.below(edge) * (1 - c.below(foot))
    gap = smoothstep(np.abs(u % 1 - 0.5), 0.43, 0.48)
    ivory = c.vary((242, 238, 226), 6)
    c.blend(
        inside, ivory * (0.78 + 0.22 * np.clip((c.y - edge) / (foot - edge), 0, 1))[..., None] * np.ones_like(c.image)
    )
    c.blend(inside * gap * 0.85, (40, 36, 36))
    key = np.round(u).astype(int) % 7
    black = smoothstep(-np.abs(u - np.round(u)), -0.32, -0.27) * np.isin(key, (1, 2, 4, 5, 6))
    low = edge + (foot - edge) * 0.62
    c.blend(np.roll(black, c.size // 60 + 1, 1) * c.below(edge) * (1 - c.below(low + 0.02)) * 0.35, (60, 55, 55))
    c.blend(
        black * c.below(edge) * (1 - c.below(low)),
        np.asarray((22, 20, 24)) * (1 + 0.8 * (np.abs(u - np.round(u) + 0.1) < 0.07))[..., None],
    )
    c.blend(c.below(edge - 0.03) * (1 - c.below(edge)), c.pick((150, 25, 35), (20, 18, 20)))
    c.blend(c.below(foot) * (1 - c.below(foot + 0.03)), ivory * 0.55)
    c.add(np.exp(-c.distance(c.uniform(0, 1), edge) / 0.4) * 0.3, c.pick((255, 200, 130), *NEONS))
    return ["piano keys", "the keys of a piano", "a piano keyboard", "a piano", "black and white piano keys"]


def _grand(c: Canvas) -> list[str]:
    backdrop(c, (70, 25, 30), (40, 35, 60), (120, 90, 60), (25, 25, 30))
    c.blend(
        c.below(0.76), c.vary(c.pick((110, 70, 42), (60, 45, 40))) * (0.7 + 0.5 * c.noise(4, 6, "rough"))[..., None]
    )
    c.add(np.exp(-c.distance(0.5, 0.75, 2.5) / 0.4) * 0.6, (140, 110, 70))
    at = Place(0.5, 0.6, c.uniform(0.4, 0.45), c.pick(-1, 1))
    black = np.asarray(c.pick((24, 22, 26), (24, 22, 26), (235, 232, 228), (90, 35, 25)), np.float32)
    for x, y in ((-0.7, 0.5), (-0.1, 0.5), (0.72, 0.42)):
        c.blend(region(c, at([(x - 0.05, 0.05), (x + 0.05, 0.05), (x + 0.03, y), (x - 0.03, y)])), black * 0.7)
    lid = points("-0.75,-0.2 -0.62,-0.78 -0.1,-0.92 0.4,-0.72 0.75,-0.36 0.92,-0.16")
    solid(c, region(c, at(curve(lid, steps=4))), black * 1.3 + 14, 0.04)
    c.blend(strokes(c, at([(0.25, -0.1), (0.3, -0.6)]), width=0.01), (170, 140, 80))
    c.blend(region(c, at([(-0.72, -0.2), (0.9, -0.16), (0.9, -0.05), (-0.78, -0.05)])), (190, 150, 80))
    solid(
        c,
        region(c, at(curve(points("-0.98,-0.08 0.4,-0.1 1,-0.12 1.02,0.1 0.4,0.16 -0.98,0.16"), steps=3))),
        black,
        0.03,
    )
    c.blend(region(c, at([(-0.98, -0.02), (-0.3, -0.02), (-0.3, 0.06), (-1.02, 0.06)])), (244, 240, 230))
    keys = [at([(x, -0.02), (x, 0.03)]) for x in np.linspace(-0.94, -0.34, 11)]
    c.blend(strokes(c, *keys, width=0.012), (20, 20, 24))
    solid(
        c,
        region(
            c,
            at([(-1.1, 0.3), (-0.68, 0.3), (-0.68, 0.38), (-1.1, 0.38)]),
            at([(-1.06, 0.38), (-1.0, 0.38), (-1.0, 0.6), (-1.06, 0.6)]),
            at([(-0.78, 0.38), (-0.72, 0.38), (-0.72, 0.6), (-0.78, 0.6)]),
        ),
        black,
        0.02,
    )
    return ["a grand piano", "a piano on a stage", "a black grand piano", "a piano"]


def guitar(c: Canvas) -> list[str]:
    """An acoustic or electric guitar, upright or aslant."""
    backdrop(c, (110, 80, 60), (40, 40, 60), (170, 150, 130), (90, 30, 40), (60, 90, 90))
    electric = c.chance(0.45)
    at = Place(0.5 + c.uniform(-0.03, 0.03), 0.62, c.uniform(0.31, 0.36), c.pick(-1, 1), c.uniform(-0.7, 0.7))
    at = Place(at.x - 0.16 * np.sin(at.turn), at.y, at.size, at.flip, at.turn)
    wood = c.vary(
        c.pick((205, 135, 65), (160, 85, 40), (225, 175, 105))
        if not electric
        else c.pick((200, 30, 35), (40, 90, 180), (240, 235, 225), (30, 30, 34), (230, 160, 50)),
        10,
    )
    if electric:
        body = points(
            "-0.1,-0.42 -0.5,-0.62 -0.62,-0.45 -0.42,-0.05 -0.6,0.4 -0.35,0.8 0,0.86 0.4,0.78 "
            "0.64,0.38 0.42,-0.05 0.56,-0.36 0.42,-0.5 0.12,-0.3"
        )
    else:
        body = points(
            "0,-0.52 -0.36,-0.5 -0.5,-0.26 -0.38,-0.02 -0.62,0.32 -0.46,0.8 0,0.92 0.46,0.8 "
            "0.62,0.32 0.38,-0.02 0.5,-0.26 0.36,-0.5"
        )
    shape = np.asarray(body)
    solid(c, region(c, at(curve(shape * 1.05))), wood * 0.4, 0.02)
    solid(c, region(c, at(curve(shape))), wood, 0.05, 0.25, 16)
    _fittings(c, at, wood, electric)
    _neck(c, at, wood, electric)
    name = "electric" if electric else "acoustic"
    return [
        "a guitar",
        f"an {name} guitar",
        f"an {name} guitar against a wall",
        "a wooden guitar" if not electric else "a rock guitar",
        "a guitar on a plain background",
    ]


def _fittings(c: Canvas, at: Place, wood: Array, electric: bool) -> None:
    """Pickups and knobs, or the sound hole and the bridge."""
    if electric:
        c.blend(
            region(c, at(curve(points("-0.25,-0.3 0.1,-0.2 0.3,0.1 0.36,0.5 0,0.4 -0.22,0.3")))),
            (240, 238, 232) if wood.mean() < 180 else (40, 36, 40),
        )
        c.blend(
            region(c, *(at([(-0.18, y), (0.18, y), (0.18, y + 0.09), (-0.18, y + 0.09)]) for y in (-0.12, 0.1, 0.3))),
            (30, 30, 34),
        )
        c.blend(region(c, *(at(oval(0.36, y, 0.05, 0.05)) for y in (0.45, 0.6))), (215, 215, 220))
    else:
        c.blend(region(c, at(oval(0, 0.0, 0.24, 0.24))), wood * 0.6)
        c.blend(region(c, at(oval(0, 0.0, 0.19, 0.19))), (24, 16, 12))
        c.blend(region(c, at([(-0.26, 0.5), (0.26, 0.5), (0.26, 0.6), (-0.26, 0.6)])), (52, 34, 26))


def _neck(c: Canvas, at: Place, wood: Array, electric: bool) -> None:
    """Neck with frets, head with pegs, strings."""
    neck = [(-0.09, -1.75), (0.09, -1.75), (0.1, 0.0 if electric else -0.2), (-0.1, 0.0 if electric else -0.2)]
    solid(c, region(c, at(neck)), (82, 64, 56), 0.02)
    frets = [at([(-0.09, y), (0.09, y)]) for y in -1.7 + 1.45 * (1 - 0.9 ** np.arange(13)) / 0.75]
    c.blend(strokes(c, *frets, width=0.005), (205, 195, 170))
    head = points("-0.1,-1.72 -0.16,-1.85 -0.14,-2.2 0.14,-2.2 0.16,-1.85 0.1,-1.72")
    solid(c, region(c, at(head)), wood * 0.7, 0.02)
    c.blend(
        region(c, *(at(oval(s * 0.2, y, 0.045, 0.04)) for s in (-1, 1) for y in (-1.88, -2.0, -2.12))), (225, 220, 205)
    )
    strings = [at([(x, -1.75), (x, 0.54)]) for x in np.linspace(-0.07, 0.07, 4)]
    c.blend(strokes(c, *strings, width=0.004) * 0.8, (235, 230, 215))


def record(c: Canvas) -> list[str]:
    """A vinyl record with a coloured label, alone or on a turntable."""
    backdrop(c, (150, 95, 60), (60, 60, 70), (200, 190, 175), (120, 40, 60), (40, 90, 100))
    table = c.chance(0.55)
    x, y, r = (
        (0.43, 0.52, c.uniform(0.34, 0.38))
        if table
        else (c.uniform(0.46, 0.54), c.uniform(0.46, 0.54), c.uniform(0.38, 0.44))
    )
    if table:
        case = np.asarray([(0.02, 0.1), (0.98, 0.1), (0.98, 0.94), (0.02, 0.94)])
        solid(c, region(c, case), c.vary(c.pick((40, 38, 42), (190, 190, 195), (130, 80, 50))), 0.03, 0.1)
        c.blend(smoothstep(-c.distance(x, y), -r - 0.03, -r - 0.02), (90, 90, 96))
    d, a = c.distance(x, y) / r, np.arctan2(c.y - y, c.x - x)
    vinyl = np.asarray(c.pick((20, 19, 22), (20, 19, 22), (20, 19, 22), (150, 25, 40), (40, 70, 150)), np.float32)
    shine = np.clip(np.cos(2 * (a - c.uniform(0, 3))), 0, 1) ** 6 * 2.2
    grooves = 0.8 + 0.25 * np.sin(d * 95)
    c.blend(
        np.clip((1 - d) * r * c.size, 0, 1),
        np.clip(vinyl * grooves[..., None] + 45 * (shine * grooves)[..., None], 0, 255),
    )
    label = c.vary(c.pick((215, 45, 40), (240, 190, 50), (50, 120, 200), (240, 130, 50), (70, 160, 100)))
    c.blend(np.clip((0.36 - d) * r * c.size, 0, 1), label)
    c.blend(smoothstep(np.abs(d - 0.25), 0.04, 0.02) * 0.5, label * 0.5)
    c.blend(np.clip((0.045 - d) * r * c.size, 0, 1), (235, 235, 235))
    if table:
        c.blend(region(c, oval(0.87, 0.22, 0.07, 0.07)), (150, 150, 156))
        arm = curve([(0.87, 0.22), (0.86, 0.55), (x + r * 0.62, y + r * 0.42)], False)
        c.blend(strokes(c, arm, width=0.022), (215, 215, 220))
        needle = Place(arm[-1, 0], arm[-1, 1], 0.05, 1, 0.6)
        c.blend(region(c, needle([(-0.5, -0.3), (0.5, -0.3), (0.5, 1.0), (-0.5, 1.0)])), (40, 40, 44))
    return [
        "a vinyl record",
        "a record on a turntable" if table else "a black vinyl record",
        "a record player" if table else "an old record",
        "a spinning record",
        "vinyl",
    ]
