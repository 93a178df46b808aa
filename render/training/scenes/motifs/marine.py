"""Swimmers: jellyfish, whales, koi."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, smoothstep
from render.training.scenes.outlines import Place, curve, limb, oval, points, region, solid, strokes
from render.training.scenes.palette import GLOWS


def _under_water(c: Canvas, top: Array, low: Array) -> None:
    """Deep water, lighter above, with rays and floating specks."""
    fall = c.y[..., None]
    c.image = (top * (1 - fall) + low * fall + np.zeros_like(c.image)).astype(np.float32)
    rays = np.sin((c.x - 0.5 + c.y * c.uniform(-0.5, 0.5)) * c.uniform(12, 28) + c.noise(1.5, 1, "smooth") * 4)
    c.add(np.clip(rays, 0, 1) * (1 - c.y) ** 2 * 0.3, (120, 170, 180))
    for _ in range(c.count(6, 20)):
        d = c.distance(c.uniform(0, 1), c.uniform(0, 1))
        c.add(np.exp(-((d / c.uniform(0.004, 0.01)) ** 2)) * 0.5, (190, 225, 240))


def jellyfish(c: Canvas) -> list[str]:
    """One large glowing jellyfish or a few, in dark water."""
    _under_water(c, c.vary(c.pick((20, 60, 130), (45, 25, 95), (10, 80, 110))), c.vary((4, 8, 38), 5))
    name = str(c.pick(*GLOWS))
    many = c.chance(0.4)
    sizes = sorted(c.uniform(0.07, 0.17) for _ in range(c.count(3, 7))) if many else [c.uniform(0.24, 0.32)]
    for r in sizes:
        x, y = (c.uniform(0.1, 0.9), c.uniform(0.15, 0.6)) if many else (c.uniform(0.42, 0.58), c.uniform(0.3, 0.38))
        _jelly(
            c, Place(x, y, r, 1, c.uniform(-0.35, 0.35)), c.vary(GLOWS[name if c.chance(0.7) else c.pick(*GLOWS)], 14)
        )
    if many:
        return ["jellyfish", f"glowing {name} jellyfish", "jellyfish in the deep sea", "a swarm of jellyfish"]
    return [
        "a jellyfish",
        f"a glowing {name} jellyfish",
        "a jellyfish under water",
        "a jellyfish in the deep sea",
        "jellyfish",
    ]


def _jelly(c: Canvas, at: Place, tone: Array) -> None:
    c.add(np.exp(-c.distance(at.x, at.y) / (at.size * 0.9)) * 0.5, tone * 0.8)
    threads = []
    for x in np.linspace(-0.8, 0.8, 11):
        bend = [c.uniform(-0.18, 0.18) for _ in range(3)]
        reach = c.uniform(1.3, 2.3)
        threads.append(
            at(
                curve(
                    [
                        (x, 0.1),
                        (x * 0.9 + bend[0], reach * 0.35),
                        (x * 0.8 + bend[1], reach * 0.7),
                        (x * 0.8 + bend[2], reach),
                    ],
                    False,
                )
            )
        )
    c.add(strokes(c, *threads, width=max(0.005, 0.035 * at.size)) * 0.7, tone)
    frills = [
        at(limb([(x, 0.1), (x + c.uniform(-0.15, 0.15), 0.6), (x + c.uniform(-0.15, 0.15), 1.3)], 0.13, 0.02))
        for x in (-0.3, 0, 0.3)
    ]
    c.add(region(c, *frills, blur=0.006) * 0.6, np.clip(tone + 30, 0, 255))
    bell = points(
        "-1,0.16 -0.98,-0.25 -0.62,-0.78 0,-0.96 0.62,-0.78 0.98,-0.25 1,0.16 0.66,0.06 "
        "0.33,0.18 0,0.07 -0.33,0.18 -0.66,0.06"
    )
    mask = region(c, at(curve(bell)))
    rim = np.clip(c.distance(at.x, at.y + at.size * 0.1) / at.size, 0, 1)
    c.blend(mask * 0.55, tone * 0.55)
    c.add(mask * rim**2 * 0.75, tone)
    c.add(region(c, at(oval(-0.25, -0.5, 0.3, 0.18, -0.5)), blur=0.02) * 0.6, (255, 245, 255))


def whale(c: Canvas) -> list[str]:
    """A whale under water, from the side, with light from above."""
    _under_water(c, c.vary(c.pick((60, 160, 200), (40, 120, 180), (90, 170, 190))), c.vary((6, 30, 80), 8))
    at = Place(c.uniform(0.44, 0.54), c.uniform(0.44, 0.56), c.uniform(0.32, 0.4), c.pick(-1, 1), c.uniform(-0.3, 0.3))
    skin = c.vary(c.pick((45, 70, 105), (60, 75, 90), (35, 55, 85)), 8)
    fluke = points("-0.95,-0.02 -1.22,-0.34 -1.3,-0.28 -1.12,0.02 -1.3,0.22 -1.2,0.3 -0.92,0.08")
    solid(c, region(c, at(fluke)), skin * 0.9, 0.03)
    body = points(
        "1,0 0.92,-0.2 0.6,-0.36 0.1,-0.38 -0.4,-0.22 -0.98,-0.04 -0.98,0.05 -0.4,0.16 0.1,0.32 0.6,0.34 0.92,0.18"
    )
    mask = region(c, at(curve(body)))
    solid(c, mask, skin, 0.07)
    belly = region(c, at(curve(points("1,0.04 0.6,0.06 0.2,0.1 -0.4,0.12 0.1,0.33 0.6,0.35 0.92,0.2"))))
    c.blend(belly * mask * 0.85, (205, 215, 222))
    grooves = [
        at(curve([(0.97, 0.08 + 0.05 * k), (0.6, 0.12 + 0.05 * k), (0.2, 0.13 + 0.045 * k)], False)) for k in range(4)
    ]
    c.blend(strokes(c, *grooves, width=0.006) * 0.7, skin * 0.8)
    fin = points("0.35,0.12 0.25,0.5 0,0.78 -0.05,0.7 0.1,0.4 0.15,0.12")
    solid(c, region(c, at(curve(fin))), skin * 0.75, 0.02)
    c.blend(region(c, at([(-0.3, -0.24), (-0.46, -0.38), (-0.48, -0.2)])), skin * 0.85)
    c.blend(strokes(c, at(curve([(1.0, 0.0), (0.8, 0.03), (0.6, -0.04)], False)), width=0.008), skin * 0.5)
    c.blend(region(c, at(oval(0.58, -0.08, 0.035, 0.03))), (8, 8, 12))
    c.blend(region(c, at(oval(0.59, -0.09, 0.012, 0.01))), (240, 240, 245))
    c.blend(mask * smoothstep(c.noise(9), 0.6, 0.8) * 0.2, (180, 210, 225))
    return [
        "a whale",
        "a blue whale under water",
        "a whale in the ocean",
        "a humpback whale swimming in the deep blue sea",
        "a giant whale",
    ]


def koi(c: Canvas) -> list[str]:
    """Koi in a pond seen from above, among lily pads."""
    water = c.vary(c.pick((20, 70, 75), (30, 60, 50), (15, 45, 80), (60, 110, 110)))
    c.image = water * (0.6 + 0.6 * c.noise(3))[..., None]
    c.add(np.clip(1 - np.abs(c.noise(4) - 0.5) * 20, 0, 1) * 0.3, (130, 190, 190))
    for _ in range(c.count(3, 6)):
        _koi(
            c,
            Place(
                c.uniform(0.12, 0.88), c.uniform(0.12, 0.88), c.uniform(0.16, 0.26), c.pick(-1, 1), c.uniform(-3.1, 3.1)
            ),
        )
    for _ in range(c.count(2, 6)):
        x, y, r = c.pick(c.uniform(0, 0.25), c.uniform(0.75, 1)), c.uniform(0, 1), c.uniform(0.07, 0.14)
        notch = np.abs(np.angle(np.exp(1j * (np.arctan2(c.y - y, c.x - x) - c.uniform(-3, 3)))))
        pad = smoothstep(-c.distance(x, y), -r, -r + 0.015) * smoothstep(notch, 0.15, 0.25)
        c.blend(pad, c.vary((70, 140, 60)) * (0.8 + 0.3 * c.noise(8))[..., None])
        if c.chance(0.3):
            star = [
                Place(x, y, r * 0.7, 1, t)(curve(points("0,-0.15 0.6,-0.25 1,0 0.6,0.25 0,0.15")))
                for t in np.arange(8) * np.pi / 4
            ]
            solid(c, region(c, *star), c.vary((245, 170, 200), 10), 0.02)
            c.blend(region(c, oval(x, y, r * 0.16, r * 0.16)), (250, 215, 80))
    return [
        "koi fish",
        "koi in a pond",
        "colorful fish in a pond from above",
        "orange and white koi",
        "a koi pond with lily pads",
        "goldfish",
    ]


def _koi(c: Canvas, at: Place) -> None:
    ground = c.vary(c.pick((245, 240, 232), (245, 240, 232), (240, 120, 35), (250, 190, 60)), 8)
    patch = c.vary(c.pick((235, 85, 30), (225, 50, 35), (40, 38, 42)), 8)
    shadow = Place(at.x + 0.02, at.y + 0.03, at.size, at.flip, at.turn)
    spine = [(0.9, 0), (0.4, 0.06), (-0.2, -0.05), (-0.75, 0.1)]
    body = curve(points("0.98,0 0.8,-0.15 0.35,-0.2 -0.2,-0.17 -0.75,0.04 -0.78,0.12 -0.2,0.1 0.35,0.26 0.8,0.17"))
    c.blend(region(c, shadow(body), blur=0.008) * 0.45, (4, 10, 16))
    fins = [
        [(0.45, -0.15), (0.2, -0.5), (0.1, -0.18)],
        [(0.45, 0.2), (0.2, 0.55), (0.1, 0.2)],
        [(-0.7, 0.08), (-1.1, -0.14), (-1.0, 0.1), (-1.16, 0.36)],
    ]
    c.blend(region(c, *(at(curve(f, steps=4)) for f in fins)) * 0.8, np.clip(ground * 1.05, 0, 255))
    mask = region(c, at(body))
    solid(c, mask, ground, at.size * 0.12, 0.1)
    blots = [at(oval(x, c.uniform(-0.05, 0.1), c.uniform(0.12, 0.24), c.uniform(0.12, 0.2))) for x in (0.62, 0.1, -0.4)]
    c.blend(region(c, *blots) * mask * 0.9, patch)
    c.blend(strokes(c, at(curve(spine[1:], False)), width=0.006) * 0.4, patch * 0.6)
    c.blend(region(c, at(oval(0.82, -0.1, 0.03, 0.03)), at(oval(0.82, 0.12, 0.03, 0.03))), (10, 10, 12))
