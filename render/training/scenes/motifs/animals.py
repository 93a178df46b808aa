"""Animals that walk or perch: cat, owl, deer, wolf."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, floor, smoothstep
from render.training.scenes.motifs.plants import firs, forest
from render.training.scenes.outlines import Place, backdrop, curve, limb, oval, points, region, solid, strokes

FURS = {
    "orange": (225, 135, 55),
    "gray": (130, 132, 140),
    "black": (34, 32, 38),
    "white": (236, 232, 226),
    "brown": (130, 92, 62),
}


def cat(c: Canvas) -> list[str]:
    """A cat that sits and looks at the viewer, or its face from near."""
    backdrop(c, (200, 170, 135), (120, 150, 165), (165, 95, 85), (95, 125, 85), (215, 200, 185), (70, 65, 95))
    name = str(c.pick(*FURS, "orange", "gray"))
    fur = c.vary(FURS[name], 10)
    if c.chance(0.5):
        _face(
            c, Place(c.uniform(0.45, 0.55), c.uniform(0.5, 0.58), c.uniform(0.34, 0.42), 1, c.uniform(-0.1, 0.1)), fur
        )
        return [
            "a cat",
            f"the face of a {name} cat",
            "a cat face",
            f"a close-up of a {name} cat",
            "a kitten",
            "a cat looking at you",
        ]
    _sitting(c, fur)
    return [
        "a cat",
        f"{'an' if name == 'orange' else 'a'} {name} cat",
        f"a sitting {name} cat",
        "a cat sitting on the floor",
        "a house cat",
        "a cute cat",
    ]


def _sitting(c: Canvas, fur: Array) -> None:
    """A cat from the front on a floor, its tail beside it."""
    edge = c.uniform(0.78, 0.88)
    c.blend(
        c.below(edge),
        c.vary(c.pick((150, 105, 70), (180, 60, 60), (90, 110, 140), (210, 190, 160)))
        * (0.85 + 0.3 * c.noise(8, 4, "rough"))[..., None],
    )
    place = Place(c.uniform(0.4, 0.6), edge + 0.06, c.uniform(0.46, 0.56), c.pick(-1, 1))
    solid(
        c,
        region(c, place(limb([(0.22, -0.1), (0.55, -0.06), (0.68, -0.35), (0.6, -0.62)], 0.07, 0.045))),
        fur * 0.92,
        0.03,
    )
    body = points("-0.3,0 -0.36,-0.25 -0.25,-0.62 -0.13,-0.9 0.13,-0.9 0.26,-0.6 0.38,-0.24 0.32,0 0,0.03")
    solid(c, region(c, place(curve(body))), fur, 0.06)
    chest = region(c, place(curve(points("-0.1,-0.2 -0.13,-0.6 0,-0.8 0.13,-0.6 0.1,-0.2"))))
    c.blend(chest * 0.6, np.clip(fur * 1.15 + 30, 0, 255))
    for s in (-1, 1):
        solid(c, region(c, place(oval(s * 0.13, -0.03, 0.11, 0.06))), np.clip(fur * 1.1 + 10, 0, 255), 0.02)
    c.blend(strokes(c, place([(0, -0.06), (0, -0.4)]), width=0.006) * 0.5, fur * 0.45)
    _face(c, Place(place.x, place.y - place.size * 1.05, place.size * 0.4, place.flip), fur)


def _face(c: Canvas, at: Place, fur: Array) -> None:
    """Head with ears, eyes, nose, mouth and whiskers; stripes on some."""
    dark = fur.mean() < 60
    for s in (-1, 1):
        solid(c, region(c, at(curve([(s * 0.9, -0.35), (s * 0.82, -1.25), (s * 0.15, -0.72)], steps=3))), fur, 0.04)
        c.blend(
            region(c, at([(s * 0.76, -0.5), (s * 0.73, -1.0), (s * 0.34, -0.68)])) * 0.8,
            (215, 140, 135) if not dark else (95, 65, 70),
        )
    head = points("-0.98,0.1 -0.85,-0.5 0,-0.78 0.85,-0.5 0.98,0.1 0.62,0.66 0,0.8 -0.62,0.66")
    mask = region(c, at(curve(head)))
    solid(c, mask, fur, 0.06)
    if c.chance(0.6) and not dark:
        bars = [at([(x, -0.72), (x * 0.7, -0.4)]) for x in (-0.3, 0, 0.3)] + [
            at([(s * 0.95, y), (s * 0.6, y + 0.02)]) for s in (-1, 1) for y in (0.05, 0.25)
        ]
        c.blend(strokes(c, *bars, width=0.09 * at.size) * mask * 0.6, fur * 0.5)
    for s in (-1, 1):
        c.blend(region(c, at(oval(s * 0.2, 0.36, 0.27, 0.2))) * 0.75, np.clip(fur * 1.1 + 40, 0, 255))
    eyes = c.pick((240, 200, 60), (120, 200, 90), (90, 170, 225))
    for s in (-1, 1):
        c.blend(
            region(c, at(curve([(s * 0.16, 0.06), (s * 0.36, -0.2), (s * 0.62, -0.1), (s * 0.42, 0.12)]))), (18, 16, 18)
        )
        c.blend(region(c, at(oval(s * 0.39, -0.04, 0.19, 0.14))), eyes)
        c.blend(region(c, at(oval(s * 0.39, -0.04, 0.06, 0.14))), (10, 10, 12))
        c.blend(region(c, at(oval(s * 0.39 - 0.05, -0.1, 0.035, 0.035))), (255, 255, 255))
    c.blend(region(c, at([(-0.11, 0.2), (0.11, 0.2), (0, 0.32)])), (215, 120, 125))
    c.blend(
        strokes(c, at(curve(points("-0.22,0.44 -0.08,0.48 0,0.32 0.08,0.48 0.22,0.44"), False)), width=0.035 * at.size),
        fur * 0.3 + 5,
    )
    hairs = [at([(s * 0.3, 0.36 + 0.05 * k), (s * 1.15, 0.26 + 0.14 * k)]) for s in (-1, 1) for k in range(3)]
    c.blend(strokes(c, *hairs, width=0.015 * at.size + 0.002) * 0.8, (245, 245, 245))


def owl(c: Canvas) -> list[str]:
    """An owl on a branch, in front of leaves or a night sky with the moon."""
    night = c.chance(0.5)
    backdrop(c, *(((22, 28, 62), (30, 26, 60)) if night else ((85, 125, 70), (150, 140, 90), (120, 110, 80))))
    if night:
        c.blend(smoothstep(-c.distance(c.uniform(0.25, 0.75), 0.32), -0.27, -0.25), (245, 238, 205))
    else:
        c.blend(smoothstep(c.noise(7, 1, "rough"), 0.5, 0.7) * 0.6, c.vary((50, 85, 45)))
    name = c.pick("brown", "white", "gray")
    coat = c.vary({"brown": (140, 100, 62), "white": (232, 230, 226), "gray": (125, 125, 132)}[name], 8)
    at = Place(c.uniform(0.42, 0.58), c.uniform(0.46, 0.52), c.uniform(0.34, 0.42))
    bough = limb([(-1.6, 0.9), (-0.5, 0.98), (0.6, 0.92), (1.7, 1.04)], 0.13, 0.09)
    solid(c, region(c, at(bough)), (82, 60, 44), 0.03)
    body = points("-0.62,-0.5 -0.66,0.2 -0.4,0.9 0,1.05 0.4,0.9 0.66,0.2 0.62,-0.5 0,-0.75")
    mask = region(c, at(curve(body)))
    solid(c, mask, coat, 0.06)
    v, u = (c.y - at.y) / at.size, (c.x - at.x) / at.size
    flecks = smoothstep(np.sin(v * 26 + 2.5 * np.abs(np.sin(u * 13))), 0.3, 0.8) * (v > 0.0)
    c.blend(region(c, at(oval(0, 0.45, 0.4, 0.52))) * 0.6, np.clip(coat * 1.25 + 30, 0, 255))
    c.blend(flecks * mask * 0.45, coat * 0.5)
    _owl_parts(c, at, coat)
    return [
        "an owl",
        f"a {name} owl",
        "an owl on a branch",
        f"a {name} owl sitting on a branch",
        "an owl at night" if night else "an owl in the forest",
        "an owl with big eyes",
    ]


def _owl_parts(c: Canvas, at: Place, coat: Array) -> None:
    """Wings, ears, eyes, toes and beak."""
    for s in (-1, 1):
        solid(
            c,
            region(c, at(curve([(s * 0.5, -0.2), (s * 0.74, 0.2), (s * 0.56, 0.86), (s * 0.36, 0.4)]))),
            coat * 0.72,
            0.03,
        )
        solid(c, region(c, at([(s * 0.2, -0.7), (s * 0.62, -1.02), (s * 0.64, -0.45)])), coat * 0.9, 0.03)
        solid(c, region(c, at(oval(s * 0.28, -0.33, 0.33, 0.33))), np.clip(coat * 1.15 + 35, 0, 255), 0.03)
        c.blend(region(c, at(oval(s * 0.27, -0.33, 0.21, 0.21))), c.vary((250, 180, 30), 8))
        c.blend(region(c, at(oval(s * 0.26, -0.33, 0.12, 0.12))), (10, 8, 10))
        c.blend(region(c, at(oval(s * 0.26 - 0.05, -0.39, 0.04, 0.04))), (255, 255, 255))
        toes = [at([(s * 0.25 + d, 0.86), (s * 0.25 + d, 1.06)]) for d in (-0.08, 0, 0.08)]
        c.blend(strokes(c, *toes, width=0.06 * at.size), (225, 170, 70))
    c.blend(region(c, at([(-0.09, -0.22), (0.09, -0.22), (0, 0.04)])), (70, 58, 48))


def deer(c: Canvas) -> list[str]:
    """A stag with antlers at the edge of a forest, or before the light as a silhouette."""
    kind = c.pick("green", "autumn", "pine", "snowy")
    forest(c, kind)
    foot = c.uniform(0.88, 0.94)
    floor(
        c,
        foot - 0.1,
        {"green": (85, 130, 55), "autumn": (170, 120, 55), "pine": (75, 105, 60), "snowy": (232, 238, 246)}[kind],
    )
    c.add(np.exp(-c.distance(0.5, 0.45) / 0.22) * 0.75, np.asarray((235, 220, 170)) * np.clip(c.light + 0.1, 0.2, 1))
    at = Place(0.5 + c.uniform(-0.1, 0.1), foot, c.uniform(0.34, 0.43), c.pick(-1, 1))
    shadow = c.chance(0.35)
    hide = np.asarray((26, 20, 22)) if shadow else c.lit(c.vary((165, 105, 58), 12))
    far = [limb([(x, -0.6), (x + 0.03, -0.3), (x, 0)], 0.055, 0.025) for x in (-0.36, 0.2)]
    near = [limb([(x, -0.6), (x - 0.03, -0.3), (x, 0.02)], 0.07, 0.028) for x in (-0.46, 0.3)]
    solid(c, region(c, *(at(leg) for leg in far)), hide * 0.7, 0.02)
    body = points(
        "-0.55,-0.8 -0.2,-0.86 0.15,-0.84 0.3,-0.95 0.42,-1.25 0.56,-1.2 0.5,-0.85 0.4,-0.55 "
        "0,-0.48 -0.45,-0.5 -0.58,-0.62"
    )
    head = points("0.4,-1.3 0.52,-1.42 0.66,-1.36 0.84,-1.18 0.82,-1.1 0.62,-1.14 0.46,-1.15")
    ears = [[(0.42, -1.34), (0.26, -1.42), (0.38, -1.26)], [(0.52, -1.38), (0.46, -1.52), (0.58, -1.4)]]
    solid(
        c,
        region(c, *(at(curve(p)) for p in (body, head)), *(at(leg) for leg in near), *(at(e) for e in ears)),
        hide,
        0.05,
    )
    if not shadow:
        c.blend(region(c, at(oval(0.05, -0.5, 0.3, 0.05))) * 0.6, c.lit((230, 205, 170)))
        c.blend(region(c, at(oval(0.58, -1.29, 0.03, 0.03)), at(oval(0.83, -1.14, 0.03, 0.03))), (20, 15, 15))
    _antlers(c, at, shadow)
    c.blend(
        c.below(foot - 0.01 + 0.05 * c.ridge(24, "rough")) * 0.8,
        c.lit((70, 100, 45) if kind != "snowy" else (235, 240, 247)),
    )
    return ["a deer", "a stag", "a deer in the forest", "a stag with big antlers", "a deer with antlers in the woods"]


def _antlers(c: Canvas, at: Place, shadow: bool) -> None:
    """Two beams with three points each."""
    beams = []
    for s, x in ((-0.5, 0.44), (0.75, 0.54)):
        beams += [at(curve([(x, -1.38), (x + s * 0.35, -1.62), (x + s * 0.32, -1.95)], False))]
        beams += [
            at([(x + s * a, -b), (x + s * a + d, -b - 0.2)])
            for a, b, d in ((0.2, 1.52, 0.1), (0.34, 1.64, 0.14), (0.34, 1.78, -0.1))
        ]
    c.blend(strokes(c, *beams, width=0.05 * at.size), (22, 18, 20) if shadow else c.lit((215, 190, 150)))


def wolf(c: Canvas) -> list[str]:
    """A wolf on a rock that howls at the moon."""
    x = c.pick(c.uniform(0.28, 0.4), c.uniform(0.6, 0.72))
    c.light = np.clip(c.light, 0.25, 0.6)
    c.add(np.exp(-c.distance(x, 0.34) / 0.3) * 0.7, (90, 95, 120))
    disc = smoothstep(-c.distance(x, 0.34), -0.255, -0.24)
    c.blend(
        disc,
        np.asarray(c.pick((245, 240, 215), (245, 240, 215), (225, 110, 70)), np.float32)
        * (0.75 + 0.3 * c.noise(7))[..., None],
    )
    c.covered(disc, np.zeros_like(disc))
    firs(c, c.count(4, 10))
    rock = c.below(0.76 + 0.5 * np.clip(np.abs(c.x[0] - 0.5) - 0.24, 0, 1) + 0.06 * c.ridge(6, "rough"))
    solid(c, rock, (34, 36, 46), 0.02, 0.5)
    at = Place(0.5 + (0.06 if x < 0.5 else -0.06), 0.8, c.uniform(0.56, 0.64), -1 if x < 0.5 else 1)
    body = points(
        "-0.3,0 -0.36,-0.22 -0.22,-0.5 0.02,-0.68 0.1,-0.85 0.24,-0.8 0.26,-0.62 0.22,-0.4 "
        "0.2,-0.12 0.24,0 0.12,0 0.08,-0.22 0.02,-0.12 0.04,0"
    )
    head = points(
        "0.06,-0.76 0.08,-0.92 0.2,-1 0.34,-1.14 0.42,-1.24 0.46,-1.2 0.36,-1.02 0.4,-1.05 "
        "0.42,-1 0.32,-0.86 0.24,-0.72"
    )
    ear = [(0.06, -0.9), (-0.06, -1.0), (0.12, -0.98)]
    tail = limb([(-0.28, -0.1), (-0.5, -0.04), (-0.66, -0.12)], 0.08, 0.03)
    wolf_mask = region(c, at(curve(body, steps=4)), at(curve(head, steps=3)), at(ear), at(tail))
    solid(c, wolf_mask, c.pick((22, 22, 30), (22, 22, 30), (95, 98, 112)), 0.04)
    return [
        "a wolf",
        "a wolf howling at the moon",
        "a howling wolf",
        "a lone wolf on a rock under a full moon",
        "the silhouette of a wolf",
    ]
