"""Import WarpFusion's settings (settings.txt): prompts, negative prompts, size, clock and seed.

WarpFusion paints over an input video and takes all motion from it, so there is no motion to carry. Its settings
contain `angle`, `zoom` and the like only because it descends from Disco Diffusion; they have no effect. Prompts hold
until the next ones; `negative_prompts` have negative weights.

Source: Sxela/WarpFusion, the notebook's settings.
"""

from collections.abc import Mapping
from functools import partial

from pipeline.importers.diffusion_tools.frame_prompts import texts_by_frame, weights_of
from pipeline.importers.diffusion_tools.switches import Switches, ignore_unused
from pipeline.importers.diffusion_tools.web_ui_prompts import without_brackets
from pipeline.importers.frame import LARGEST, fit_size, read_seed
from pipeline.importers.imported import Imported
from pipeline.importers.notations.source import Source
from pipeline.importers.notes import NO_PICTURES, Effect, Note, Notes
from pipeline.importers.prompts import NEGATIVE, Prompts, Scene, layers, per_frame, until_next, with_placeholder
from pipeline.importers.settings import Settings, shown
from pipeline.importers.values.arithmetic import UnreadableError
from pipeline.importers.values.series import MAX_FRAMES

NEEDS = "text_prompts and flow_blend_schedule, style_strength_schedule or warp_strength"
TOOL = "WarpFusion"
MARKS = frozenset(
    {"flow_blend_schedule", "style_strength_schedule", "warp_strength", "controlnet_multimodel", "flow_warp"}
)
_FPS, _FRAMES = 24, 120
_DIFFUSION = "only for diffusion models"
_COLOURS = "colours and brightness are not matched between frames"
_REASONS = {
    **dict.fromkeys(("steps_schedule", "cfg_scale_schedule", "style_strength_schedule", "sampler"), _DIFFUSION),
    **dict.fromkeys(("model_path", "model_version", "clip_skip", "image_scale_schedule"), _DIFFUSION),
    **dict.fromkeys(("controlnet_multimodel", "controlnet_preprocess"), "ControlNet is not supported"),
    **dict.fromkeys(("image_prompts", "init_image"), NO_PICTURES),
    **dict.fromkeys(("fixed_code", "code_randomness", "normalize_latent"), _DIFFUSION),
    **dict.fromkeys(("enable_adjust_brightness", "colormatch_frame", "match_color_strength"), _COLOURS),
    "frame_range": "all frames are rendered, counted from 0",
    "prompt_patterns_sched": "words are not replaced in prompts",
}
# Settings that only control how the input video is tracked, painted over and reassembled.
_VIDEO = (
    r"animation_mode|angle|zoom|translation_[xyz]|rotation_3d_[xyz]|interp_spline|key_frames|midas_.*|fov|"
    r"flow_.*|warp_.*|.*consistency.*|padding_(mode|ratio)|turbo_.*|"
    r"latent_(scale|fixed).*|init_(scale|grad|latent).*|cc_.*|mask_.*|.*_mask|background.*|extract_(?!nth).*|"
    r"cond_.*|use_background_mask.*|inpaint.*|.*_template|"
    r"make_schedules|frames_skip_steps|frames_scale|near_plane|far_plane|padding_mode|sampling_mode"
)
SWITCHES: Switches = {
    ("enable_adjust_brightness",): r".*brightness.*",
    ("colormatch_frame",): r"colormatch_.*|match_color_.*",
    ("normalize_latent",): r"normalize_latent|latent_norm_.*",
    ("fixed_code",): r"code_randomness",
    ("controlnet_multimodel",): r"normalize_cn_weights|controlnet_.*",
}


def recognises(source: Source) -> bool:
    return "text_prompts" in source.settings and bool(source.settings.keys() & MARKS)


def convert(source: Source) -> Imported:
    """Convert the settings as described in the module's docstring. Raises `InputError`."""
    settings = Settings(source, TOOL)
    notes = Notes([_video(settings)])
    frames = _frames(settings, notes)
    fps = _fps(settings, notes)
    size = _size(settings)
    seed = read_seed(settings, notes, names=("set_seed", "seed"))
    prompts = _prompts(settings, frames, notes)
    ignore_unused(settings, SWITCHES, _VIDEO)
    return Imported(
        tool=TOOL,
        size=fit_size(*size, notes),
        fps=fps,
        frames=frames,
        seed=seed,
        prompts=prompts,
        notes=(*notes, *settings.not_converted(_REASONS)),
    )


def _video(settings: Settings) -> Note:
    """The note on the main loss: the video that WarpFusion paints over."""
    path, each = settings.text("video_init_path"), settings.integer("extract_nth_frame", 1, 1, MAX_FRAMES)
    settings.read("video_init_seed_continuity")
    named = f"video_init_path = {shown(path)}" if path.strip() else "the input video"
    nth = f", one frame in {each}" if each > 1 else ""
    return Note(f"{named}{nth}: no video is read, so the pictures are drawn from the prompts alone", Effect.MOTION)


def _frames(settings: Settings, notes: Notes) -> int:
    frames = settings.integer("max_frames", 0, 0, MAX_FRAMES)
    if not frames:
        notes.add(
            f"the file has no max_frames (WarpFusion uses the video's length); {_FRAMES} frames are rendered",
            Effect.SIZE,
        )
    return frames or _FRAMES


def _fps(settings: Settings, notes: Notes) -> float:
    fps = settings.number("fps", -1, -1, 240)
    if fps <= 0:
        notes.add(f"the file has no fps (WarpFusion uses the video's); {_FPS} is used", Effect.SIZE)
    return fps if fps > 0 else _FPS


def _size(settings: Settings) -> tuple[int, int]:
    """Read `width` and `height` (file) or `width_height` (notebook), exact to the pixel."""
    given = settings.pair("width_height", (1280, 720))
    settings.read("force_multiple_of")  # the size in the file has already been rounded to it
    return settings.integer("width", given[0], 16, LARGEST), settings.integer("height", given[1], 16, LARGEST)


def _prompts(settings: Settings, frames: int, notes: Notes) -> Prompts:
    """Read the prompts: as scenes if none is negative and every frame has one text, otherwise as layers."""
    clean = partial(without_brackets, notes=notes)
    try:
        positive = [
            (frame, with_placeholder(weights_of(texts, clean), 1.0, f"text_prompts: frame {frame}", notes))
            for frame, texts in until_next(texts_by_frame(settings, "text_prompts"), frames, notes)
        ]
        negative = _negative(settings, frames, notes)
        if not any(weights for _, weights in negative) and all(list(found.values()) == [1.0] for _, found in positive):
            return tuple(Scene(frame=frame, text=next(iter(found))) for frame, found in positive)
        return layers(
            [_sum(*pair) for pair in zip(per_frame(positive, frames), per_frame(negative, frames), strict=True)]
        )
    except UnreadableError as error:
        raise settings.error("text_prompts", str(error)) from None


def _negative(settings: Settings, frames: int, notes: Notes) -> list[tuple[int, dict[str, float]]]:
    if not settings.structured("negative_prompts"):
        return [(0, {})]
    keys = texts_by_frame(settings, "negative_prompts")
    clean = partial(without_brackets, notes=notes)
    found = [
        (frame, {words: -weight for words, weight in weights_of(texts, clean).items()})
        for frame, texts in until_next(keys, frames, notes)
    ]
    if any(weights for _, weights in found):
        notes.add(NEGATIVE)
    return found


def _sum(positive: Mapping[str, float], negative: Mapping[str, float]) -> dict[str, float]:
    return {text: positive.get(text, 0.0) + negative.get(text, 0.0) for text in {**positive, **negative}}
