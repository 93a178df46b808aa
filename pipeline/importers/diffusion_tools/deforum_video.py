"""Deforum's clips: the mode Video Input and hybrid composites as a source, hybrid motion alone as motion.

Video Input starts every frame from the clip's own. A hybrid composite starts frame i from
`moved * (1 - alpha) + clip * alpha`, where moved is the last frame after its moves: a source whose `mix` is 1 - alpha.
Hybrid motion moves the last frame by the clip's optical flow, times a factor.

Of the clip, frames whose number is divisible by `extract_nth_frame` are taken, from `extract_from_frame` to
`extract_to_frame` (-1: to the end), and one frame is rendered for each.

Source: deforum-art/sd-webui-deforum, scripts/deforum_helpers/hybrid_video.py, render.py, render_modes.py and
    video_audio_utilities.py (vid2frames).
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pipeline.importers.files import Entry, File
from pipeline.importers.frame import read_series
from pipeline.importers.motion.clips import find_clip
from pipeline.importers.motion.extraction import Extraction, Footage, count_taken, read_extraction
from pipeline.importers.motion.lost_motion import moving_fields
from pipeline.importers.notes import Effect, Notes
from pipeline.importers.settings import Settings, shown
from pipeline.importers.values.keys import number, value_keys
from pipeline.importers.values.series import Series

VIDEO = "Video Input"
_COMPOSITES = ("normal", "before motion", "after generation", "true")
_MOTIONS = ("optical flow", "affine", "perspective")
_DRIFT = "20%"  # the radius over which the flow is averaged where Deforum fits one motion of the whole picture


def read_footage(settings: Settings, mode: str, frames: int, fps: float, notes: Notes) -> Footage | None:
    """Read the clip and which of its frames are used; None if the settings use none. Raises `InputError`.

    Args:
        frames: of the video, if the clip does not decide.
    """
    if mode != VIDEO and not (mode in ("2D", "3D") and (_composite(settings) or _moved(settings))):
        return None
    extraction = _extraction(settings)
    if _is_still(settings, mode):
        return Footage(clip=None, extraction=extraction, frames=frames, fps=fps)
    clip = find_clip(settings, "video_init_path", notes)
    if clip is not None:
        frames = count_taken(settings, "max_frames", clip, extraction, notes)
    return Footage(clip=clip, extraction=extraction, frames=frames, fps=fps)


def _extraction(settings: Settings) -> Extraction:
    found = read_extraction(
        settings, nth="extract_nth_frame", first="extract_from_frame", last="extract_to_frame", unlimited=-1
    )
    return replace(found, first=-(-found.first // found.nth) * found.nth)


def source(
    settings: Settings, mode: str, footage: Footage, read: Callable[[str], Series], moves: bool, notes: Notes
) -> dict[str, Entry]:
    """Read the section `source`; {} without a clip, or if only its motion is used.

    Args:
        read: reads a keyframe string.
        moves: whether the settings have 2D motion as well.
    """
    composite = _composite(settings)
    if mode != VIDEO and not composite:
        return {}
    still = _is_still(settings, mode)
    if footage.clip is None and not still:
        return {}
    begin = File(setting="init_image", written=settings.text("init_image"))
    shows: dict[str, Entry] = {"image": begin} if still else {**footage.played(), **footage.silent()}
    if mode == VIDEO:
        return {**shows, "fit": "stretch", "mix": "0"}
    alpha = np.clip(read_series(settings, "hybrid_comp_alpha_schedule", "0: (0.5)", read, notes).values, 0.0, 1.0)
    _report_composite(settings, composite, moves, notes)
    return {**shows, "fit": "stretch", "mix": value_keys(1 - alpha)}


def flow(settings: Settings, footage: Footage, read: Callable[[str], Series], notes: Notes) -> dict[str, Entry]:
    """Read the entries of `motion: {flow: ...}`; {} without a clip, or if the clip is a source."""
    kind = _moved(settings)
    if footage.clip is None or not kind or _composite(settings):
        return {}
    _report_method(settings, notes)
    found: dict[str, Entry] = {**footage.played(), "fit": "stretch"}
    if kind == "optical flow":
        factor = read_series(settings, "hybrid_flow_factor_schedule", "0: (1)", read, notes).values
        found["amount"] = value_keys(np.clip(factor, -100.0, 100.0))
    else:
        found["smooth"] = _DRIFT
        line = f"hybrid_motion {shown(kind)}: Deforum fits one motion; here the clip's flow is averaged over {_DRIFT}"
        notes.add(line, Effect.MOTION)
    if settings.flag("hybrid_use_first_frame_as_init_image", True):
        notes.add(
            "hybrid_use_first_frame_as_init_image: only the clip's motion is used; the first frame is drawn from the"
            " prompts",
            Effect.PROMPTS,
        )
    return found


def _report_composite(settings: Settings, composite: str, moves: bool, notes: Notes) -> None:
    kind = _moved(settings)
    if kind != "optical flow":
        what = f"hybrid_motion {shown(kind)}" if kind else "hybrid_motion None: Deforum does not move the last frame"
        notes.add(f"{what}; here it is moved by the clip's flow", Effect.MOTION)
    elif factor := moving_fields(settings, {"hybrid_flow_factor_schedule": 1.0}):
        notes.add(f"{factor}: the last frame is moved exactly as the clip moves", Effect.MOTION)
    _report_method(settings, notes)
    if moves:
        notes.add("hybrid_composite: the 2D motion moves the clip as well, so that both stay aligned", Effect.MOTION)
    if composite == "before motion":
        notes.add("hybrid_composite Before Motion: the clip is mixed in after the motion", Effect.LOOK)
    if composite == "after generation":
        notes.add("hybrid_composite After Generation: the clip is mixed in before a frame is painted", Effect.LOOK)
    if settings.is_on("hybrid_comp_mask_type"):
        mask = shown(settings.read("hybrid_comp_mask_type"))
        notes.add(f"hybrid_comp_mask_type = {mask}: no mask is made; alpha counts everywhere", Effect.LOOK)
    if not settings.flag("hybrid_use_first_frame_as_init_image", True):
        notes.add("hybrid_use_first_frame_as_init_image is off: for that, write start: noise", Effect.PROMPTS)


def _report_method(settings: Settings, notes: Notes) -> None:
    method = settings.text("hybrid_flow_method")
    if method and "dis" not in method.lower() and _moved(settings) == "optical flow":
        raft = "; models: {flow: raft-large} names RAFT" if method.strip().lower() == "raft" else ""
        notes.add(f"hybrid_flow_method {shown(method)}: DIS is used{raft}", Effect.LOOK)
    for name in ("hybrid_motion", "hybrid_composite", "hybrid_flow_consistency", "hybrid_generate_inputframes"):
        settings.read(name)


def colour(settings: Settings, notes: Notes) -> dict[str, Entry]:
    """What colours are matched to beside a source: the clip's own frame, for `color_coherence` Video Input."""
    if not settings.equals("color_coherence", "video input"):
        return {}
    settings.read("color_coherence")
    every = settings.number("color_coherence_video_every_N_frames", 1)
    if every != 1:
        notes.add(f"color_coherence_video_every_N_frames = {number(every)}: every frame is matched", Effect.LOOK)
    return {"match": "source", "method": "histogram"}


def _composite(settings: Settings) -> str:
    return next((word for word in _COMPOSITES if settings.equals("hybrid_composite", word)), "")


def _moved(settings: Settings) -> str:
    return next((word for word in _MOTIONS if settings.equals("hybrid_motion", word)), "")


def _is_still(settings: Settings, mode: str) -> bool:
    """Whether the init image takes the place of the clip's frames."""
    used = mode != VIDEO and _composite(settings) and settings.flag("hybrid_use_init_image")
    return bool(used) and settings.is_on("init_image")
