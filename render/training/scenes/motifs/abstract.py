"""Colours and patterns without a scene: what colour words and pattern words mean."""

import numpy as np

from render.training.scenes.canvas import Canvas, smoothstep
from render.training.scenes.palette import COLOURS
from render.training.scenes.sky import article


def colour_field(c: Canvas) -> list[str]:
    """One colour with a soft texture."""
    name = c.pick(*COLOURS)
    c.image = (
        c.vary(COLOURS[name])
        * (0.7 + 0.5 * c.noise(c.uniform(1, 8), c.uniform(0.4, 3), c.pick("rough", "cloudy", "smooth")))[..., None]
    )
    return [
        name,
        f"the color {name}",
        f"{article(name)} {name} background",
        f"{name} texture",
        f"abstract {name}",
        f"{name} paint",
    ]


def two_colours(c: Canvas) -> list[str]:
    """Two colours as a gradient, clouds, shapes, stripes, a spiral or rings."""
    a, b = (str(v) for v in c.rng.choice(list(COLOURS), 2, replace=False))
    f = c.noise(c.uniform(1.5, 5))
    angle, rate = c.uniform(-1, 1), c.uniform(25, 60)
    radius, turn = c.distance(0.5, 0.5), np.arctan2(c.y - 0.5, c.x - 0.5)
    mixes = {
        f"a gradient from {a} to {b}": c.y * np.ones_like(f),
        f"{a} and {b} gradient": c.x * np.ones_like(f),
        f"{a} and {b} clouds of paint": f,
        f"swirling {a} and {b} paint": np.sin(f * 14) * 0.5 + 0.5,
        f"abstract {a} and {b} shapes": smoothstep(f, 0.46, 0.54),
        f"{a} and {b} marble": np.abs(np.sin(f * 9 + c.x * 4)),
        f"{a} and {b} stripes": smoothstep(np.sin((c.x * angle + c.y * (1 - abs(angle))) * rate), -0.2, 0.2),
        f"{a} and {b} spiral": np.sin(radius * 40 + turn * c.pick(1, 2, -1)) * 0.5 + 0.5,
        f"{a} and {b} rings": np.sin(radius * c.uniform(30, 60)) * 0.5 + 0.5,
    }
    words = c.pick(*mixes)
    g = np.asarray(mixes[words], np.float32)[..., None]
    c.image = (c.vary(COLOURS[a]) * (1 - g) + c.vary(COLOURS[b]) * g).astype(np.float32)
    return [f"{a} and {b}", words, f"abstract {a} and {b} painting", f"{a} and {b} colors"]


def rainbow_colours(c: Canvas) -> list[str]:
    """Many bright colours at once."""
    f = c.noise(c.uniform(1, 3), 1, c.pick("cloudy", "smooth")) * c.uniform(5, 12) + (c.x + c.y) * c.uniform(0, 4)
    c.image = np.stack([np.sin(f + p) * 127 + 128 for p in (0, 2.1, 4.2)], -1).astype(np.float32) * c.uniform(0.75, 1)
    return [
        "a colorful abstract painting",
        "rainbow colors",
        "a psychedelic pattern",
        "colorful swirls",
        "bright abstract colors",
        "a colorful pattern",
    ]


def bokeh(c: Canvas) -> list[str]:
    """Soft discs of light out of focus."""
    c.image[:] = c.vary(c.pick((12, 10, 24), (30, 16, 10), (8, 20, 30)), 6)
    tones = [c.vary(c.pick(*COLOURS.values()), 10) for _ in range(c.count(1, 4))]
    for _ in range(c.count(12, 40)):
        r = c.uniform(0.02, 0.11)
        c.add(
            smoothstep(-c.distance(c.uniform(0, 1), c.uniform(0, 1)), -r, -r + 0.02) * c.uniform(0.15, 0.6),
            tones[c.count(0, len(tones) - 1)],
        )
    return ["bokeh lights", "blurred lights in the dark", "soft glowing lights", "glowing light spots"]


def crystal(c: Canvas) -> list[str]:
    """Facets of a few shades: a Voronoi pattern with shaded cells."""
    name = c.pick("blue", "purple", "turquoise", "pink", "white", "green", "golden")
    points, tones = c.rng.random((c.count(14, 60), 2)), c.rng.uniform(0.35, 1.3, 60)
    d = (c.x[..., None] - points[:, 0]) ** 2 + (c.y[..., None] - points[:, 1]) ** 2
    order = np.argpartition(d, 1, axis=-1)[..., :2]
    near = np.sort(np.take_along_axis(d, order, -1), -1)
    edge = np.clip(1 - (np.sqrt(near[..., 1]) - np.sqrt(near[..., 0])) * 40, 0, 1)
    c.image = (c.vary(COLOURS[name]) * tones[d.argmin(-1)][..., None]).astype(np.float32)
    glass = c.chance(0.3)
    c.blend(edge * 0.7, (20, 18, 22) if glass else (250, 250, 255))
    if glass:
        return ["a stained glass window", "stained glass", f"{name} stained glass"]
    return [f"{name} crystals", f"a {name} crystal", "a crystal texture", f"shiny {name} gemstones"]


def shape(c: Canvas) -> list[str]:
    """A plain shape on a plain ground."""
    a, b = (str(v) for v in c.rng.choice(list(COLOURS), 2, replace=False))
    x, y, r, kind = (
        c.uniform(0.35, 0.65),
        c.uniform(0.35, 0.65),
        c.uniform(0.15, 0.32),
        c.pick("circle", "square", "triangle"),
    )
    c.image = c.vary(COLOURS[b]) * (0.85 + 0.2 * c.noise(3))[..., None]

    def draw(p, n):  # type: ignore[no-untyped-def]
        box = [(x - r) * n, (y - r) * n, (x + r) * n, (y + r) * n]
        if kind == "circle":
            p.ellipse(box, fill=255)
        elif kind == "square":
            p.rectangle(box, fill=255)
        else:
            p.polygon([(x * n, (y - r) * n), ((x + r) * n, (y + r) * n), ((x - r) * n, (y + r) * n)], fill=255)

    c.blend(c.shape(draw), c.vary(COLOURS[a]))
    return [f"{article(a)} {a} {kind} on {article(b)} {b} background", f"{article(a)} {a} {kind}"]
