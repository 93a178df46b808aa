"""From what is to be delivered to how it is made, and what it is called."""

import re
from pathlib import Path

from pipeline.schedule.sections.video import Video
from pipeline.video.formats import FORMATS
from pipeline.video.interpolation import between
from pipeline.video.platforms import PLACES, fitted
from pipeline.video.recipe import Recipe

_WORDS = "|".join((*PLACES, *FORMATS))
_SUFFIXES = "|".join(re.escape(suffix) for suffix in sorted({known.suffix for known in FORMATS.values()}))
_DELIVERED = re.compile(rf"video(-({_WORDS}))*(-[0-9]+)?({_SUFFIXES})")


def recipe(video: Video, size: tuple[int, int], fps: float | None = None) -> Recipe:
    """How frames of (width, height) pixels, `fps` a second, become the file; sound and notes are still to come."""
    known = FORMATS[video.format]
    options = dict(known.options)
    if video.crf is not None:
        options["crf"] = video.crf
    if video.bitrate is not None:
        options.pop("crf")
        options["b:v"] = video.bitrate
    if video.preset is not None:
        options["preset"] = video.preset
    made = known.recipe(video.pix_fmt, options)
    wanted = shown_size(video, size)
    shaping = () if wanted == size else fitted(size, wanted, video.fit)
    rate = video.fps if video.fps != fps else None
    before = between(rate, video.interpolate) if rate else ()
    return Recipe(**{**vars(made), "filters": (*before, *shaping, *made.filters), "repeat": video.repeat, "rate": rate})


def shown_size(video: Video, size: tuple[int, int]) -> tuple[int, int]:
    """The size of the file's pictures, of frames of `size`."""
    return PLACES[video.place].size if video.place else video.size or size


def paths(folder: Path, videos: tuple[Video, ...]) -> list[Path]:
    """Where every file lies: the first one is video.mp4 or the like, the others say what they are."""
    found = [folder / f"video{FORMATS[videos[0].format].suffix}"]
    for video in videos[1:]:
        name = "-".join(["video", *([video.place] if video.place else []), video.format])
        suffix = FORMATS[video.format].suffix
        number = sum(path.name.startswith(f"{name}.") or path.name.startswith(f"{name}-") for path in found)
        found.append(folder / (f"{name}-{number + 1}{suffix}" if number else f"{name}{suffix}"))
    return found


def leftovers(folder: Path, videos: tuple[Video, ...]) -> list[Path]:
    """Files that other videos than these were delivered to, by their names."""
    made = {path.name for path in paths(folder, videos)}
    return sorted(path for path in folder.glob("video*") if _DELIVERED.fullmatch(path.name) and path.name not in made)
