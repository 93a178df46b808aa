"""Chooses a hardware encoder: tries those that the schedule allows on a few pictures and falls back to software.

Hardware encoders are fast, but their files are larger at the same quality and differ between machines, so software is
the default.
"""

from collections.abc import Callable
from textwrap import shorten

from pipeline.schedule.sections.output_video import AUTO, SOFTWARE, Video
from pipeline.video import formats
from pipeline.video.encoders import family_of, quality_in_hardware
from pipeline.video.recipe import Filter, Recipe

Trial = Callable[[Recipe], str]  # returns why a recipe fails on this machine; "" if it works


def candidates(video: Video) -> tuple[str, ...]:
    """The hardware encoders to try, best first; none if the schedule wants software."""
    if video.encoder == SOFTWARE:
        return ()
    return formats.find(video.format).hardware if video.encoder == AUTO else (video.encoder,)


def with_encoder(recipe: Recipe, video: Video, encoder: str) -> Recipe:
    """The recipe with a hardware encoder instead of the software one."""
    known = formats.find(video.format)
    family = family_of(encoder)
    deep = video.pix_fmt.endswith("10le")
    layout: Filter = ("format", {"pix_fmts": "p010le" if deep else "nv12"})
    upload: tuple[Filter, ...] = (("hwupload", {}),) if family == "vaapi" else ()
    crf = video.crf if video.crf is not None else (known.crf or (20, 51))[0]
    quality = {"b:v": video.bitrate} if video.bitrate else quality_in_hardware(encoder, crf)
    return Recipe(
        **{
            **vars(recipe),
            "filters": (*recipe.filters, layout, *upload),
            "options": {**known.container_options, "vcodec": encoder, **quality},
            "device": "vaapi=main:" if family == "vaapi" else "",
        }
    )


def choose_encoder(recipe: Recipe, video: Video, trial: Trial, warn: Callable[[str], None]) -> Recipe:
    """The recipe for the first encoder that works here; if none does, the software recipe, with a warning."""
    complaints = []
    for encoder in candidates(video):
        found = with_encoder(recipe, video, encoder)
        if not (complaint := trial(found)):
            return found
        complaints.append(f"{encoder}: {shorten(complaint, 60)}")
    if complaints:
        software = recipe.options["vcodec"]
        warn(f"no hardware encoder for {video.format} works here, so {software} is used ({'; '.join(complaints)})")
    return recipe
