"""Places in one light, as posters show them: noon sea, golden sunset, starry night, rainbow, fireworks."""

import numpy as np

from render.training.scenes.canvas import Canvas, smoothstep
from render.training.scenes.motifs.city import city
from render.training.scenes.motifs.fire import fireworks as bursts
from render.training.scenes.motifs.flowers import meadow
from render.training.scenes.motifs.land import hills, mountains
from render.training.scenes.motifs.plants import draw_tree
from render.training.scenes.motifs.water import mirror_water, palm
from render.training.scenes.outlines import Place, curve, points, region, solid
from render.training.scenes.palette import COLOURS
from render.training.scenes.relief import PAINT, drawn_as
from render.training.scenes.skies import GOLDEN, NIGHT, bright_stars, milky_band
from render.training.scenes.sky import moon, paint_sky


def _shore(c: Canvas) -> None:
    """Something near or far beside the water, more often nothing: rocks, a headland, palms, a boat, birds."""
    kind = c.pick("", "", "", "rocks", "head", "palms", "boat", "birds")
    dark = np.clip(c.lit((70, 66, 62)), 6, 255)
    if kind == "rocks":
        for _ in range(c.count(2, 5)):
            x, y, r = c.uniform(0, 1), c.uniform(c.horizon + 0.06, 0.95), c.uniform(0.03, 0.09)
            rock = region(c, Place(x, y, r)(curve(points("-1.1,0.2 -0.7,-0.5 -0.1,-0.8 0.6,-0.4 1.1,0.2"))))
            solid(c, rock, dark, 0.02, 0.5)
    elif kind == "head":
        x, w, h = c.pick(0.0, 1.0), c.uniform(0.2, 0.4), c.uniform(0.06, 0.18)
        edge = c.horizon - h * np.exp(-(((c.x[0] - x) / w) ** 2)) * (0.8 + 0.4 * c.ridge(5))
        c.blend(c.below(np.where(edge < c.horizon - 0.012, edge, 1.0)) * (1 - c.below(c.horizon + 0.008)), dark)
    elif kind == "palms":
        sand = np.clip(c.lit((232, 208, 160)), 8, 255)
        c.blend(c.below(0.9 - 0.06 * c.ridge(1.2, "smooth")), sand * (0.85 + 0.2 * c.noise(6, 2, "rough"))[..., None])
        palm(c)
    elif kind == "boat":
        at = Place(c.uniform(0.2, 0.8), c.horizon + c.uniform(0.03, 0.12), c.uniform(0.06, 0.12), c.pick(-1, 1))
        c.blend(region(c, at(points("-0.9,-0.1 0.9,-0.1 0.6,0.25 -0.6,0.25"))), dark)
        c.blend(
            region(c, at(points("0,-1.7 0,-0.2 0.9,-0.2")), at(points("-0.08,-1.3 -0.08,-0.2 -0.6,-0.2"))),
            c.lit((245, 240, 230)),
        )
    elif kind == "birds":
        for _ in range(c.count(2, 6)):
            at = Place(
                c.uniform(0.1, 0.9), c.uniform(0.1, c.horizon - 0.1), c.uniform(0.015, 0.035), 1, c.uniform(-0.3, 0.3)
            )
            c.blend(region(c, at(points("-1,-0.35 -0.5,-0.45 0,0 0.5,-0.45 1,-0.35 0.5,-0.22 0,0.2 -0.5,-0.22"))), dark)


def noon_sea(c: Canvas) -> list[str]:
    """A blue or turquoise sea at noon."""
    c.horizon = c.uniform(0.3, 0.62)
    paint_sky(c, "noon")
    name, water = c.pick(
        ("blue", (18, 88, 178)), ("blue", (25, 105, 190)), ("turquoise", (40, 175, 190)), ("deep blue", (10, 55, 135))
    )
    mirror_water(c, c.horizon, c.vary(water, 10), c.uniform(0.2, 0.4), c.pick(0.15, 0.25, 0.5))
    d = c.depth(c.horizon)
    glints = smoothstep(c.ground_noise(d, c.uniform(2, 4), 4, "rough"), 0.86, 0.96) * c.below(c.horizon + 0.02)
    c.blend(glints * c.uniform(0.2, 0.7), (245, 252, 255))
    if c.chance(0.25):
        edge = c.uniform(0.76, 0.9) + 0.05 * c.ridge(1.5, "smooth")
        c.blend(np.exp(-(((c.y - edge) / 0.02) ** 2)) * 0.9, (250, 252, 252))
        c.blend(c.below(edge), c.vary((232, 208, 160)) * (0.9 + 0.15 * c.noise(6, 2, "rough"))[..., None])
    _shore(c)
    return [
        f"a {name} sea under a clear sky",
        f"a calm {name} sea",
        f"the {name} ocean on a sunny day",
        f"the calm {name} sea at midday",
        "the sea in bright daylight",
        f"{name} water to the horizon in summer",
    ]


def golden_sea(c: Canvas) -> list[str]:
    """The sun low over the sea, its disc in the sky and its path on the water."""
    c.horizon = c.uniform(0.45, 0.66)
    time = c.pick("golden sunset", "golden sunset", "golden sunset", "orange sunset", "red sunset", "pink sunset")
    paint_sky(c, time, GOLDEN if time == "golden sunset" else None)
    d, r = c.distance(*c.sun), c.uniform(0.07, 0.11)
    c.add(np.exp(-d / c.uniform(0.15, 0.3)) * 0.7, (170, 105, 35))
    disc = smoothstep(-d, -r - 0.01, -r + 0.01)
    c.blend(disc, c.vary((255, 244, 190), 6))
    c.covered(disc, np.zeros_like(disc))
    mirror_water(c, c.horizon, c.lit(c.vary((90, 80, 95), 10)), c.uniform(0.55, 0.85), c.pick(0.2, 0.35, 0.6))
    _path(c)
    _shore(c)
    name = time.split()[0]
    return [
        f"a {name} sunset over the ocean" if name != "orange" else "an orange sunset over the ocean",
        "the sun setting over the sea",
        "a low sun over the golden sea",
        "sunset at sea with a glowing sun",
        f"the {name} evening sun above the water",
        "a sunset over calm water",
    ]


@drawn_as(PAINT)
def _path(c: Canvas) -> None:
    """The path of the sun's light on the water."""
    near = c.depth(c.horizon)
    path = np.exp(-(((c.x - c.sun[0]) / (0.03 + c.uniform(0.06, 0.16) * near)) ** 2)) * c.below(c.horizon)
    ripples = smoothstep(c.ground_noise(near, 2.5, 4, "rough"), 0.3, 0.7)
    c.blend(path * ripples * 0.9, (255, 226, 140))


def starry_sea(c: Canvas) -> list[str]:
    """A night sky full of stars above dark water, mountains or hills, in which no star stands."""
    c.horizon = c.uniform(0.58, 0.8)
    paint_sky(c, "night", NIGHT)
    bright_stars(c)
    band = c.chance(0.45)
    if band:
        milky_band(c)
    if c.chance(0.25):
        c.horizon, low = c.horizon * 0.9, c.horizon
        moon(c)
        c.horizon = low
    kind = c.pick("sea", "sea", "sea", "hills", "mountains")
    if kind == "sea":
        mirror_water(c, c.horizon, c.vary((7, 14, 42), 5), c.uniform(0.12, 0.3), 0.3)
        c.blend(c.below(c.horizon) * 0.35, (6, 12, 36))
        _shore(c)
    elif kind == "mountains":
        mountains(c)
    else:
        hills(c)
    if kind == "hills" and c.chance(0.4):
        draw_tree(c, c.pick(0.2, 0.8), 0.92, 0.5, np.asarray((30, 40, 40), np.float32))
    place = {"sea": "the dark sea", "hills": "dark hills", "mountains": "the mountains"}[kind]
    return [
        f"a night sky full of stars over {place}",
        f"a starry night over {place}",
        f"countless stars above {place}",
        f"the milky way over {place}" if band else f"bright stars over {place}",
        "a starry sky at night",
        f"a dark blue starry sky above {place}",
    ]


def rainbow_land(c: Canvas) -> list[str]:
    """A bright rainbow over hills, a meadow, mountains or the sea."""
    c.horizon = c.uniform(0.5, 0.68)
    paint_sky(c, c.pick("noon", "noon", "noon", "overcast", "sunrise"))
    ground, where = c.pick(
        (hills, "green hills"),
        (hills, "the valley"),
        (meadow, "a meadow"),
        (mountains, "the mountains"),
        (None, "the sea"),
    )
    if ground:
        _bow(c, c.uniform(0.02, 0.1))
        ground(c)
    else:
        mirror_water(c, c.horizon, c.lit(c.vary((30, 90, 150))), 0.4, 0.4)
        _bow(c, 0.0)
    return [
        "a rainbow",
        "a bright rainbow in the sky",
        f"a rainbow above {where}",
        "a colorful rainbow after the rain",
        f"a big rainbow arching over {where}",
    ]


@drawn_as(PAINT)
def _bow(c: Canvas, low: float) -> None:
    """A bow of six colours above the horizon, the sky brighter below it."""
    x, y, r = c.uniform(0.25, 0.75), c.horizon + low, c.uniform(0.36, 0.5)
    d, wide = c.distance(x, y, 1.05), c.uniform(0.07, 0.12)
    t = np.clip((r - d) / wide, 0, 1)
    stops = np.asarray([COLOURS[name] for name in ("red", "orange", "yellow", "green", "blue", "violet")], np.float32)
    bow = np.stack([np.interp(t, np.linspace(0, 1, 6), stops[:, k]) for k in range(3)], -1)
    inside = smoothstep(r - d, -0.01, 0.012) * (1 - smoothstep(r - d, wide - 0.012, wide + 0.01))
    above = 1 - c.below(c.horizon + (0.1 if low else 0))
    c.blend(inside * above * c.uniform(0.7, 0.95), np.clip(bow * 1.1 + 10, 0, 255))
    c.add((d < r - wide) * above * 0.12, (255, 255, 255))


def fireworks(c: Canvas) -> list[str]:
    """Fireworks above the lit windows of a city."""
    c.horizon = 0.66
    paint_sky(c, "night")
    bursts(c)
    city(c)
    return [
        "fireworks above the skyline",
        "fireworks in a big city",
        "colorful fireworks over the roofs of a city",
        "fireworks over skyscrapers on new year's eve",
        "a city celebrating with fireworks",
    ]
