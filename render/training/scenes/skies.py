"""Skies over water and land from noon to a starry night: one place in every light, as a video passes through them.

They are a set of their own beside the scenes of `compose`, whose seeds they leave as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from render.training.scenes.canvas import Canvas, smoothstep
from render.training.scenes.held_out import is_held_out
from render.training.scenes.motifs import land
from render.training.scenes.motifs.water import mirror_water
from render.training.scenes.palette import LIGHTS, RGB, Light
from render.training.scenes.sky import paint_sky
from render.training.scenes.styles import STYLES, WORDS

NIGHT = Light(
    top=((4, 8, 38), (7, 13, 56), (10, 18, 66)),
    low=((20, 36, 92), (32, 52, 124), (26, 40, 104)),
    tint=(0.22, 0.30, 0.60),
    when=("at night", "on a starry night", "on a clear dark night", "under the stars", "at midnight"),
    sky=(
        "a starry night sky",
        "a dark blue night sky",
        "a night sky full of stars",
        "countless stars",
        "a starry night",
    ),
)
"""Deeper blue than the other scenes' night, and never another hue."""


GOLDEN = Light(
    top=((84, 100, 158), (120, 104, 132), (176, 122, 92), (206, 140, 66)),
    low=((255, 206, 92), (255, 190, 66), (255, 178, 80)),
    tint=(0.95, 0.72, 0.45),
    when=("at golden sunset", "in golden evening light", "at the golden hour", "in warm evening light"),
    sky=("a golden sunset", "a golden sky", "a glowing golden evening sky"),
)
"""Golden at the horizon, and not always up to the zenith."""


@dataclass(frozen=True, kw_only=True)
class Hour:
    """A light, the colour of water in it, how often it is drawn, and words for the sky besides the light's own."""

    time: str
    water: RGB
    weight: float
    sky: tuple[str, ...] = ()
    light: Light | None = None


HOURS = (
    Hour(time="noon", water=(22, 92, 178), weight=5, sky=("a bright midday sky", "the noon sky")),
    Hour(time="sunrise", water=(70, 100, 140), weight=1.5, sky=("a golden sunrise", "the first light of day")),
    Hour(
        time="golden sunset",
        water=(92, 74, 62),
        weight=5,
        light=GOLDEN,
        sky=("a golden sunset", "a golden sunset with a low sun", "the golden evening sun", "a glowing sunset"),
    ),
    Hour(time="orange sunset", water=(70, 56, 80), weight=2.5),
    Hour(time="purple sunset", water=(60, 40, 90), weight=1),
    Hour(time="dusk", water=(26, 34, 72), weight=2.5, sky=("a blue dusk", "the last light after sunset")),
    Hour(time="night", water=(8, 16, 48), weight=7, light=NIGHT),
    Hour(time="moonlight", water=(12, 20, 50), weight=2.5, sky=("the moon", "moonlight")),
)

STYLED = ("oil", "oil", "watercolor", "dots", "vivid", "poster")
FORMS = ("{k} over {g}", "{k} over {g}", "{k} above {g}", "{g} under {k}", "{g} {w}", "{g} {w}, {k}", "{k}, {g}", "{k}")
DAYS = {"noon", "sunrise"}


def _water(c: Canvas, hour: Hour) -> list[str]:
    """Open water to the horizon; now and then a dark headland or the lights of a far shore."""
    gloss = c.uniform(0.25, 0.5) if hour.time in DAYS else c.uniform(0.5, 0.8)
    rough = c.pick(0.2, 0.35, 0.6)
    mirror_water(c, c.horizon, c.vary(hour.water, 8), gloss, rough)
    if c.chance(0.2):
        x, w, h = c.pick(c.uniform(-0.1, 0.2), c.uniform(0.8, 1.1)), c.uniform(0.12, 0.3), c.uniform(0.05, 0.16)
        edge = c.horizon - h * np.exp(-(((c.x[0] - x) / w) ** 2)) * (0.8 + 0.4 * c.ridge(4))
        shore = np.where(edge < c.horizon - 0.012, edge, 1.0)
        c.blend(c.below(shore) * (1 - c.below(c.horizon + 0.01)), c.lit((60, 66, 62)))
    calm = ["a calm sea", "the calm ocean", "a quiet sea", "still water"] if rough < 0.3 else []
    blue = ["the blue sea", "a calm blue ocean", "a blue sea", "deep blue water"] if hour.time == "noon" else []
    dark = ["the dark sea", "a dark blue sea", "the dark ocean"] if hour.time in ("night", "moonlight") else []
    lit = ["the golden sea", "golden water"] if hour.time == "golden sunset" else []
    return ["the sea", "the ocean", "the water", *calm, *blue, *dark, *dark, *lit]


def _hills(c: Canvas, hour: Hour) -> list[str]:
    return ["the " + word.removeprefix("a ") for word in land.hills(c)]


def _mountains(c: Canvas, hour: Hour) -> list[str]:
    return ["the " + word.removeprefix("a ") for word in land.mountains(c)]


GROUNDS: tuple[tuple[Callable[[Canvas, Hour], list[str]], float], ...] = (
    (_water, 0.72),
    (_hills, 0.14),
    (_mountains, 0.14),
)


def bright_stars(c: Canvas) -> None:
    """Stars large enough to outlive a picture of 64 pixels."""
    for _ in range(c.count(12, 45)):
        x, y = c.uniform(0, 1), c.uniform(0, max(0.3, c.horizon - 0.03))
        c.add(np.exp(-((c.distance(x, y) / c.uniform(0.006, 0.017)) ** 2)) * c.uniform(0.5, 1), (235, 240, 255))


def milky_band(c: Canvas) -> None:
    """The milky way above the horizon."""
    angle, shift = c.uniform(-1.2, 1.2), c.uniform(0.3, 0.7)
    across = (c.x - shift) + (c.y - 0.3) * angle
    band = np.exp(-((across / c.uniform(0.1, 0.22)) ** 2)) * (0.35 + 0.9 * c.noise(4))
    band = band * smoothstep(c.horizon - c.y, -0.02, 0.05)
    c.add(band, c.pick((70, 80, 140), (90, 80, 140), (60, 95, 150)))
    c.add((c.rng.random(band.shape) < 0.1 * band) * 0.8, (245, 245, 255))


def _sky(c: Canvas, hour: Hour) -> list[str]:
    """The sky of an hour and its words."""
    words = paint_sky(c, hour.time, hour.light)
    if hour.time == "night":
        bright_stars(c)
        if c.chance(0.35):
            milky_band(c)
            return [*words, "the milky way", "the milky way in a dark night sky", "the bright milky way"]
    return [*words, *hour.sky]


def make_sky(seed: int, size: int = 96) -> tuple[NDArray[np.uint8], list[str]]:
    """A picture uint8 (size, size, 3) and its captions, by seed."""
    return draw_sky(Canvas(np.random.default_rng(seed), size))


def draw_sky(c: Canvas) -> tuple[NDArray[np.uint8], list[str]]:
    """`make_sky` on this canvas."""
    c.subject = "sky"
    weights = np.array([hour.weight for hour in HOURS])
    hour = HOURS[int(c.rng.choice(len(HOURS), p=weights / weights.sum()))]
    c.horizon = c.uniform(0.35, 0.7)
    skies = _sky(c, hour)
    chosen = int(c.rng.choice(len(GROUNDS), p=[share for _, share in GROUNDS]))
    grounds = GROUNDS[chosen][0](c, hour)
    when = (hour.light or LIGHTS[hour.time]).when
    captions = [c.pick(*FORMS).format(k=c.pick(*skies), g=c.pick(*grounds), w=c.pick(*when)) for _ in range(8)]
    c.image = np.clip(c.image, 0, 255).astype(np.float32)
    if c.chance(0.3):
        style = c.pick(*STYLED)
        STYLES[style](c)
        captions = [c.pick(*WORDS[style]).format(caption) for caption in captions]
    noisy = c.image + c.rng.normal(0, c.pick(0.5, 1.5, 3), c.image.shape)
    words = [caption for caption in dict.fromkeys(captions) if not is_held_out(caption)]
    return np.clip(noisy, 0, 255).astype(np.uint8), words or ["the sky"]
