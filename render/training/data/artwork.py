"""Public-domain photographs from Debian packages: a file is used only if the package's copyright file allows it.

endless-sky-data holds about 200 landscapes named by what they show. Its copyright file (DEP-5) gives some to the
public domain and some to CC-BY-SA; the latter are left out. What was used is written down beside the pictures.
"""

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from debian.copyright import Copyright
from numpy.typing import NDArray
from PIL import Image

from render.training.data.packages import debian_package, open_debian, origin
from render.training.data.pictures import save_set

PACKAGE = "endless-sky-data"
PICTURES = re.compile(r"^\./usr/share/games/endless-sky/(images/land/([a-z]+)\d+\.jpg)$")
"""Names with an author's suffix are not matched: all of those are CC-BY-SA, and wider patterns overrule theirs."""

FREE = {"public-domain", "CC0-1.0"}

HELD_OUT_EVERY = 8

KINDS: dict[str, list[str]] = {
    "badlands": ["badlands", "a barren rocky landscape", "dry rocks and hills", "a rocky wasteland"],
    "beach": ["a beach", "a sandy beach by the sea", "waves on a beach", "the shore of the sea"],
    "canyon": ["a canyon", "a rocky canyon", "red rock walls of a canyon", "cliffs of a deep canyon"],
    "city": ["a city", "the buildings of a city", "skyscrapers of a big city", "a view over a city"],
    "desert": ["a desert", "a dry desert landscape", "a barren desert under the sky", "a sandy desert"],
    "dune": ["sand dunes", "dunes in a desert", "ripples of sand", "a sandy desert of dunes"],
    "fields": ["fields", "green fields under the sky", "farmland", "a wide field in the countryside"],
    "fog": ["fog", "a landscape in thick fog", "trees in the mist", "a misty morning"],
    "forest": ["a forest", "trees in a forest", "a path through the woods", "a green forest"],
    "hills": ["hills", "green hills", "rolling hills under the sky", "a hilly landscape"],
    "lava": ["lava", "glowing lava", "red hot molten rock", "a volcano with lava"],
    "mountain": ["mountains", "a mountain", "a rocky mountain peak", "a mountain range under the sky"],
    "sea": ["the sea", "the ocean", "rocks in the sea", "the coast of the sea"],
    "sky": ["the sky", "clouds in the sky", "a cloudy sky", "the sky above the clouds"],
    "snow": ["snow", "a snowy landscape", "a winter landscape", "ice and snow"],
    "valley": ["a valley", "a green valley", "a valley between mountains", "mountains around a valley"],
    "water": ["water", "a lake", "calm water with reflections", "a river"],
}
"""Captions by the start of a file's name; what is not listed (interiors, space stations) is left out."""


def write_artwork(folder: Path, packages: Path, size: int) -> None:
    """folder/artwork.npy and artwork_held_out.npy, with captions, and artwork.sources.json; fetches the package."""
    package = debian_package(PACKAGE, packages)
    images: dict[str, list[NDArray[np.uint8]]] = {"artwork": [], "artwork_held_out": []}
    captions: dict[str, list[list[str]]] = {name: [] for name in images}
    used: dict[str, str] = {}
    with open_debian(package) as content:
        terms = read_terms(content, PACKAGE)
        for name, kind, licence in chosen(content, terms):
            name_of_set = "artwork" if len(used) % HELD_OUT_EVERY else "artwork_held_out"
            picture = Image.open(io.BytesIO(content.get_content(name))).convert("RGB")
            squares = cut_squares(picture, size)
            images[name_of_set] += squares
            captions[name_of_set] += [KINDS[kind]] * len(squares)
            used[name.removeprefix("./")] = licence
    for name_of_set in images:
        save_set(folder, name_of_set, np.stack(images[name_of_set]), captions[name_of_set])
    record = {"package": PACKAGE, **origin(package), "files": used}
    (folder / "artwork.sources.json").write_text(json.dumps(record, indent=1))


def read_terms(content: Any, package: str) -> Copyright:
    """A package's copyright file."""
    text = content.get_content(f"usr/share/doc/{package}/copyright", encoding="utf-8")
    return Copyright(text.splitlines(), strict=False)


def chosen(content: Any, terms: Copyright) -> list[tuple[str, str, str]]:
    """Name, kind and licence of the pictures whose licence is free and whose name says what they show."""
    out = []
    for name in sorted(content.tgz().getnames()):
        match = PICTURES.match(name)
        if not match or match[2] not in KINDS:
            continue
        paragraph = terms.find_files_paragraph(match[1])
        stated: Any = paragraph.license if paragraph else None
        licence = stated.synopsis if stated else "none stated"
        if licence in FREE:
            out.append((name, match[2], licence))
    return out


def cut_squares(picture: Image.Image, size: int) -> list[NDArray[np.uint8]]:
    """The two ends and the middle of a picture as squares (size, size, 3) of its shorter side."""
    side = min(picture.size)
    squares = []
    for place in (0.0, 0.5, 1.0) if picture.width != picture.height else (0.0,):
        x, y = (round(place * (length - side)) for length in picture.size)
        square = picture.crop((x, y, x + side, y + side)).resize((size, size), Image.Resampling.LANCZOS)
        squares.append(np.asarray(square))
    return squares
