"""Import WarpFusion's settings (settings.txt, or the notebook): prompts, and the clip that is painted over as a source.

WarpFusion takes all motion from its clip. Its settings contain `angle`, `zoom` and the like only because it descends
from Disco Diffusion; they have no effect. Prompts hold until the next ones; `negative_prompts` have negative weights.

Source: Sxela/WarpFusion, the notebook; see `pipeline.importers.diffusion_tools.warp_source`.
"""

from collections.abc import Mapping
from functools import partial

from pipeline.importers.diffusion_tools import warp_source
from pipeline.importers.diffusion_tools.frame_prompts import texts_by_frame, weights_of
from pipeline.importers.diffusion_tools.switches import Switches, ignore_unused
from pipeline.importers.diffusion_tools.web_ui_prompts import without_brackets
from pipeline.importers.frame import LARGEST, fit_size, read_seed
from pipeline.importers.imported import Imported
from pipeline.importers.notations.source import Source
from pipeline.importers.notes import NO_PICTURES, Effect, Note, Notes
from pipeline.importers.prompts import NEGATIVE, Prompts, Scene, layers, per_frame, until_next, with_placeholder
from pipeline.importers.settings import Settings
from pipeline.importers.values.arithmetic import UnreadableError

NEEDS = "text_prompts and flow_blend_schedule, style_strength_schedule or warp_strength"
TOOL = "WarpFusion"
MARKS = frozenset(
    {"flow_blend_schedule", "style_strength_schedule", "warp_strength", "controlnet_multimodel", "flow_warp"}
)
_DIFFUSION = "only for diffusion models"
_FRAME_BY_FRAME = Note("the motion of a source is found between neighbouring frames, and used as it is", Effect.MOTION)
_REASONS = {
    **dict.fromkeys(("cfg_scale_schedule", "sampler"), _DIFFUSION),
    **dict.fromkeys(("model_path", "model_version", "clip_skip", "image_scale_schedule"), _DIFFUSION),
    **dict.fromkeys(("controlnet_multimodel", "controlnet_preprocess"), "ControlNet is not supported"),
    "image_prompts": NO_PICTURES,
    **dict.fromkeys(("fixed_code", "code_randomness", "normalize_latent"), _DIFFUSION),
    **dict.fromkeys(("latent_fixed_mean", "latent_fixed_std"), _DIFFUSION),
    "enable_adjust_brightness": "brightness is not adjusted between frames; see colour",
    "colormatch_regrain": "textures are not matched",
    **dict.fromkeys(("flow_override_map", "warp_towards_init", "warp_forward"), _FRAME_BY_FRAME),
    "use_looped_init_image": Note("the clip must be a file", Effect.MOTION),
    **dict.fromkeys(("cond_video_path", "mask_paths"), "without a counterpart here"),
    "make_schedules": Note("schedules are used as they are written, not made from frame differences", Effect.LOOK),
    **dict.fromkeys(
        ("use_background_mask_video", "blend_mode"), "finished frames are not masked or blended with their neighbours"
    ),
    "upscale_ratio": "see output.upscale",
    "prompt_patterns_sched": "words are not replaced in prompts",
}
# Settings that only control how the clip is tracked, stored and reassembled, or have no effect in WarpFusion.
_VIDEO = (
    r"animation_mode|angle|zoom|translation_[xyz]|rotation_3d_[xyz]|interp_spline|key_frames|midas_.*|fov|"
    r"flow_(?!override_map).*|warp_(mode|num_k|interp)|.*consistency.*|cc_.*|padding_(mode|ratio)|turbo_.*|"
    r"forward_weights_.*|reverse_cc_order|use_legacy_cc|inpaint_blend|lazy_warp|force_flow_generation|"
    r"latent_scale.*|init_(scale|grad|latent).*|mask_clip|apply_mask_after_warp|background.*|invert_mask.*|"
    r"extract_(?!nth).*|mask_(source|video_path|result)|color_(video_path|extract_nth_frame)|colormatch_.*|color_match_frame_str|"
    r"cond_(?!video_path).*|inpaint.*|.*_template|respect_sched|diff_override|blend_json_schedules|keep_audio|"
    r"frames_skip_steps|frames_scale|near_plane|far_plane|sampling_mode|store_frames_.*|video_duration_sec"
)
SWITCHES: Switches = {
    ("enable_adjust_brightness",): r".*brightness.*",
    ("normalize_latent",): r"normalize_latent|latent_(norm|fixed)_.*",
    ("fixed_code",): r"code_randomness",
    ("controlnet_multimodel",): r"normalize_cn_weights|controlnet_.*",
}


def recognises(source: Source) -> bool:
    return "text_prompts" in source.settings and bool(source.settings.keys() & MARKS)


def convert(source: Source) -> Imported:
    """Convert the settings as described in the module's docstring. Raises `InputError`."""
    settings = Settings(source, TOOL)
    notes = Notes()
    footage = warp_source.read_footage(settings, notes)
    size = _size(settings)
    seed = read_seed(settings, notes, names=("set_seed", "seed"))
    prompts = _prompts(settings, footage.frames, notes)
    sections = warp_source.sections(settings, footage, notes)
    refine = warp_source.steps(settings, footage, notes)
    ignore_unused(settings, SWITCHES, _VIDEO)
    return Imported(
        tool=TOOL,
        size=fit_size(*size, notes),
        fps=footage.fps,
        frames=footage.frames,
        seed=seed,
        prompts=prompts,
        refine=refine,
        sections=sections,
        notes=(*notes, *settings.not_converted(_REASONS)),
    )


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
