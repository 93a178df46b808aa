"""The clip that WarpFusion paints over, as a source: its frames, how results are mixed in, its colours and its masks.

WarpFusion starts frame i from `clip * (1 - blend) + blend * (moved * trust + clip * (1 - trust))`, where moved is the
last result, moved by the optical flow, and trust is where the flow is consistent. That is a `source:` whose `mix` is
the blend.

Source: Sxela/WarpFusion, do_run, do_3d_step, warp and get_frame_from_color_mode.
"""

from collections.abc import Mapping

import numpy as np

from pipeline.curves.array import Array
from pipeline.importers.diffusion_tools.warp_schedules import scheduled
from pipeline.importers.files import Entry, File
from pipeline.importers.motion.clips import FoundClip, find_clip
from pipeline.importers.motion.extraction import (
    FASTEST,
    SLOWEST,
    Extraction,
    Footage,
    count_taken,
    possible,
    read_extraction,
    with_sound,
)
from pipeline.importers.motion.lost_motion import moving_fields
from pipeline.importers.notes import Effect, Notes
from pipeline.importers.settings import Settings, shown
from pipeline.importers.values.keys import Keys, number, value_keys
from pipeline.importers.values.series import MAX_FRAMES

Sections = dict[str, Mapping[str, Entry]]
_FPS, _FRAMES = 24, 120
_MOST_STEPS = 1000
_METHODS = {"pdf": "histogram"}  # the others match means and spreads
_CHECKS = {
    **dict.fromkeys(("missed_consistency_weight", "overshoot_consistency_weight", "edges_consistency_weight"), 1.0),
    **dict.fromkeys(("consistency_blur", "soften_consistency_mask", "forward_weights_clip"), 0.0),
}


def read_footage(settings: Settings, notes: Notes) -> Footage:
    """Read the clip, which of its frames are used, and the clock. Raises `InputError`."""
    clip = find_clip(settings, "video_init_path", notes)
    extraction = read_extraction(settings, nth="extract_nth_frame", first="start_frame", last="end_frame", unlimited=0)
    settings.read("video_init_seed_continuity")
    frames = _frames(settings, clip, extraction, notes)
    fps = _fps(settings, clip, extraction, notes)
    return Footage(clip=clip, extraction=extraction, frames=frames, fps=fps)


def _frames(settings: Settings, clip: FoundClip | None, extraction: Extraction, notes: Notes) -> int:
    frames = settings.integer("max_frames", 0, 0, MAX_FRAMES)
    begin, end = settings.pair("frame_range", (0, 0))
    if begin > 0:
        notes.add(f"frame_range = {shown([begin, end])}: frames are rendered from 0 on", Effect.SIZE)
    if end > 0:
        frames = min(frames or end, end, MAX_FRAMES)
    if clip is not None:
        last = extraction.first + (frames - 1) * extraction.nth  # a saved file has no end_frame, but its result
        return count_taken(settings, "max_frames", clip, extraction.until(last) if frames else extraction, notes)
    if not frames:
        line = f"the file has no max_frames (WarpFusion uses the video's length); {_FRAMES} frames are rendered"
        notes.add(line, Effect.SIZE)
    return frames or _FRAMES


def _fps(settings: Settings, clip: FoundClip | None, extraction: Extraction, notes: Notes) -> float:
    fps = settings.number("fps", -1, -1, FASTEST)
    if fps > 0:
        return max(fps, SLOWEST)
    if clip is None:
        notes.add(f"the file has no fps; {_FPS} is used", Effect.SIZE)
        return _FPS
    fps = possible(clip.fps / extraction.nth)
    nth = f" / {extraction.nth}, the step of extract_nth_frame" if extraction.nth > 1 else ""
    notes.add(f"the file has no fps; the clip's{nth} is used: {number(fps)}", Effect.SIZE)
    return fps


def sections(settings: Settings, footage: Footage, notes: Notes) -> Sections:
    """Read the sections `source`, `start`, `colour` and `keep`; without a clip only the colours of results."""
    mix = scheduled(settings, "flow_blend_schedule", 0.999, footage.frames, 1.0)
    _report_checks(settings, notes)
    colour = _colour(settings, notes)
    if footage.clip is None:
        return {"colour": colour} if colour and colour["match"] != "source" else {}
    found: Sections = {"source": _source(settings, footage, mix, notes)}
    if settings.is_on("init_image"):
        found["start"] = {"image": File(setting="init_image", written=settings.text("init_image"))}
    if colour:
        found["colour"] = colour
    if keep := _keep(settings, footage, notes):
        found["keep"] = keep
    return found


def _source(settings: Settings, footage: Footage, mix: Array, notes: Notes) -> dict[str, Entry]:
    sound = with_sound(footage, settings.flag("keep_audio", True), notes)
    return {**footage.played(), "fit": "stretch", "mix": value_keys(_after_first(mix)), **sound}


def steps(settings: Settings, footage: Footage, notes: Notes) -> dict[str, Keys | str]:
    """How many steps are run in each frame, and how many frames apart the refined ones are, for `refine:`.

    Of `steps`, WarpFusion skips `int(steps - steps * style_strength)`, and runs the rest.
    """
    found: dict[str, Keys | str] = {}
    if settings.read("steps_schedule") is not None:
        planned = np.floor(scheduled(settings, "steps_schedule", 50, footage.frames, _MOST_STEPS))
        strength = scheduled(settings, "style_strength_schedule", 1.0, footage.frames, 1.0)
        run = planned - np.floor(planned - planned * strength)
        found = {"steps": value_keys(_after_first(run)), "first_frame": number(run[0])}
        notes.add(
            "steps_schedule, style_strength_schedule: as many steps are made as WarpFusion runs, but one of"
            " diffusion changes more than one of guidance",
            Effect.LOOK,
        )
    every = settings.integer("turbo_steps", 3, 1, 1000)
    settings.read("turbo_preroll")
    if settings.flag("turbo_mode") and every > 1:
        found["cadence"] = f"{every}"
        if settings.is_on("turbo_frame_skips_steps"):
            share = shown(settings.read("turbo_frame_skips_steps"))
            notes.add(f"turbo_frame_skips_steps = {share}: frames between are moved, not refined", Effect.LOOK)
    return found


def _after_first(values: Array) -> Array:
    """The values with that of frame 0, which is never used, made that of frame 1."""
    return np.append(values[1:2], values[1:]) if len(values) > 1 else values


def _report_checks(settings: Settings, notes: Notes) -> None:
    """Report what tunes the check of the flow, which has no settings here, if it is on."""
    tuned = moving_fields(settings, _CHECKS)
    if not settings.flag("check_consistency", True):
        notes.add(
            "check_consistency is off: WarpFusion keeps what the flow moves everywhere; here the clip is shown where"
            " its motion is unknown",
            Effect.LOOK,
        )
    elif tuned:
        notes.add(f"{tuned}: the check of the flow has no weights here", Effect.LOOK)
    if strength := moving_fields(settings, {"warp_strength": 1.0}):
        notes.add(f"{strength}: the last result is moved exactly as the clip moves", Effect.MOTION)
    if match := moving_fields(settings, {"match_color_strength": 0.0}):
        notes.add(f"{match}: the clip's colours are not matched to the result's; see colour", Effect.LOOK)
    if path := settings.text("flow_video_init_path"):
        notes.add(f"flow_video_init_path = {shown(path)}: the motion is that of the source itself", Effect.MOTION)


def _colour(settings: Settings, notes: Notes) -> dict[str, Entry]:
    """What colours are matched to: the first result, the one before, the clip's own frame, or a picture."""
    mode = settings.text("colormatch_frame", "off").strip().lower()
    offset = settings.integer("colormatch_offset", 0, -MAX_FRAMES, MAX_FRAMES)
    strength = min(max(settings.number("color_match_frame_str", 0.5), 0.0), 1.0)
    method = settings.text("colormatch_method", "LAB").strip().lower()
    match: Entry | None = None
    if mode == "stylized_frame":
        match = "first"
        if offset:
            notes.add(f"colormatch_frame: result {offset} is meant; the first one is used", Effect.LOOK)
    elif mode == "stylized_frame_offset":
        match = "previous" if offset > 0 else "first"
        if offset > 1:
            notes.add(f"colormatch_frame: the result {offset} frames ago is meant; the last one is used", Effect.LOOK)
    elif mode in ("init_frame", "init_frame_offset"):
        match = "source"
        if mode == "init_frame" or offset:
            which = f"frame {offset}" if mode == "init_frame" else f"the frame {offset} before"
            notes.add(f"colormatch_frame: {which} of the clip is meant; each frame's own one is used", Effect.LOOK)
    elif mode.startswith("color_video"):
        match = File(setting="color_video_path", written=settings.text("color_video_path"))
        if match.is_video:
            notes.add("color_video_path: colours are matched to pictures, not to another video", Effect.LOOK)
            match = None
    if match is None or not strength:
        return {}
    return {"match": match, "amount": number(strength), "method": _METHODS.get(method, "statistics")}


def _keep(settings: Settings, footage: Footage, notes: Notes) -> dict[str, Entry]:
    """What the background mask leaves as it is: its black parts, or with `invert_mask` its white ones."""
    if not settings.flag("use_background_mask"):
        return {}
    path, background = settings.text("mask_video_path").strip(), settings.text("background", "init_video").lower()
    extracted = settings.flag("extract_background_mask")
    source, inverted = settings.text("mask_source", "init_video"), settings.flag("invert_mask")
    backdrop = settings.text("background_source")
    if source != "mask_video" or extracted or not path:
        reason = "a mask must be a video of its own" if not extracted else "no mask is made from the clip"
        notes.add(f"use_background_mask: {reason}; the whole picture is painted", Effect.PROMPTS)
        return {}
    if background == "color":
        notes.add(f"background_source = {shown(backdrop)}: what is masked shows the clip, no colour", Effect.LOOK)
    if footage.extraction.first or abs(footage.speed - 1) > 1e-6:
        notes.add("mask_video_path: the mask plays from its beginning and at its own speed", Effect.PROMPTS)
    mask = File(setting="mask_video_path", written=path)
    region: dict[str, Entry] = {"video": mask, **({} if inverted else {"invert": "true"})}
    pixels: dict[str, Entry] = {}
    if background == "image":
        pixels = {"image": File(setting="background_source", written=backdrop, optional=True)}
    return {"region": region, **pixels}
