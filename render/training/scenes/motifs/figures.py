"""Whole figures: astronaut, robot."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, floor
from render.training.scenes.motifs.space import nebula
from render.training.scenes.outlines import Place, backdrop, curve, limb, oval, points, region, solid, strokes


def astronaut(c: Canvas) -> list[str]:
    """An astronaut who floats in space or stands on a moon."""
    nebula(c)
    if c.chance(0.5):
        c.image *= 0.35
    on_moon = c.chance(0.45)
    if c.chance(0.5):
        _far_planet(c)
    if on_moon:
        floor(c, 0.78, c.pick((150, 150, 155), (175, 95, 60)), 2, 1.0)
    size = c.uniform(0.3, 0.38)
    at = Place(
        c.uniform(0.44, 0.56),
        0.5 if not on_moon else 0.9 - 1.25 * size,
        size,
        c.pick(-1, 1),
        0.0 if on_moon else c.uniform(-0.7, 0.7),
    )
    white = np.asarray((226, 228, 234), np.float32)
    solid(
        c, region(c, at(curve([(-0.46, -0.4), (0.46, -0.4), (0.48, 0.38), (-0.48, 0.38)], steps=4))), white * 0.7, 0.03
    )
    for part in _pose(on_moon):
        solid(c, region(c, at(part)), white, 0.03)
    _chest_and_helmet(c, at, white)
    return [
        "an astronaut",
        "an astronaut in space" if not on_moon else "an astronaut on the moon",
        "a floating astronaut among the stars" if not on_moon else "an astronaut standing on a planet",
        "a spaceman in a white suit",
    ]


def _far_planet(c: Canvas) -> None:
    """A planet at the side, half in shadow."""
    r, x, y = c.uniform(0.1, 0.3), c.pick(0.1, 0.9), c.uniform(0.1, 0.4)
    shade = np.clip(1.2 - c.distance(x - r * 0.4, y - r * 0.4) / (r * 1.5), 0.05, 1.1)[..., None]
    c.blend(
        np.clip((r - c.distance(x, y)) * c.size, 0, 1),
        c.vary(c.pick((40, 100, 200), (200, 90, 60), (220, 190, 130))) * (0.6 + 0.6 * c.noise(5))[..., None] * shade,
    )


def _pose(standing: bool) -> list[Array]:
    """Outlines of legs and arms, the legs first."""
    if standing:
        arms = [
            limb([(-0.3, -0.3), (-0.6, 0.02), (-0.52, 0.42)], 0.17, 0.13),
            limb([(0.3, -0.3), (0.6, 0.02), (0.52, 0.42)], 0.17, 0.13),
        ]
        legs = [limb([(s * 0.2, 0.35), (s * 0.24, 0.8), (s * 0.26, 1.22)], 0.2, 0.15) for s in (-1, 1)]
        return [*legs, *arms]
    arms = [
        limb([(-0.3, -0.3), (-0.75, -0.35), (-1.0, -0.65)], 0.17, 0.12),
        limb([(0.3, -0.3), (0.75, -0.1), (0.95, 0.2)], 0.17, 0.12),
    ]
    legs = [
        limb([(-0.18, 0.35), (-0.4, 0.8), (-0.2, 1.2)], 0.2, 0.14),
        limb([(0.2, 0.35), (0.42, 0.75), (0.7, 1.1)], 0.2, 0.14),
    ]
    return [*legs, *arms]


def _chest_and_helmet(c: Canvas, at: Place, white: Array) -> None:
    """The front of the suit and the visor."""
    solid(c, region(c, at(curve(points("-0.36,-0.42 0.36,-0.42 0.38,0.42 0,0.5 -0.38,0.42")))), white, 0.05)
    c.blend(region(c, at([(-0.18, -0.1), (0.18, -0.1), (0.18, 0.14), (-0.18, 0.14)])), (120, 126, 138))
    c.blend(region(c, at(oval(-0.09, -0.03, 0.04, 0.04))), (220, 60, 50))
    c.blend(region(c, at(oval(0.08, -0.03, 0.04, 0.04))), (60, 150, 220))
    solid(c, region(c, at(oval(0, -0.68, 0.42, 0.4))), white, 0.05)
    glass = np.asarray(c.pick((225, 150, 40), (30, 45, 80), (40, 30, 50)), np.float32)
    visor = region(c, at(oval(0.03, -0.66, 0.31, 0.26)))
    solid(c, visor, glass, 0.05, 0.05)
    c.blend(region(c, at(oval(-0.08, -0.76, 0.1, 0.06, -0.4)), blur=0.005) * 0.8, (255, 255, 255))


def robot(c: Canvas) -> list[str]:
    """A robot from the front: a head or the whole figure, with lamps for eyes."""
    backdrop(c, (40, 50, 70), (120, 130, 140), (160, 110, 70), (30, 30, 40), (90, 140, 150))
    steel = c.vary(
        c.pick((165, 175, 185), (165, 175, 185), (210, 120, 50), (70, 130, 150), (225, 225, 220), (180, 60, 55)), 10
    )
    lamp = np.asarray(c.pick((90, 230, 255), (255, 70, 50), (255, 210, 80), (120, 255, 140)), np.float32)
    bust = c.chance(0.5)
    size = c.uniform(0.3, 0.36) if bust else c.uniform(0.17, 0.2)
    at = Place(0.5, 0.42 if bust else 0.27, size)
    body = points("-0.8,0.95 0.8,0.95 0.95,1.3 0.8,2.5 -0.8,2.5 -0.95,1.3")
    _robot_limbs(c, at, steel)
    solid(c, region(c, at([(-0.22, 0.6), (0.22, 0.6), (0.22, 1.0), (-0.22, 1.0)])), steel * 0.5, 0.02)
    solid(c, region(c, at(curve(body, steps=3))), steel * 0.95, size * 0.2)
    c.blend(region(c, at([(-0.45, 1.3), (0.45, 1.3), (0.45, 1.95), (-0.45, 1.95)])), steel * 0.35)
    c.blend(region(c, *(at(oval(x, 1.5, 0.1, 0.1)) for x in (-0.25, 0, 0.25))), lamp)
    solid(
        c,
        region(c, at(curve(points("-0.85,-0.6 0,-0.85 0.85,-0.6 0.9,0.5 0,0.75 -0.9,0.5"), steps=3 + c.count(0, 2)))),
        steel,
        size * 0.2,
    )
    _robot_face(c, at, steel, lamp)
    return [
        "a robot",
        "a metal robot",
        "a robot with glowing eyes",
        "the head of a robot" if bust else "a standing robot",
        "an old toy robot",
        "a friendly robot",
    ]


def _robot_limbs(c: Canvas, at: Place, steel: Array) -> None:
    """Arms, legs and ears."""
    for s in (-1, 1):
        solid(c, region(c, at(limb([(s * 0.9, 1.2), (s * 1.4, 1.7), (s * 1.35, 2.5)], 0.22, 0.2))), steel * 0.8, 0.02)
        solid(
            c,
            region(
                c,
                at(limb([(s * 0.42, 2.4), (s * 0.46, 3.0), (s * 0.46, 3.55)], 0.26, 0.24)),
                at(oval(s * 0.5, 3.6, 0.42, 0.18)),
            ),
            steel * 0.8,
            0.02,
        )
        solid(c, region(c, at(oval(s * 1.35, 2.6, 0.24, 0.26))), steel, 0.02)
        solid(
            c, region(c, at([(s * 0.85, -0.3), (s * 1.12, -0.3), (s * 1.12, 0.3), (s * 0.85, 0.3)])), steel * 0.7, 0.02
        )


def _robot_face(c: Canvas, at: Place, steel: Array, lamp: Array) -> None:
    """Eyes, mouth and antenna."""
    c.blend(region(c, at(curve([(-0.72, -0.36), (0.72, -0.36), (0.72, 0.12), (-0.72, 0.12)], steps=2))), (18, 20, 26))
    for s in (-1, 1):
        x, y = at([(s * 0.38, -0.1)])[0]
        c.add(np.exp(-c.distance(x, y) / (at.size * 0.3)) * 0.8, lamp)
        c.blend(region(c, oval(x, y, at.size * 0.19, at.size * 0.19)), lamp * 0.7 + 76)
    c.blend(region(c, at([(-0.42, 0.3), (0.42, 0.3), (0.42, 0.46), (-0.42, 0.46)])), (28, 28, 34))
    bars = [at([(x, 0.3), (x, 0.46)]) for x in np.linspace(-0.35, 0.35, 6)]
    c.blend(strokes(c, *bars, width=0.06 * at.size), steel)
    c.blend(strokes(c, at([(0, -0.8), (0, -1.2)]), width=0.08 * at.size), steel * 0.5)
    c.blend(region(c, at(oval(0, -1.25, 0.12, 0.12))), lamp)
