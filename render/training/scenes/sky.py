"""Skies: gradient, sun, moon, stars, clouds, aurora, lightning. Each returns the words for what is in it."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, smoothstep
from render.training.scenes.palette import GLOWS, LIGHTS, Light
from render.training.scenes.relief import SKY, drawn_as


def article(word: str) -> str:
    """'a' or 'an'."""
    return "an" if word[0] in "aeiou" else "a"


def choose_time(c: Canvas) -> str:
    """A time of day by its weight."""
    weights = np.array([light.weight for light in LIGHTS.values()])
    return str(c.rng.choice(list(LIGHTS), p=weights / weights.sum()))


@drawn_as(SKY)
def paint_sky(c: Canvas, time: str | None = None, light: Light | None = None) -> list[str]:
    """Fill the picture with a sky, set the light of the scene, and return phrases for the sky.

    `light` stands in for the colours that the time has otherwise.
    """
    c.time = time or choose_time(c)
    if c.relief is not None:
        c.relief.horizon = c.horizon
    light = light or LIGHTS[c.time]
    top, low = c.vary(c.pick(*light.top), 12), c.vary(c.pick(*light.low), 12)
    c.light = np.asarray(light.tint, np.float32) * c.uniform(0.9, 1.12)
    fall = np.clip(c.y / max(c.horizon, 0.25), 0, 1) ** c.uniform(0.8, 1.7)
    c.image = np.broadcast_to(top + (low - top) * fall[..., None], c.image.shape).astype(np.float32)
    phrases = list(light.sky)
    c.sun = (c.uniform(0.12, 0.88), c.horizon - c.uniform(-0.03, 0.2))
    if c.time in ("night", "aurora", "moonlight", "dusk"):
        _night_sky(c, phrases)
    elif c.time == "storm":
        clouds(c, 0.8, (18, 20, 30), low * 0.95)
        if c.chance(0.6):
            phrases[:] = lightning(c)
    else:
        _day_sky(c, phrases, low)
    return phrases


def _day_sky(c: Canvas, phrases: list[str], low: Array) -> None:
    warm = "sun" in c.time
    if (warm and c.chance(0.85)) or (c.time == "noon" and c.chance(0.25)):
        if not warm:
            c.sun = (c.sun[0], c.uniform(0.08, 0.3) * max(c.horizon, 0.4))
        sun(c)
    if c.time == "overcast":
        clouds(c, 0.85, (130, 134, 142), (215, 217, 222))
        return
    cover = c.pick(0.0, 0.0, 0.3, 0.45, 0.6) if c.time == "noon" else c.pick(0.0, 0.3, 0.45, 0.6)
    if not cover:
        return
    if warm:
        clouds(c, cover, c.image.mean((0, 1)) * 0.55, np.clip(low * 1.12 + 12, 0, 255))
    else:
        clouds(c, cover, (185, 198, 215), (254, 254, 255))
        phrases[:] = [
            "a blue sky with white clouds",
            "white clouds in a blue sky",
            "fluffy white clouds",
            "scattered clouds",
        ]


def _night_sky(c: Canvas, phrases: list[str]) -> None:
    stars(c, c.uniform(0.004, 0.03) if c.time != "dusk" else 0.003)
    if c.time == "night" and c.chance(0.3):
        milky_way(c)
        phrases += ["the milky way", "the milky way in a starry night sky"]
    if c.time == "moonlight" or (c.time == "dusk" and c.chance(0.2)):
        moon(c)
        if c.chance(0.5):
            clouds(c, c.uniform(0.2, 0.5), (14, 18, 34), (70, 80, 110))
    if c.time == "dusk" and c.chance(0.5):
        clouds(c, c.uniform(0.3, 0.6), (45, 35, 80), (190, 110, 140))
    if c.time == "aurora":
        phrases[:] = aurora(c)


def sun(c: Canvas) -> None:
    """A disc with a wide glow."""
    d = c.distance(*c.sun)
    c.add(np.exp(-d / c.uniform(0.12, 0.3)), np.array((150, 105, 45)) * c.uniform(0.4, 1.0))
    r = c.uniform(0.025, 0.085)
    c.blend(smoothstep(-d, -r - 0.012, -r + 0.012), c.vary((255, 246, 208), 8))


@drawn_as(SKY)
def moon(c: Canvas) -> None:
    """A full or crescent moon with a halo."""
    x, y, r = c.uniform(0.15, 0.85), c.uniform(0.1, 0.32), c.uniform(0.04, 0.12)
    c.sun = (x, y)
    d = c.distance(x, y)
    c.add(np.exp(-d / 0.14), (52, 60, 84))
    disc = smoothstep(-d, -r - 0.01, -r + 0.01) * (0.78 + 0.22 * c.noise(10))
    if c.chance(0.25):
        disc = disc * smoothstep(c.distance(x + r * 0.55, y - r * 0.2), r * 0.85, r * 0.95)
    c.blend(disc, (246, 243, 226))


def stars(c: Canvas, density: float) -> None:
    """Points of different brightness, a few of them with a glow."""
    points = (c.rng.random((c.size, c.size)) < density).astype(np.float32)
    c.blend(
        points * c.rng.uniform(0.25, 1.0, points.shape).astype(np.float32),
        c.pick((255, 250, 240), (215, 228, 255)),
    )
    for _ in range(c.count(3, 14)):
        d = c.distance(c.uniform(0, 1), c.uniform(0, max(c.horizon, 0.4)))
        c.add(np.exp(-((d / c.uniform(0.006, 0.014)) ** 2)), (250, 248, 240))


def milky_way(c: Canvas) -> None:
    """A slanted band of star clouds with dark lanes."""
    angle, shift = c.uniform(-1, 1), c.uniform(0.35, 0.65)
    across = (c.x - shift) + (c.y - 0.3) * angle
    band = np.exp(-((across / c.uniform(0.1, 0.2)) ** 2)) * (0.3 + 0.9 * c.noise(4))
    c.add(band, c.pick((95, 90, 125), (120, 95, 110), (70, 100, 150)))
    c.blend(np.exp(-((across / 0.04) ** 2)) * smoothstep(c.noise(5), 0.5, 0.8) * 0.6, (8, 6, 18))
    c.add((c.rng.random(band.shape) < 0.08 * band) * 0.8, (255, 250, 245))


def clouds(c: Canvas, cover: float, shade: Array | tuple[int, ...], lit: Array | tuple[int, ...]) -> None:
    """Clouds over `cover` of the sky, lit from the sun's side, half of the time flattened to the horizon."""
    base, stretch = c.uniform(1.6, 4.5), c.uniform(1.2, 3)
    if c.chance(0.5):
        above = np.clip((c.horizon - c.y) / max(c.horizon, 0.25), 0, 1)
        n = c.ground_noise(above + 0.1, c.uniform(1.2, 2.5), 1, "cloudy") * smoothstep(above, 0, 0.08)
    else:
        n = c.noise(base, stretch)
    soft = c.uniform(0.12, 0.4)
    mask = smoothstep(n, 1 - cover - soft / 2, 1 - cover + soft)
    step = max(1, c.size // 24)
    slope = np.roll(n, step, 0) - n
    bright = np.clip(0.55 - 1.3 * slope if "sunset" not in c.time else 0.5 + 1.3 * slope, 0, 1)[..., None]
    a, b = np.asarray(shade, np.float32), np.asarray(lit, np.float32)
    c.blend(mask * c.uniform(0.7, 1.0), a + (b - a) * bright)


def aurora(c: Canvas) -> list[str]:
    """One to three curtains with rays; returns phrases with the colour."""
    name = str(c.pick(*GLOWS))
    other = str(c.pick(*GLOWS)) if c.chance(0.35) else name
    for k in range(c.count(1, 3)):
        edge = c.uniform(0.25, 0.62) * max(c.horizon, 0.45) / 0.5 + (c.ridge(1.2, "smooth") - 0.5) * 0.35
        height = edge[None] - c.y
        rays = 0.45 + 0.55 * c.ridge(c.uniform(6, 24), "rough")[None]
        curtain = np.where(height > 0, np.exp(-height / c.uniform(0.08, 0.26)), np.exp(height / 0.025)) * rays
        c.add(curtain * c.uniform(0.5, 1.0), np.asarray(GLOWS[name if k < 2 else other], np.float32) * 0.95)
    c.add(0.12, GLOWS[name])
    a = article(name)
    phrases = [
        f"{a} {name} aurora",
        f"{name} northern lights",
        f"{a} {name} aurora in the night sky",
        f"glowing {name} polar lights",
    ]
    return phrases if other == name else [*phrases, f"{a} {name} and {other} aurora"]


def lightning(c: Canvas) -> list[str]:
    """One to three forked bolts and the flash they throw on the clouds."""
    for _ in range(c.count(1, 3)):
        bolt = _bolt(c, c.uniform(0.15, 0.85), c.uniform(-0.05, 0.15), c.horizon + 0.05)
        branch = _bolt(c, *bolt[len(bolt) // 2], c.horizon * 0.8)

        def draw(pen, n, bolt=bolt, branch=branch):  # type: ignore[no-untyped-def]
            pen.line([(x * n, y * n) for x, y in bolt], fill=255, width=max(2, n // 70))
            pen.line([(x * n, y * n) for x, y in branch], fill=200, width=max(1, n // 110))

        c.add(c.shape(draw, 5) * 1.6, c.pick((120, 110, 220), (110, 140, 230), (170, 120, 220)))
        c.blend(c.shape(draw), (250, 250, 255))
    return [
        "a lightning storm",
        "lightning",
        "a flash of lightning in dark storm clouds",
        "lightning bolts in a stormy sky",
    ]


def _bolt(c: Canvas, x: float, y: float, end: float) -> list[tuple[float, float]]:
    points = [(x, y)]
    while y < end:
        x, y = x + c.uniform(-0.07, 0.07), y + c.uniform(0.02, 0.07)
        points.append((x, y))
    return points
