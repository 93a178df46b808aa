"""What grows in gardens and fields: bamboo, rice terraces, sunflowers, mushrooms."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, floor, pen, smoothstep
from render.training.scenes.outlines import Place, curve, limb, points, region, solid

Leaf = tuple[Array, Array]


def bamboo(c: Canvas) -> list[str]:
    """A grove of bamboo: tall jointed stems, darker and wider towards the viewer, with narrow leaves."""
    fresh = c.pick((120, 175, 70), (90, 150, 70), (150, 180, 80), (70, 140, 90))
    deep = np.asarray(c.pick((22, 55, 30), (30, 70, 40), (195, 215, 150)), np.float32)
    c.image = c.vary(deep, 8) * (0.55 + 0.7 * c.noise(4, 0.5))[..., None]
    gap = np.exp(-(((c.x - c.uniform(0.3, 0.7)) / c.uniform(0.08, 0.2)) ** 2))
    c.blend(gap * 0.8 * (0.6 + 0.4 * c.noise(5, 0.6)), c.pick((225, 240, 180), (245, 240, 190), (200, 230, 190)))
    path = c.chance(0.35)
    if path:
        half = 0.02 + 0.22 * np.clip((c.y - 0.62) / 0.38, 0, 1) ** 1.3
        c.blend(c.below(0.62), np.asarray((60, 90, 45)) * (0.5 + 0.7 * c.noise(6, 2, "rough"))[..., None])
        c.blend(c.below(0.62) * np.clip((half - np.abs(c.x - 0.5)) * c.size, 0, 1), c.vary((190, 170, 130)))
    for near in np.sort(c.rng.random(c.count(14, 26))):
        x = c.uniform(0, 1)
        if path and abs(x - 0.5) < 0.1 + 0.2 * near:
            continue
        _stem(c, x, float(near), np.asarray(fresh, np.float32))
    _leaves(c, c.count(26, 60), np.asarray(fresh, np.float32))
    return [
        "bamboo",
        "a bamboo forest",
        "a green bamboo grove",
        "tall bamboo stems",
        "a path through a bamboo forest" if path else "bamboo stalks with leaves",
        "a dense forest of bamboo in soft light",
    ]


def _stem(c: Canvas, x: float, near: float, fresh: Array) -> None:
    w, lean = 0.008 + 0.034 * near**2, c.uniform(-0.05, 0.05)
    foot = 0.66 + 0.4 * near
    across = (c.x - x - lean * (1 - c.y)) / w
    mask = np.clip((1 - np.abs(across)) * w * c.size + 0.3, 0, 1) * (1 - c.below(foot))
    tone = c.vary(fresh, 16) * (0.55 + 0.55 * near)
    light = 0.6 + 0.55 * np.clip(1 - (across - 0.35) ** 2, 0, 1)
    joint = np.abs((c.y * (1.9 - near) * 3.2 + x * 7) % 1 - 0.5) * 2
    ring = smoothstep(joint, 0.92, 0.97) * 0.55 - smoothstep(joint, 0.86, 0.9) * (joint < 0.92) * 0.3
    c.blend(mask, tone * np.clip(light - ring, 0.2, 1.3)[..., None])


def _leaves(c: Canvas, count: int, fresh: Array) -> None:
    blades = []
    for _ in range(count // 3):
        x, y = c.uniform(0, 1), c.uniform(0, 0.75) ** 1.3
        tone = c.vary(fresh, 22) * c.uniform(0.55, 1.2)
        for _ in range(3):
            place = Place(x, y, c.uniform(0.07, 0.16), 1, c.uniform(-0.4, 1.2) + c.pick(0, 1.9))
            blades.append((place([(0, 0), (0.4, -0.09), (1, 0), (0.4, 0.09)]), tone))

    def draw(p, n):  # type: ignore[no-untyped-def]
        for outline, tone in blades:
            p.polygon((outline * n).ravel().tolist(), fill=pen(tone))

    c.stamp(draw)


def terraces(c: Canvas) -> list[str]:
    """Rice terraces: steps that follow the hill, each with water or green rice and a dark edge."""
    wet, steps = c.chance(0.45), c.count(7, 12)
    hill = c.noise(c.uniform(0.7, 1.1), 1.6, "smooth") * 0.8 + c.noise(2.2, 2, "smooth") * 0.12
    slope = c.uniform(0.9, 1.5)
    far = c.horizon - 0.1
    c.blend(c.below(far + 0.09 * c.ridge(2)), c.lit(c.vary((60, 95, 75))) * (0.7 + 0.5 * c.noise(6))[..., None])
    rise = np.clip((c.y - far) / (1 - far), 0, 1)
    level = (rise**0.8 * slope + hill * 0.75) * steps
    part, inside = level % 1, c.below(c.horizon + 0.06 * c.ridge(1.5, "smooth"))
    greens = np.asarray(
        [c.vary(c.pick((105, 170, 55), (140, 190, 60), (80, 145, 50), (190, 190, 70)), 12) for _ in range(40)]
    )
    tone = greens[np.clip(level.astype(int), 0, 39)] * c.light
    if wet:
        tone = tone * 0.35 + (c.mirror(c.horizon, 0.7) * 0.9 + 12) * 0.65
    tone = tone * (0.85 + 0.25 * c.noise(14, 3, "rough"))[..., None]
    c.blend(inside, tone)
    c.blend(
        inside * smoothstep(part, 0.72, 0.8), c.lit((50, 85, 35)) * (0.7 + 0.6 * c.noise(12, 1, "rough"))[..., None]
    )
    c.blend(inside * smoothstep(part, 0.94, 0.98), c.lit((150, 185, 90)))
    return [
        "rice terraces",
        "green rice terraces on a hillside" if not wet else "flooded rice terraces that mirror the sky",
        "terraced rice fields",
        "terraces of rice in the mountains",
        "rice paddies on a slope",
    ]


def sunflowers(c: Canvas) -> list[str]:
    """A field of sunflowers, large heads in front."""
    floor(c, c.horizon, (95, 125, 40), 3, 0.8)
    far = c.below(c.horizon + 0.01) * smoothstep(c.ground_noise(c.depth(c.horizon), 6, 1, "rough"), 0.4, 0.6)
    c.blend(far * np.clip(1 - c.depth(c.horizon) * 2, 0, 1), c.lit((240, 195, 40)))
    heads = []
    for near in np.sort(c.rng.random(c.count(24, 50)) ** 1.2):
        r = 0.018 + c.uniform(0.08, 0.17) * float(near) ** 2
        heads.append((c.uniform(-0.05, 1.05), c.horizon + 0.03 + (0.9 - c.horizon) * float(near) - r * 0.8, r))
    yellow = [c.lit(c.vary((250, 200, 35), 14)) for _ in heads]

    def draw(p, n):  # type: ignore[no-untyped-def]
        for (x, y, r), tone in zip(heads, yellow, strict=True):
            p.line(
                [x * n, y * n, (x + 0.01) * n, (y + r * 6) * n],
                fill=pen(c.lit((60, 105, 35))),
                width=max(1, int(r * n / 5)),
            )
            for s in (-1, 1):
                leaf = Place(x, y + r * 2.6, r * 1.9, s)(curve([(0, 0), (0.5, -0.35), (1, -0.1), (0.5, 0.15)]))
                p.polygon((leaf * n).ravel().tolist(), fill=pen(c.lit((70, 125, 40))))
            a = np.arange(36) * np.pi / 18
            reach = np.where(np.arange(36) % 2 == 0, 1.0, 0.66) * r
            star = np.stack([x + reach * np.cos(a), y + reach * np.sin(a)], -1)
            p.polygon((star * n).ravel().tolist(), fill=pen(tone))
            for part, colour in ((0.5, (95, 55, 22)), (0.3, (60, 34, 16))):
                q = r * part
                p.ellipse([(x - q) * n, (y - q) * n, (x + q) * n, (y + q) * n], fill=pen(c.lit(colour)))

    c.stamp(draw)
    return [
        "sunflowers",
        "a field of sunflowers",
        "a sunflower field",
        "tall yellow sunflowers",
        "sunflowers in bloom",
    ]


def mushrooms(c: Canvas) -> list[str]:
    """One to five mushrooms on the forest floor, sometimes glowing in the dark."""
    glow = c.chance(0.3)
    dark = c.pick((18, 26, 40), (22, 20, 44)) if glow else c.pick((52, 84, 44), (90, 92, 50), (40, 66, 46))
    c.image = c.vary(dark, 8) * (0.5 + 0.9 * c.noise(3))[..., None]
    for _ in range(c.count(3, 7)):
        x, w = c.uniform(0, 1), c.uniform(0.015, 0.05)
        c.blend(np.clip((w - np.abs(c.x - x)) * c.size, 0, 1) * 0.7, np.asarray(dark) * 0.55)
    c.light = np.ones(3, np.float32)
    floor(c, 0.72, np.asarray(dark) * 1.3, 4, 1.0)
    cap = (
        c.pick((25, 210, 235), (150, 110, 250), (90, 240, 160))
        if glow
        else c.pick((205, 35, 25), (205, 35, 25), (165, 100, 55), (225, 150, 70))
    )
    spots = glow or cap[0] == 205
    for near in np.sort(c.rng.random(c.count(1, 5))):
        size = 0.19 + 0.2 * float(near)
        _mushroom(
            c, Place(c.uniform(0.2, 0.8), 0.78 + 0.17 * float(near), size, c.pick(-1, 1)), c.vary(cap, 14), spots, glow
        )
    c.blend(c.below(0.9 + 0.1 * c.ridge(14, "rough")) * 0.8, np.asarray(dark) * 0.9 + 8)
    name = "glowing mushrooms" if glow else "red mushrooms with white spots" if spots else "brown mushrooms"
    return ["mushrooms", "mushrooms in the forest", name, f"{name} in the forest", "toadstools on the forest floor"]


def _mushroom(c: Canvas, place: Place, cap: Array, spots: bool, glow: bool) -> None:
    stem = region(c, place(limb([(0, 0.05), (0.04, -0.5), (0, -1.0)], 0.2, 0.13)))
    top = region(c, place(curve(points("-0.75,-0.88 -0.62,-1.25 0,-1.6 0.62,-1.25 0.75,-0.88 0,-0.78"))))
    if glow:
        c.add(np.exp(-c.distance(place.x, place.y - place.size) / (place.size * 0.9)) * 0.8, cap * 0.7)
    solid(c, stem, cap * 0.4 + 90 if glow else c.vary((235, 225, 200), 8), 0.03)
    gills = region(c, place(curve([(-0.72, -0.9), (0, -1.02), (0.72, -0.9), (0, -0.76)])))
    solid(c, top, cap, 0.05)
    c.blend(gills * 0.8, (cap * 0.3 + 120) if not glow else np.clip(cap * 1.2 + 60, 0, 255))
    if spots:
        dots = [(c.uniform(-0.5, 0.5), c.uniform(-1.45, -1.1), c.uniform(0.05, 0.11)) for _ in range(8)]
        rounds = [place(curve([(x - r, y), (x, y - r), (x + r, y), (x, y + r)])) for x, y, r in dots]
        c.blend(region(c, *rounds) * top * 0.95, (250, 246, 235))
