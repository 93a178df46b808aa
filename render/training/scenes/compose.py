"""Put motifs together into one captioned picture: sky, land, weather, style, sentences in several orders."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from render.training.scenes import weather
from render.training.scenes.canvas import Canvas
from render.training.scenes.held_out import is_held_out
from render.training.scenes.motifs import abstract, buildings, city, deep, fire, flowers, land, plants, space, water
from render.training.scenes.palette import LIGHTS
from render.training.scenes.sky import paint_sky
from render.training.scenes.styles import apply_style

Motif = Callable[[Canvas], list[str]]

GROUNDS: dict[str, tuple[Motif, float]] = {
    "sea": (water.sea, 6),
    "beach": (water.beach, 2.5),
    "mountains": (land.mountains, 6),
    "forest": (plants.forest, 4.5),
    "meadow": (flowers.meadow, 5),
    "hills": (land.hills, 1.5),
    "desert": (land.desert, 2.5),
    "canyon": (land.canyon, 1),
    "snowfield": (land.snowfield, 2),
    "icebergs": (deep.icebergs, 1),
    "city": (city.city, 4),
    "street": (city.street, 1),
    "castle": (buildings.castle, 1.2),
    "house": (buildings.house, 1.5),
    "lighthouse": (buildings.lighthouse, 1),
    "bridge": (buildings.bridge, 0.7),
    "volcano": (land.volcano, 1.5),
    "ruins": (land.ruins, 0.7),
    "tree": (plants.tree, 1.5),
    "blossom": (flowers.blossom, 1.5),
    "waterfall": (water.waterfall, 1.3),
    "fireworks": (fire.fireworks, 0.5),
    "campfire": (fire.campfire, 0.6),
    "sky": (lambda c: [], 4),
}

WHOLE: dict[str, tuple[Motif, float]] = {
    "landscape": (lambda c: _landscape(c), 62),
    "neon": (lambda c: _neon(c), 5),
    "flames": (fire.flames, 3),
    "lava": (fire.lava, 3),
    "smoke": (fire.smoke, 1),
    "galaxy": (space.galaxy, 2.2),
    "nebula": (space.nebula, 2.2),
    "planet": (space.planet, 2),
    "surface": (space.moon_surface, 0.7),
    "reef": (deep.reef, 2.5),
    "waves": (water.waves, 2),
    "ice": (deep.ice, 1.2),
    "flower": (flowers.flower, 4.5),
    "leaves": (plants.leaves, 1),
    "colour": (abstract.colour_field, 3),
    "two": (abstract.two_colours, 3.5),
    "rainbow": (abstract.rainbow_colours, 1),
    "bokeh": (abstract.bokeh, 1),
    "crystal": (abstract.crystal, 1.2),
    "shape": (abstract.shape, 0.8),
}

PLAIN = {"colour", "two", "shape", "rainbow"}


def _choose(c: Canvas, table: dict[str, tuple[Motif, float]]) -> str:
    weights = np.array([w for _, w in table.values()])
    return str(c.rng.choice(list(table), p=weights / weights.sum()))


def _landscape(c: Canvas) -> list[str]:
    """A ground under a sky, with weather; captions name them in different orders and detail."""
    ground = _choose(c, GROUNDS)
    c.horizon = c.uniform(0.33, 0.66) if ground != "sky" else 1.2
    time = c.pick("night", "dusk") if ground in ("fireworks", "campfire") else None
    sky = paint_sky(c, time)
    subjects = GROUNDS[ground][0](c)
    if ground in fire.BURNING and c.chance(0.3 if ground == "forest" else 0.12):
        return sentences(c, fire.burn(c, ground), [], [])
    if ground in ("mountains", "hills", "forest", "castle") and c.chance(0.2):
        joined = water.lake(c)
        subjects = [*subjects, *(f"{s} {c.pick(*joined)}" for s in subjects)]
    elif ground in ("mountains", "hills", "meadow", "canyon", "snowfield") and c.chance(0.12):
        joined = water.river(c)
        subjects = [f"{s} {c.pick(*joined)}" for s in subjects]
    return sentences(c, subjects, sky, _weather(c, ground))


def _weather(c: Canvas, ground: str) -> list[str]:
    """Now and then rain, snow, fog or a rainbow over the picture."""
    e = c.rng.random()
    if e < 0.09 and c.time in ("overcast", "storm", "night", "dusk", "noon"):
        return weather.rain(c)
    if e < 0.14 and ground in (
        "mountains",
        "forest",
        "snowfield",
        "city",
        "house",
        "street",
        "castle",
        "tree",
    ):
        return weather.snowfall(c)
    if e < 0.22:
        return weather.fog(c)
    if e < 0.26 and c.time in ("noon", "overcast"):
        return weather.rainbow(c)
    return []


def sentences(c: Canvas, subjects: list[str], sky: list[str], over: list[str]) -> list[str]:
    """Up to eight captions from what is in the picture."""
    when = LIGHTS[c.time].when
    if not subjects:
        base = [*sky, *(f"{s} {c.pick('over the land', 'in the sky', 'above')}" for s in sky[:1])]
        return [f"{s} {c.pick(*over)}" for s in base] if over else base
    out = []
    for _ in range(8):
        s, t = c.pick(*subjects), c.pick(*when)
        k = c.pick(*sky) if sky else ""
        forms = (
            [
                f"{s} {t}",
                f"{s} {t}",
                f"{k} over {_the(s)}",
                f"{s} under {k}",
                f"{s}, {k}",
                s,
                f"{k} over {_the(s)}",
            ]
            if sky
            else [s, f"{s} {t}", s]
        )
        form = c.pick(*forms)
        out.append(f"{form} {c.pick(*over)}" if over and c.chance(0.85) else form)
    return out


def _the(subject: str) -> str:
    """'a calm sea' as 'the calm sea', half of the captions' way to say it."""
    for start in ("a ", "an "):
        if subject.startswith(start):
            return "the " + subject[len(start) :] if len(subject) % 2 else subject
    return subject


def _neon(c: Canvas) -> list[str]:
    """A neon city at night, often in the rain."""
    c.horizon = 0.6
    paint_sky(c, "night")
    names = city.neon_city(c)
    wet = weather.rain(c) if c.chance(0.5) else []
    when = ["at night", "after dark", ""]
    return [f"{n} {c.pick(*wet) if wet and c.chance(0.85) else c.pick(*when)}".strip() for n in names]


def make_scene(seed: int, size: int = 96) -> tuple[NDArray[np.uint8], list[str]]:
    """A picture uint8 (size, size, 3) and its captions, by seed."""
    return draw_scene(Canvas(np.random.default_rng(seed), size))


def draw_scene(c: Canvas) -> tuple[NDArray[np.uint8], list[str]]:
    """`make_scene` on this canvas."""
    kind = c.subject = _choose(c, WHOLE)
    captions = WHOLE[kind][0](c)
    c.image = np.clip(c.image, 0, 255).astype(np.float32)
    if kind not in PLAIN and c.chance(0.22):
        templates = apply_style(c)
        captions = [c.pick(*templates).format(s) for s in captions]
    captions = [s for s in dict.fromkeys(captions) if not is_held_out(s)] or ["a picture"]
    noisy = c.image + c.rng.normal(0, c.pick(0.5, 1.5, 3), c.image.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), captions
