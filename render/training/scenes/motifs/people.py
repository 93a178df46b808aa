"""People as silhouettes: a crowd at a concert, a dancer, a profile, hands."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, smoothstep
from render.training.scenes.outlines import Place, backdrop, curve, limb, oval, points, region, solid
from render.training.scenes.palette import NEONS

POSES: tuple[list[list[tuple[float, float]]], ...] = (
    [
        [(0, -0.62), (-0.2, -0.78), (-0.1, -1.05)],
        [(0, -0.62), (0.22, -0.74), (0.1, -1.04)],
        [(0, -0.3), (0.02, -0.1), (0, 0.22)],
        [(0, -0.3), (0.2, -0.12), (0.02, 0.0)],
    ],
    [
        [(0, -0.62), (-0.28, -0.6), (-0.5, -0.72)],
        [(0, -0.62), (0.28, -0.66), (0.5, -0.58)],
        [(0, -0.3), (0.03, -0.05), (0.0, 0.22)],
        [(0, -0.3), (-0.3, -0.3), (-0.62, -0.42)],
    ],
    [
        [(0, -0.62), (-0.24, -0.72), (-0.34, -1.0)],
        [(0, -0.62), (0.26, -0.56), (0.44, -0.7)],
        [(0, -0.3), (0.3, -0.22), (0.58, -0.08)],
        [(0, -0.3), (-0.3, -0.16), (-0.6, -0.1)],
    ],
    [
        [(0, -0.62), (-0.26, -0.56), (-0.18, -0.3)],
        [(0, -0.62), (0.22, -0.8), (0.34, -1.02)],
        [(0, -0.3), (0.16, -0.04), (0.1, 0.22)],
        [(0, -0.3), (-0.16, -0.04), (-0.3, 0.22)],
    ],
)


def dancer(c: Canvas) -> list[str]:
    """A dancer as a silhouette before a glowing ground, sometimes in a wide skirt."""
    tone = np.asarray(
        c.pick((240, 130, 60), (235, 80, 140), (90, 120, 230), (150, 90, 220), (245, 190, 80), (70, 190, 200)),
        np.float32,
    )
    c.image = (tone * (0.35 + 0.25 * c.noise(2, 1, "smooth"))[..., None]).astype(np.float32)
    c.add(np.exp(-c.distance(0.5, c.uniform(0.4, 0.55)) / c.uniform(0.25, 0.4)) * 0.9, tone * 0.9 + 30)
    if c.chance(0.5):
        c.blend(smoothstep(-c.distance(0.5, 0.45), -0.36, -0.35) * 0.6, np.clip(tone * 1.2 + 50, 0, 255))
    if c.chance(0.4):
        smoke = smoothstep(c.noise(3), 0.45, 0.9) * 0.6
        c.blend(smoke, c.vary(c.pick(*NEONS)))
    at = Place(c.uniform(0.44, 0.56), 0.72, c.uniform(0.6, 0.68), c.pick(-1, 1), c.uniform(-0.08, 0.08))
    ink = np.asarray(c.pick((16, 12, 20), (24, 14, 34), (12, 16, 26)), np.float32)
    c.blend(c.below(0.72 + 0.21 * at.size), ink * 1.2 + tone * 0.14)
    pose = POSES[c.count(0, len(POSES) - 1)]
    parts = [limb(p, 0.05, 0.022) for p in pose[:2]] + [limb(p, 0.075, 0.026) for p in pose[2:]]
    parts += [
        curve(points("-0.1,-0.64 0.1,-0.64 0.065,-0.46 0.09,-0.28 -0.09,-0.28 -0.065,-0.46")),
        limb([(0, -0.6), (0.0, -0.75)], 0.035, 0.035),
        oval(0.01, -0.8, 0.065, 0.082),
        oval(-0.04, -0.88, 0.04, 0.036),
    ]
    skirt = c.chance(0.5)
    if skirt:
        wide = c.uniform(0.25, 0.45)
        hem = [(-wide, -0.12), (-wide * 0.5, -0.08), (0, -0.13), (wide * 0.5, -0.08), (wide, -0.14)]
        parts.append(curve([(-0.07, -0.4), *hem, (0.07, -0.4)], steps=4))
    mask = region(c, *(at(p) for p in parts))
    c.blend(mask, ink)
    if skirt and c.chance(0.6):
        c.blend(region(c, at(parts[-1])) * 0.6, c.vary(c.pick((200, 30, 50), (230, 220, 230), (90, 40, 130))))
    return [
        "a dancer",
        "the silhouette of a dancer",
        "a dancing woman",
        "a ballet dancer" if skirt else "a person dancing",
        "a dancer in colored light",
    ]


def concert(c: Canvas) -> list[str]:
    """A crowd with raised hands before a stage with beams of light."""
    c.image[:] = c.vary((12, 8, 22), 5)
    tones = [np.asarray(c.pick(*NEONS), np.float32) for _ in range(3)]
    stage = c.uniform(0.5, 0.6)
    c.add(np.exp(-c.distance(0.5, stage, 1.6) / c.uniform(0.2, 0.35)), tones[0] * 0.9)
    for k in range(c.count(5, 10)):
        x, top, slant = c.uniform(0, 1), c.uniform(-0.05, 0.05), c.uniform(-0.7, 0.7)
        along = c.y - top
        beam = np.clip(1 - np.abs(c.x - x - slant * along) / (0.012 + 0.09 * along), 0, 1) * (along > 0)
        c.add(beam * np.exp(-along / 0.6) * 0.7 * (1 - c.below(stage + 0.15)), tones[k % 3])
        c.add(np.exp(-c.distance(x, top + 0.02) / 0.02), (255, 250, 240))
    c.blend(c.below(stage) * (1 - c.below(stage + 0.05)) * 0.8, (10, 8, 14))
    if c.chance(0.7):
        for x in (0.38, 0.5, 0.62)[: c.count(1, 3)]:
            at = Place(x, stage, 0.2)
            c.blend(
                region(
                    c,
                    at(limb([(0, 0), (0, -0.5)], 0.16, 0.12)),
                    at(oval(0, -0.72, 0.1, 0.12)),
                    at(limb([(0, -0.5), (0.25, -0.7), (0.35, -0.95)], 0.06, 0.04)),
                ),
                (8, 6, 12),
            )
    c.add(c.noise(2) * 0.25 * (1 - c.below(stage + 0.2)), tones[1] * 0.5)
    _crowd(c, stage, tones[0])
    return [
        "a concert",
        "a crowd at a concert",
        "a concert crowd with raised hands",
        "people in front of a stage with lights",
        "a rock concert",
        "a music festival at night",
    ]


def _crowd(c: Canvas, stage: float, tone: Array) -> None:
    """Four rows of heads and raised hands, the nearest darkest."""
    for row in range(4):
        y, r = stage + 0.12 + 0.1 * row, 0.03 + 0.011 * row
        shade = np.asarray((14, 10, 20)) + tone * 0.1 * (3 - row)
        parts = []
        for x in np.arange(c.uniform(-0.05, 0), 1.05, r * 2.1):
            h = y + c.uniform(-0.03, 0.03)
            parts += [oval(x, h, r * 0.75, r), oval(x, h + r * 2.4, r * 1.35, r * 1.7)]
            for s in (-1, 1):
                if c.chance(0.35):
                    parts.append(
                        limb(
                            [
                                (x + s * r, h + r * 1.4),
                                (x + s * r * 1.5, h - r * 0.8),
                                (x + s * r * c.uniform(0.8, 1.8), h - r * 3),
                            ],
                            r * 0.36,
                            r * 0.26,
                        )
                    )
        c.blend(np.maximum(region(c, *parts), c.below(y + 3 * r)), shade)


def profile(c: Canvas) -> list[str]:
    """The head of a person from the side, as a silhouette before the sky."""
    outline = points(
        "-0.6,1.4 -0.52,0.95 -0.2,0.78 -0.18,0.45 -0.42,0.2 -0.5,-0.2 -0.36,-0.62 0,-0.8 "
        "0.36,-0.66 0.5,-0.36 0.5,-0.2 0.52,-0.1 0.66,0.1 0.62,0.16 0.54,0.18 0.58,0.27 "
        "0.53,0.33 0.56,0.4 0.5,0.47 0.5,0.58 0.4,0.66 0.2,0.62 0.14,0.8 0.4,0.98 0.62,1.4"
    )
    at = Place(c.uniform(0.4, 0.6), 0.46, c.uniform(0.42, 0.48), c.pick(-1, 1))
    if c.chance(0.5):
        c.blend(
            smoothstep(-c.distance(0.5 + at.flip * 0.12, 0.4), -0.32, -0.3) * 0.85,
            np.clip(c.lit((255, 225, 170)) + 30, 0, 255),
        )
    parts = [at(curve(outline, steps=4))]
    long = c.chance(0.55)
    if long:
        parts.append(
            at(
                curve(
                    points(
                        "0.3,-0.72 -0.1,-0.92 -0.6,-0.6 -0.74,0.1 -0.72,0.7 -0.9,1.2 -0.3,1.1 -0.15,0.4 "
                        "-0.05,-0.2 0.3,-0.45"
                    )
                )
            )
        )
    ink = np.asarray(c.pick((14, 12, 20), (20, 14, 30), (10, 18, 30)), np.float32)
    mask = region(c, *parts)
    _inside(c, mask, ink)
    who = "a woman" if long else "a man"
    return [
        f"the silhouette of {who}",
        "a portrait in profile",
        f"{who} in profile",
        "a silhouette of a head",
        f"a portrait silhouette of {who}",
        "the face of a person from the side",
    ]


def _inside(c: Canvas, mask: Array, ink: Array) -> None:
    """Fill a head with ink, or with a night sky."""
    if c.chance(0.3):
        stars = (c.rng.random((c.size, c.size)) < 0.02) * 1.0
        inside = (
            np.asarray(c.pick((40, 30, 100), (20, 60, 110), (110, 30, 100)), np.float32)
            * (0.3 + 1.2 * c.noise(2.5))[..., None]
        )
        c.blend(mask, inside)
        c.blend(mask * stars, (255, 255, 255))
    else:
        c.blend(mask, ink)


def hands(c: Canvas) -> list[str]:
    """An open hand, or two hands that reach for each other or hold a light."""
    backdrop(c, (30, 30, 55), (120, 70, 50), (60, 90, 110), (160, 130, 100), (70, 30, 60))
    skin = c.vary(c.pick((230, 185, 155), (200, 150, 115), (140, 95, 70), (90, 60, 45), (20, 18, 26)), 8)
    kind = c.pick("one", "light", "two")
    light = np.asarray(c.pick((255, 220, 130), (130, 210, 255), (230, 140, 255)), np.float32)
    if kind == "two":
        for s in (-1, 1):
            _hand(c, Place(0.5 + s * 0.3, 0.5 + s * 0.07, 0.26, s, -s * (np.pi / 2 + c.uniform(-0.1, 0.15))), skin)
        c.add(np.exp(-c.distance(0.5, 0.5) / 0.1) * 0.7, light)
        return ["hands", "two hands reaching for each other", "two hands", "hands that almost touch"]
    if kind == "light":
        c.add(np.exp(-c.distance(0.5, 0.28) / 0.2), light)
    _hand(c, Place(c.uniform(0.45, 0.55), 0.66, c.uniform(0.34, 0.4), c.pick(-1, 1), c.uniform(-0.15, 0.15)), skin)
    if kind == "light":
        c.add(np.exp(-((c.distance(0.5, 0.24) / 0.06) ** 2)), (255, 255, 245))
        return ["a hand", "a hand holding a light", "a hand reaching for the light", "an open hand"]
    return ["a hand", "an open hand", "a raised hand", "the palm of a hand", "a human hand"]


def _hand(c: Canvas, at: Place, skin: Array) -> None:
    fingers = [
        limb([(-0.34, -0.2), (-0.5, -0.6), (-0.56, -1.0)], 0.12, 0.09),
        limb([(-0.12, -0.3), (-0.17, -0.8), (-0.18, -1.25)], 0.13, 0.095),
        limb([(0.12, -0.3), (0.14, -0.85), (0.15, -1.33)], 0.135, 0.1),
        limb([(0.33, -0.2), (0.42, -0.75), (0.46, -1.18)], 0.13, 0.095),
        limb([(0.3, 0.25), (0.66, 0.0), (0.88, -0.35)], 0.17, 0.1),
    ]
    tips = [
        oval(-0.56, -1.0, 0.09, 0.1),
        oval(-0.18, -1.25, 0.095, 0.11),
        oval(0.15, -1.33, 0.1, 0.11),
        oval(0.46, -1.18, 0.095, 0.11),
        oval(0.88, -0.35, 0.1, 0.11),
    ]
    palm = curve(points("-0.46,-0.3 0,-0.42 0.44,-0.3 0.5,0.2 0.3,0.6 0.28,1.3 -0.3,1.3 -0.3,0.6 -0.48,0.2"))
    for finger, tip in zip(fingers, tips, strict=True):
        solid(c, region(c, at(finger), at(tip)), skin, at.size * 0.09, 0.1)
    solid(c, region(c, at(palm)), skin, at.size * 0.14, 0.1)
    folds = [
        limb([(-0.4, -0.05), (0, 0.0), (0.3, -0.15)], 0.012, 0.012),
        limb([(-0.42, 0.12), (0, 0.18), (0.25, 0.0)], 0.012, 0.012),
        limb([(0.3, -0.05), (0.05, 0.25), (0.02, 0.55)], 0.014, 0.012),
    ]
    c.blend(region(c, *(at(f) for f in folds)) * 0.6, skin * 0.6)
