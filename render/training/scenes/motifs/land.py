"""Land: mountains, hills, desert, snow, canyon, volcano. A motif draws below the horizon and names itself."""

import numpy as np

from render.training.scenes.canvas import Array, Canvas, floor, smoothstep

MOUNTAINS: dict[str, tuple[tuple[int, int, int], list[str]]] = {
    "snow": (
        (228, 235, 247),
        [
            "snowy mountains",
            "a snowy mountain",
            "snow-covered mountains",
            "a snow-capped mountain peak",
            "white alpine peaks",
        ],
    ),
    "rock": (
        (118, 110, 106),
        ["rocky mountains", "a mountain range", "mountains", "a steep rocky peak", "gray mountains"],
    ),
    "green": ((72, 115, 62), ["green mountains", "green hills", "rolling green hills", "forested mountains"]),
    "blue": (
        (70, 90, 130),
        ["distant blue mountains", "layers of misty mountains", "mountains fading in the distance"],
    ),
}


def mountains(c: Canvas) -> list[str]:
    """One to four ranges, lit from the sun's side, paler with distance."""
    kind = c.pick("snow", "snow", "snow", "rock", "green", "blue")
    haze = c.image[max(0, int(c.horizon * c.size) - 3)].mean(0)
    ranges = c.count(2, 4) if kind == "blue" else c.count(1, 3)
    silhouette = ("sun" in c.time and c.chance(0.35)) or kind == "blue"
    peak = c.uniform(0.22, 0.5)
    for k in range(ranges):
        far = 1 - (k + 1) / ranges
        edge = c.horizon + 0.1 + 0.09 * k - (peak - 0.09 * k) * _profile(c)
        if silhouette:
            colour = np.asarray(MOUNTAINS["blue"][0]) * c.light * 0.35 * np.ones_like(c.image)
        else:
            colour = _slopes(c, edge, kind)
        c.blend(c.below(edge), colour * (1 - 0.5 * far) + haze * 0.5 * far)
    if c.chance(0.4) and kind != "blue":
        floor(
            c,
            c.uniform(0.7, 0.85),
            {"snow": (232, 238, 246), "rock": (120, 110, 90), "green": (70, 130, 55)}[kind],
        )
    return MOUNTAINS[kind][1]


def _profile(c: Canvas) -> Array:
    """A range's outline (S,) in [0, 1]: noise, half of the time gathered into one high summit."""
    line = 0.75 * c.ridge(c.uniform(1.5, 4), "cloudy") + 0.12 * c.ridge(16, "rough")
    if c.chance(0.5):
        summit = np.clip(1 - np.abs(c.x[0] - c.uniform(0.25, 0.75)) / c.uniform(0.3, 0.6), 0, 1)
        line = 0.8 * summit + 0.3 * line
    return np.asarray(line, np.float32)


def _slopes(c: Canvas, edge: Array, kind: str) -> Array:
    """Light and shade of a mountain face, with snow down to a ragged line."""
    n = c.noise(4, 0.8, "cloudy")
    tilt = np.gradient(edge)[None] * c.size * (1 if c.sun[0] > 0.5 else -1)
    facets = np.clip(0.78 + 0.25 * np.tanh(2 * tilt * (n - 0.2)) + (n - 0.5) * 0.75, 0.25, 1.25)[..., None]
    colour = c.vary(MOUNTAINS[kind][0], 10) * facets * c.light
    if kind == "snow":
        bare = smoothstep(c.y - edge[None] + (n - 0.5) * 0.4, c.uniform(0.05, 0.3), 0.55)[..., None] * 0.85
        colour = colour * (1 - bare) + np.asarray((72, 76, 92)) * c.light * facets * bare
    return np.asarray(np.clip(colour, 0, 255), np.float32)


def hills(c: Canvas) -> list[str]:
    """Rolling hills in bands."""
    base = np.asarray(c.pick((85, 150, 60), (110, 160, 70), (165, 150, 70), (70, 125, 55)), np.float32)
    for k in range(c.count(2, 5)):
        edge = c.horizon + 0.02 + 0.11 * k - 0.13 * c.ridge(c.uniform(0.8, 2), "smooth")
        c.blend(
            c.below(edge),
            c.lit(c.vary(base * (1 - 0.07 * k), 8)) * (0.8 + 0.35 * c.noise(4, 2, "rough"))[..., None],
        )
    return [
        "rolling hills",
        "green rolling hills",
        "a green valley",
        "hills in the countryside",
        "grassy hills",
    ]


def desert(c: Canvas) -> list[str]:
    """Dunes with a sharp lit and shaded side and wind ripples."""
    sand = c.vary(c.pick((226, 175, 105), (235, 195, 130), (205, 130, 75)), 12)
    floor(c, c.horizon + 0.02, sand)
    for k in range(c.count(2, 5)):
        edge = c.horizon + 0.05 + 0.12 * k - c.uniform(0.1, 0.24) * c.ridge(c.uniform(0.8, 2), "smooth")
        tilt = np.gradient(edge)[None] * c.size
        ripples = 0.05 * np.sin(c.y * c.uniform(90, 170) + c.noise(2, 1, "smooth") * 12)
        c.blend(c.below(edge), c.lit(sand) * (0.8 + 0.32 * np.tanh(tilt * 3) + ripples)[..., None])
    return ["desert sand dunes", "a desert", "sand dunes", "golden desert dunes", "dunes in a sandy desert"]


def canyon(c: Canvas) -> list[str]:
    """Layered red rock walls and towers."""
    rock = c.vary((190, 95, 55), 14)
    floor(c, c.horizon + 0.05, rock * 0.9)
    for k in range(c.count(2, 4)):
        raw = c.ridge(c.uniform(1, 3), "cloudy")
        edge = c.horizon + 0.1 + 0.12 * k - 0.4 * np.round(raw * 3) / 3 * (1 - 0.2 * k) - 0.03 * c.ridge(12, "rough")
        layers = 0.12 * np.sin(c.y * c.uniform(50, 90) + c.noise(2) * 3)
        c.blend(c.below(edge), c.lit(rock) * (0.75 + layers + 0.3 * c.noise(6, 0.4))[..., None])
    return [
        "a red rock canyon",
        "a canyon",
        "red desert cliffs",
        "rock towers in the desert",
        "a deep canyon",
    ]


def snowfield(c: Canvas) -> list[str]:
    """Smooth snow, often with snowy firs."""
    from render.training.scenes.motifs.plants import firs

    floor(c, c.horizon, (236, 241, 249), 1.5, 0.25)
    for k in range(c.count(0, 3)):
        edge = c.horizon + 0.06 + 0.14 * k - 0.1 * c.ridge(1.2, "smooth")
        c.blend(c.below(edge), c.lit((232, 239, 250)) * (0.88 + 0.14 * c.noise(3, 2, "smooth"))[..., None])
    if c.chance(0.65):
        firs(c, c.count(3, 14), snow=True)
    return [
        "a snowy landscape",
        "a field of snow",
        "a winter landscape",
        "deep snow",
        "a white winter scene",
        "a frozen snowy plain",
    ]


def volcano(c: Canvas) -> list[str]:
    """A cone with lava streams, a glowing plume and ash."""
    floor(c, 0.8, (60, 50, 45))
    x, w, top = c.uniform(0.3, 0.7), c.uniform(0.26, 0.45), c.uniform(0.28, 0.42)
    half = np.clip((c.y - top) / (0.9 - top), 0, 1) ** 1.2 * w + 0.04
    inside = np.clip((half - np.abs(c.x - x)) * c.size * 0.5 + 0.5, 0, 1) * c.below(top) * (1 - c.below(0.9))
    c.blend(inside, (c.lit((80, 62, 56)) + 10) * (0.5 + 0.8 * c.noise(6, 0.6))[..., None])
    plume = np.exp(-(((c.x - x) / (0.07 + 0.35 * np.clip(top - c.y, 0, 1))) ** 2)) * (1 - c.below(top + 0.02))
    c.blend(plume * smoothstep(c.noise(4), 0.15, 0.6), c.vary((70, 62, 64)))
    c.add(np.exp(-c.distance(x, top - 0.03) / c.uniform(0.06, 0.14)), (255, 120, 35))
    for _ in range(c.count(1, 4)):
        drift, swing = c.uniform(-0.7, 0.7), c.uniform(8, 16)
        line = x + drift * (c.y - top) * w * 1.4 + 0.015 * np.sin(c.y * swing)
        stream = (
            np.clip(1 - np.abs(c.x - line) / (0.012 + 0.04 * (c.y - top)), 0, 1) * c.below(top) * (1 - c.below(0.92))
        )
        c.blend(stream, (255, 125, 25))
    return [
        "an erupting volcano",
        "a volcano with glowing lava",
        "a volcanic eruption",
        "a volcano spitting fire and lava",
    ]


def ruins(c: Canvas) -> list[str]:
    """Stone columns on a plain."""
    floor(c, c.horizon + 0.1, c.pick((150, 140, 110), (110, 130, 80)))
    stone = c.vary((190, 180, 160))
    y, h = c.uniform(0.72, 0.85), c.uniform(0.3, 0.5)
    for x in np.linspace(c.uniform(0.08, 0.2), c.uniform(0.8, 0.95), c.count(4, 8)):
        top = y - h * c.pick(1, 1, 0.5, 0.75)
        column = (np.abs(c.x - x) < 0.022) * c.below(top) * (1 - c.below(y))
        c.blend(column.astype(np.float32), c.lit(stone) * (0.75 + 12 * (c.x - x))[..., None])
    if c.chance(0.5):
        c.blend(c.below(y - h - 0.04) * (1 - c.below(y - h)) * (np.abs(c.x - 0.5) < 0.4), c.lit(stone * 0.9))
    return ["ancient ruins", "a ruined temple with columns", "an ancient temple", "old stone columns"]
