"""Pictures of one subject each, all subjects equally often: animals, vehicles, buildings, things, seas.

They are a set of their own beside the scenes of `compose` and `skies`, whose seeds they leave as they are. A bank of
first pictures needs every subject; training needs the wider mixture of `compose`, too.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from render.training.scenes import weather
from render.training.scenes.canvas import Canvas
from render.training.scenes.compose import Motif, sentences
from render.training.scenes.held_out import is_held_out
from render.training.scenes.motifs import (
    animals,
    boats,
    figures,
    garden,
    glass,
    goods,
    halls,
    heads,
    lights,
    marine,
    monuments,
    music,
    people,
    travel,
    vistas,
    winged,
)
from render.training.scenes.sky import paint_sky
from render.training.scenes.styles import STYLES, WORDS

DAY = ("noon", "noon", "noon", "golden sunset", "orange sunset", "pink sunset", "sunrise", "overcast")
NIGHT = ("night", "night", "dusk", "moonlight")
STYLED = ("oil", "oil", "oil", "watercolor", "vivid", "vivid", "poster", "pastel", "synthwave", "mono")


@dataclass(frozen=True)
class Subject:
    """What draws it, and the times of day whose sky it stands under; without one, it fills the picture."""

    draw: Motif
    times: tuple[str, ...] = ()
    weather: float = 0.0


SUBJECTS: dict[str, Subject] = {
    "bamboo": Subject(garden.bamboo),
    "terraces": Subject(garden.terraces, DAY, 0.08),
    "sunflowers": Subject(garden.sunflowers, DAY),
    "mushrooms": Subject(garden.mushrooms),
    "cat": Subject(animals.cat),
    "owl": Subject(animals.owl),
    "deer": Subject(animals.deer, (*DAY, "moonlight")),
    "wolf": Subject(animals.wolf, ("night",)),
    "butterfly": Subject(winged.butterfly),
    "peacock": Subject(winged.peacock),
    "dragon": Subject(winged.dragon, (*DAY, "red sunset", "storm", "night", "dusk")),
    "fruit": Subject(goods.fruit),
    "market": Subject(goods.market, DAY),
    "lanterns": Subject(lights.lanterns, ("night", "night", "dusk")),
    "cathedral": Subject(glass.cathedral),
    "mandala": Subject(glass.mandala),
    "tiles": Subject(glass.tiles),
    "jellyfish": Subject(marine.jellyfish),
    "whale": Subject(marine.whale),
    "koi": Subject(marine.koi),
    "astronaut": Subject(figures.astronaut),
    "skull": Subject(heads.skull),
    "eye": Subject(heads.eye),
    "robot": Subject(figures.robot),
    "concert": Subject(people.concert),
    "dancer": Subject(people.dancer),
    "profile": Subject(people.profile, (*DAY, *NIGHT)),
    "hands": Subject(people.hands),
    "piano": Subject(music.piano),
    "guitar": Subject(music.guitar),
    "record": Subject(music.record),
    "tunnel": Subject(halls.tunnel),
    "stairs": Subject(halls.stairs),
    "library": Subject(halls.library),
    "clock": Subject(halls.clock),
    "ice cave": Subject(halls.ice_cave),
    "pyramids": Subject(monuments.pyramids, (*DAY, *NIGHT)),
    "torii": Subject(monuments.torii, (*DAY, "dusk", "moonlight"), 0.05),
    "pagoda": Subject(monuments.pagoda, (*DAY, "dusk", "night"), 0.05),
    "eclipse": Subject(monuments.eclipse, ("night", "dusk", "night", "red sunset")),
    "noon sea": Subject(vistas.noon_sea),
    "golden sea": Subject(vistas.golden_sea),
    "starry night": Subject(vistas.starry_sea),
    "rainbow": Subject(vistas.rainbow_land),
    "fireworks": Subject(vistas.fireworks),
    "train": Subject(travel.train, (*DAY, "dusk", "night"), 0.05),
    "balloons": Subject(travel.balloons, DAY),
    "ship": Subject(boats.ship, (*DAY, "storm", "moonlight", "moonlight"), 0.05),
    "harbour": Subject(boats.harbour, (*DAY, "sunrise", "sunrise", "dusk", "night"), 0.05),
}


def _under_sky(c: Canvas, subject: Subject) -> list[str]:
    """A subject under one of its skies, in fog or rain now and then."""
    c.horizon = c.uniform(0.45, 0.66)
    sky = paint_sky(c, c.pick(*subject.times))
    words = subject.draw(c)
    over = []
    if c.chance(subject.weather):
        over = (weather.fog if c.chance(0.6) else weather.rain)(c)
    return sentences(c, words, sky, over)


def make_subject(seed: int, size: int = 96, name: str | None = None) -> tuple[NDArray[np.uint8], list[str]]:
    """A picture uint8 (size, size, 3) of a subject, or of the one named, and its captions, by seed."""
    return draw_subject(Canvas(np.random.default_rng(seed), size), name)


def draw_subject(c: Canvas, name: str | None = None) -> tuple[NDArray[np.uint8], list[str]]:
    """`make_subject` on this canvas."""
    drawn = str(c.pick(*SUBJECTS))
    c.subject = name or drawn
    subject = SUBJECTS[c.subject]
    captions = _under_sky(c, subject) if subject.times else subject.draw(c)
    c.image = np.clip(c.image, 0, 255).astype(np.float32)
    if c.chance(0.12):
        style = c.pick(*STYLED)
        STYLES[style](c)
        captions = [c.pick(*WORDS[style]).format(caption) for caption in captions]
    noisy = c.image + c.rng.normal(0, c.pick(0.5, 1.5, 3), c.image.shape)
    words = [caption for caption in dict.fromkeys(captions) if not is_held_out(caption)]
    return np.clip(noisy, 0, 255).astype(np.uint8), words or ["a picture"]
