"""Encoders in hardware, where there are any: asked for, tried on a few pictures, and let go of where they fail.

They are fast and larger for the same quality, and differ from machine to machine; so nothing uses one unasked.
"""

from collections.abc import Callable, Mapping
from textwrap import shorten

from pipeline.schedule.sections.video import AUTO, SOFTWARE, Video
from pipeline.video.formats import FORMATS
from pipeline.video.recipe import Filter, Recipe

Options = Mapping[str, str | int | float]
Trial = Callable[[Recipe], str]  # what is wrong with a recipe on this machine; "" where nothing is

_OWN = ("vcodec", "crf", "preset", "x265-params")  # what only the software understands


def candidates(video: Video) -> tuple[str, ...]:
    """The encoders to try, the best one first; none where the software is asked for."""
    if video.encoder == SOFTWARE:
        return ()
    return FORMATS[video.format].hardware if video.encoder == AUTO else (video.encoder,)


def with_encoder(recipe: Recipe, video: Video, encoder: str) -> Recipe:
    """The recipe with an encoder in hardware in the place of the software."""
    kept = {name: value for name, value in recipe.options.items() if name not in _OWN and name != "b:v"}
    family = encoder.partition("_")[2]
    deep = video.pix_fmt.endswith("10le")
    layout: Filter = ("format", {"pix_fmts": "p010le" if deep else "nv12"})
    upload: tuple[Filter, ...] = (("hwupload", {}),) if family == "vaapi" else ()
    crf = video.crf if video.crf is not None else (FORMATS[video.format].crf or (20, 51))[0]
    quality = {"b:v": video.bitrate} if video.bitrate else _quality(family, crf)
    return Recipe(
        **{
            **vars(recipe),
            "filters": (*recipe.filters, layout, *upload),
            "options": {**kept, "vcodec": encoder, **quality},
            "device": "vaapi=main:" if family == "vaapi" else "",
        }
    )


def _quality(family: str, crf: int) -> Options:
    """About the quality of software at `crf`, in the words of each family."""
    words: dict[str, Options] = {
        "nvenc": {"rc": "vbr", "cq": crf, "b:v": 0, "preset": "p6", "tune": "hq"},
        "videotoolbox": {"q:v": round(100 - crf * 100 / 63)},
        "qsv": {"global_quality": crf},
        "vaapi": {"rc_mode": "CQP", "global_quality": crf},
    }
    return words[family]


def chosen(recipe: Recipe, video: Video, trial: Trial, warn: Callable[[str], None]) -> Recipe:
    """The recipe by the first encoder that works here; by the software, with a warning, where none does."""
    complaints = []
    for encoder in candidates(video):
        found = with_encoder(recipe, video, encoder)
        if not (complaint := trial(found)):
            return found
        complaints.append(f"{encoder}: {shorten(complaint, 60)}")
    if complaints:
        software = recipe.options["vcodec"]
        warn(f"no encoder in hardware for {video.format} here, {software} makes it ({'; '.join(complaints)})")
    return recipe
