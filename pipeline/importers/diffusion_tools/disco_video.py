"""Disco Diffusion's mode Video Input: a clip that is painted over, as a source.

Disco starts frame i from `clip * (1 - blend) + moved * blend`, where moved is the last result, moved by the optical
flow; without `video_init_flow_warp` it starts from the clip alone. It takes every `extract_nth_frame`-th frame, from
the first, and renders one frame for each.

Source: alembics/disco-diffusion, disco.py. What differs: it does not check the flow, although a setting names a check.
"""

from pipeline.importers.files import Entry
from pipeline.importers.motion.clips import find_clip
from pipeline.importers.motion.extraction import Extraction, Footage, count_taken
from pipeline.importers.notes import Effect, Notes
from pipeline.importers.settings import Settings
from pipeline.importers.values.keys import number
from pipeline.importers.values.series import MAX_FRAMES

VIDEO = "Video Input"
_BLEND = 0.999


def read_footage(settings: Settings, fps: float, notes: Notes) -> Footage:
    """Read the clip and which of its frames are used. Raises `InputError`."""
    clip = find_clip(settings, "video_init_path", notes)
    extraction = Extraction(nth=settings.integer("extract_nth_frame", 2, 1, MAX_FRAMES))
    if clip is not None:
        frames = count_taken(settings, "max_frames", clip, extraction, notes)
    else:
        frames = settings.integer("max_frames", 1, 1, MAX_FRAMES)
    return Footage(clip=clip, extraction=extraction, frames=frames, fps=fps)


def source(settings: Settings, footage: Footage, notes: Notes) -> dict[str, Entry]:
    """Read the section `source`; {} without a clip."""
    blend = min(max(settings.number("video_init_flow_blend", _BLEND), 0.0), 1.0)
    warped = settings.flag("video_init_flow_warp", True)
    if footage.clip is None:
        return {}
    if warped and not settings.flag("video_init_check_consistency"):
        notes.add(
            "video_init_check_consistency: Disco keeps what the flow moves everywhere; here the clip is shown where"
            " its motion is unknown",
            Effect.LOOK,
        )
    settings.read("video_init_check_consistency")
    return {**footage.played(), "fit": "stretch", "mix": number(blend if warped else 0.0), **footage.silent()}
