"""Parts of the head from near: skull, eye."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, smoothstep
from render.training.scenes.outlines import Place, backdrop, curve, limb, oval, points, region, solid, strokes
from render.training.scenes.palette import COLOURS, GLOWS


def skull(c: Canvas) -> list[str]:
    """A human skull from the front, plain, painted or glowing."""
    backdrop(c, (30, 26, 30), (70, 30, 35), (40, 55, 60), (120, 105, 85), (50, 30, 70))
    bone = c.vary((228, 218, 195) if c.chance(0.7) else c.pick(*GLOWS.values()), 10)
    at = Place(c.uniform(0.46, 0.54), c.uniform(0.44, 0.5), c.uniform(0.36, 0.43), 1, c.uniform(-0.12, 0.12))
    if c.chance(0.3):
        c.add(np.exp(-c.distance(at.x, at.y) / 0.3) * 0.6, c.pick(*GLOWS.values()))
    jaw = points("-0.5,0.5 -0.42,0.95 -0.2,1.12 0.2,1.12 0.42,0.95 0.5,0.5")
    solid(c, region(c, at(curve(jaw, steps=4))), bone * 0.88, 0.05)
    dome = points(
        "-0.55,0.55 -0.62,0.3 -0.86,0.05 -0.92,-0.35 -0.66,-0.84 0,-1.05 0.66,-0.84 0.92,-0.35 "
        "0.86,0.05 0.62,0.3 0.55,0.55 0.3,0.72 -0.3,0.72"
    )
    solid(c, region(c, at(curve(dome))), bone, 0.08)
    _sockets(c, at, bone)
    _teeth(c, at, bone)
    if c.chance(0.25):
        flowers = [
            at(oval(x + 0.09 * np.cos(t), -0.82 + abs(x) * 0.3 + 0.09 * np.sin(t), 0.08, 0.08))
            for x in (-0.6, -0.2, 0.2, 0.6)
            for t in np.arange(5) * 1.26
        ]
        c.blend(region(c, *flowers), c.vary(c.pick((215, 40, 60), (245, 150, 40), (230, 100, 170))))
        return ["a skull with flowers", "a sugar skull", "a skull", "a skull with a crown of flowers"]
    return ["a skull", "a human skull", "a skull on a dark background", "a white skull"]


def _sockets(c: Canvas, at: Place, bone: Array) -> None:
    """Eyes, cheeks and nose."""
    for s in (-1, 1):
        socket = at(
            curve(
                [
                    (s * 0.14, 0.05),
                    (s * 0.2, -0.2),
                    (s * 0.46, -0.26),
                    (s * 0.66, -0.08),
                    (s * 0.56, 0.2),
                    (s * 0.3, 0.24),
                ]
            )
        )
        c.blend(region(c, socket), (14, 10, 12))
        if c.chance(0.15):
            c.add(np.exp(-c.distance(*at([(s * 0.4, 0.0)])[0]) / 0.03), (255, 60, 30))
        c.blend(
            region(c, at(curve([(s * 0.55, 0.35), (s * 0.8, 0.15), (s * 0.66, 0.4), (s * 0.5, 0.6)])), blur=0.008)
            * 0.5,
            bone * 0.35,
        )
        c.blend(region(c, at(curve([(0, 0.24), (s * 0.14, 0.48), (s * 0.03, 0.5)], steps=3))), (18, 12, 14))


def _teeth(c: Canvas, at: Place, bone: Array) -> None:
    """Two rows of teeth in a dark mouth."""
    mouth = region(c, at(curve(points("-0.4,0.66 0,0.62 0.4,0.66 0.36,0.9 0,0.96 -0.36,0.9"))))
    c.blend(mouth, (30, 22, 22))
    teeth = [
        at([(x - 0.052, y), (x + 0.052, y), (x + 0.048, y + 0.125), (x - 0.048, y + 0.125)])
        for x in np.linspace(-0.3, 0.3, 6)
        for y in (0.66, 0.8)
    ]
    c.blend(region(c, *teeth), np.clip(bone * 1.05 + 8, 0, 255))


def eye(c: Canvas) -> list[str]:
    """One eye from near, with lashes and a bright iris."""
    skin = c.vary(c.pick((225, 180, 150), (165, 115, 85), (95, 65, 50), (60, 80, 150), (130, 60, 140)), 12)
    c.image = skin * (0.8 + 0.3 * c.noise(3, 1, "smooth"))[..., None] * np.ones_like(c.image)
    at = Place(0.5, c.uniform(0.48, 0.55), c.uniform(0.42, 0.47), c.pick(-1, 1), c.uniform(-0.08, 0.08))
    top = points("-1,0.12 -0.55,-0.34 0.05,-0.5 0.6,-0.32 1,0.04")
    low = [(0.6, 0.3), (0.0, 0.42), (-0.55, 0.34)]
    outline = at(curve([*top, *low]))
    c.blend(region(c, at(curve([(x * 1.08, y * 1.4 - 0.04) for x, y in (*top, *low)])), blur=0.03) * 0.5, skin * 0.45)
    white = region(c, outline)
    c.blend(white, (240, 236, 232))
    x, y = at([(c.uniform(-0.12, 0.12), -0.05)])[0]
    r = 0.43 * at.size
    d, a = c.distance(x, y) / r, np.arctan2(c.y - y, c.x - x)
    name = c.pick("blue", "green", "brown", "golden", "violet", "turquoise")
    rays = 0.65 + 0.35 * np.sin(a * 23 + 3 * c.noise(6)) * np.clip(d, 0, 1) + 0.3 * (c.noise(20, 1, "rough") - 0.5)
    iris = c.vary(COLOURS[name], 12) * (rays * (1.25 - 0.7 * d**3))[..., None]
    c.blend(white * np.clip((1 - d) * r * c.size, 0, 1), iris)
    c.blend(white * smoothstep(np.abs(d - 0.96), 0.1, 0.03) * 0.7, (20, 20, 26))
    c.blend(white * np.clip((0.42 - d) * r * c.size, 0, 1), (6, 6, 8))
    c.blend(region(c, oval(x - 0.3 * r, y - 0.35 * r, 0.17 * r, 0.15 * r)), (255, 255, 255))
    upper = curve(top, closed=False)
    c.blend(
        white * region(c, at(np.concatenate([upper, upper[::-1] + np.asarray((0, 0.16))])), blur=0.02) * 0.5,
        (40, 30, 35),
    )
    c.blend(strokes(c, at(upper), width=0.022), (28, 18, 18))
    c.blend(strokes(c, at(curve([*top[-1:], *low, top[0]], False)), width=0.008), skin * 0.4)
    _lashes(c, at, upper, skin)
    return [
        "an eye",
        f"{'an' if name == 'eye' else 'a'} {name} eye",
        f"a close-up of a {name} eye",
        "a human eye with long lashes",
        "a big eye",
        f"a {name} iris",
    ]


def _lashes(c: Canvas, at: Place, upper: Array, skin: Array) -> None:
    """Lashes along the upper lid, and the brow."""
    lashes = [
        at(curve(p + np.asarray([(0, 0), (p[0] * 0.08, -0.16), (p[0] * 0.26, -0.27)]), False, 3)) for p in upper[2:-1:2]
    ]
    c.blend(strokes(c, *lashes, width=0.012), (22, 14, 14))
    brow = limb([(-1.0, -0.78), (-0.3, -1.06), (0.5, -1.0), (1.1, -0.68)], 0.09, 0.03)
    c.blend(region(c, at(brow), blur=0.006) * 0.8, skin * 0.25)
