"""Deforum's settings: the web UI extension's and the notebook's, as saved (JSON, .txt) or the notebook itself.

Carried: 2D motion (angle, zoom, translation, transform centre, border), prompts with `--neg`, size, fps,
number of frames, seed.

Convention of Deforum: a frame shifts the picture by (translation_x, translation_y) pixels to the right
    and down, then scales it by zoom and turns it by angle counter-clockwise about the centre
    (W * transform_center_x, H * transform_center_y), counted from the first pixel's centre. Frame 0 does
    not move. A prompt stands until the next one, but in the mode Interpolation, where they fade.

Source: deforum-art/sd-webui-deforum, animation.py, animation_key_frames.py, render.py and prompt.py;
    deforum-art/deforum-stable-diffusion, helpers/.
"""

import functools
import re
from collections.abc import Mapping

from pipeline.foreign.arithmetic import UnreadableError
from pipeline.foreign.carriers import Keys, number
from pipeline.foreign.diffusion_prompts import Weight, carried, unbracketed, wanted, weights
from pipeline.foreign.frame import LARGEST, Screen, fitting, flat_motion, known_seed, pixel_center, read_series
from pipeline.foreign.notes import Effect, Note
from pipeline.foreign.prompts import Prompts, held, plain
from pipeline.foreign.series import MAX_FRAMES, deforum_series, frame_number
from pipeline.foreign.settings import Settings, shown
from pipeline.foreign.source import Source
from pipeline.importers import Imported

TOOL = "Deforum"
NEEDS = "max_frames beside prompts"
_BORDERS = {"wrap": "wrap", "replicate": "edge"}
_DIFFUSION = "a setting of diffusion"
_REASONS = {
    **dict.fromkeys(("sampler", "steps", "scale", "sd_model_name", "sampler_schedule", "steps_schedule"), _DIFFUSION),
    **dict.fromkeys(("cfg_scale_schedule", "strength", "strength_schedule", "seed_behavior"), _DIFFUSION),
    **dict.fromkeys(("noise_schedule", "noise_type", "noise_multiplier_schedule"), "no noise is added between frames"),
    **dict.fromkeys(("amount_schedule", "contrast_schedule"), "frames are not sharpened or given contrast"),
    "color_coherence": "colours are not matched to an earlier frame",
    "diffusion_cadence": "every frame is refined; the motion of each is carried",
    **dict.fromkeys(("use_init", "init_image", "use_mask", "use_looper"), "no pictures are read"),
    **dict.fromkeys(("hybrid_motion", "hybrid_composite", "video_init_path"), "no video is read"),
    "parseq_manifest": "import that file itself",
    **dict.fromkeys(("add_soundtrack", "soundtrack_path"), "no sound is added"),
    **dict.fromkeys(("frame_interpolation_engine", "r_upscale_video"), "the video is not made larger or smoother"),
    **{f"cn_{unit}_enabled": "there is no ControlNet" for unit in range(1, 6)},
}
_DEEP = ("translation_z", "rotation_3d_x", "rotation_3d_y", "rotation_3d_z", "fov_schedule", "use_depth_warping")
_SUBPROMPT = re.compile(r"((?:\\:|[^:])+)(?::+\s*(-?\d+(?:\.\d+)?)?\s*|$)")
_FLAT = ("angle", "zoom", "translation_x", "translation_y", "transform_center_x", "transform_center_y")

Weights = dict[str, float]


def recognises(source: Source) -> bool:
    settings = source.settings
    known = {"prompts", "animation_prompts", "strength_schedule", "diffusion_cadence", "border"}
    foreign = {"text_prompts", "rendered_frames", "iterations_per_frame"}
    return "max_frames" in settings and bool(settings.keys() & known) and not settings.keys() & foreign


def convert(source: Source) -> Imported:
    """See the module. Raises `InputError`."""
    settings = Settings(source, TOOL)
    told: dict[str, None] = {}
    frames = settings.count("max_frames", 120, 1, MAX_FRAMES)
    size = (
        settings.count(settings.called("width", "W"), 512, 16, LARGEST),
        settings.count(settings.called("height", "H"), 512, 16, LARGEST),
    )
    screen = Screen(size=size, fps=settings.number(settings.called("fps", "FPS"), 15, 0.1, 240), frames=frames)
    seed = known_seed(settings, told)
    mode = settings.text("animation_mode", "2D")
    mode = {"2d": "2D", "3d": "3D", "interpolation": "Interpolation"}.get(mode.strip().lower(), mode)
    names = {"s": float(seed), "max_f": frames - 1.0}
    motion, center = _motion(settings, screen, names, told) if mode == "2D" else ({}, None)
    if mode != "2D":
        left = [name for name in (*_DEEP, *_FLAT) if settings.take(name) is not None]
        line = f"animation_mode {mode}: only the motion of 2D can be carried; left out: {', '.join(left)}"
        told[Note(line, Effect.MOTION)] = None
    prompts = _prompts(settings, frames, screen.fps, mode == "Interpolation", told)
    return Imported(
        tool=TOOL,
        size=fitting(*size, told),
        fps=screen.fps,
        frames=frames,
        seed=seed,
        prompts=prompts,
        motion=motion,
        center=center,
        border=_border(settings, told),
        told=(*told, *settings.lost(_REASONS)),
    )


def _motion(
    settings: Settings, screen: Screen, names: Mapping[str, float], told: dict[str, None]
) -> tuple[dict[str, Keys], tuple[Keys, Keys] | None]:
    """The rates and the centre of the mode 2D."""
    for name in _DEEP:
        settings.take(name)
    if settings.flag("enable_perspective_flip") or settings.flag("flip_2d_perspective"):
        told["perspective flip: has no counterpart; the other moves are carried"] = None
    read = functools.partial(deforum_series, count=screen.frames, names=names)
    words = {"t": "n", "i": "n", **{name: number(value) for name, value in names.items()}}
    motion = flat_motion(settings, screen, read, words, told)
    across = read_series(settings, "transform_center_x", "0: (0.5)", read, told)
    down = read_series(settings, "transform_center_y", "0: (0.5)", read, told)
    turns = "zoom" in motion or "rotate" in motion
    return motion, (pixel_center(across, screen.size[0]), pixel_center(down, screen.size[1])) if turns else None


def _border(settings: Settings, told: dict[str, None]) -> str:
    """What Deforum makes of the word: all but `wrap` is `replicate` there."""
    word = settings.text("border", "replicate")
    if word not in _BORDERS:
        told[f"border {shown(word)}: Deforum knows {' and '.join(_BORDERS)} and takes it for replicate: made edge"] = (
            None
        )
    return _BORDERS.get(word, "edge")


def _prompts(settings: Settings, frames: int, fps: float, fades: bool, told: dict[str, None]) -> Prompts:
    """Scenes where nothing pushes away, else layers."""
    written = settings.structured(settings.called("prompts", "animation_prompts"))
    written = dict(enumerate(written)) if isinstance(written, list) else written
    written = {0: written} if isinstance(written, str) else written
    if not isinstance(written, dict) or not written:
        raise settings.error("prompts", 'expected prompts by frame such as {"0": "a calm sea"}')
    around = settings.text("animation_prompts_positive") or settings.text("positive_prompts")
    against = settings.text("animation_prompts_negative") or settings.text("negative_prompts")
    apart = _apart(settings, told)
    subprompts = settings.flag("prompt_weighting")
    try:
        last = {"max_f": frames - 1.0 + fades}  # there it counts one more
        keys = {frame_number(str(frame), last): "" if text is None else str(text) for frame, text in written.items()}
        scenes = [
            (frame, {**_weights(_complete(text, around, against), frame, subprompts, told), **apart})
            for frame, text in held(keys, frames, told)
        ]
        return carried(scenes, frames, fps, {"max_f": frames - 1.0}, told, fades)
    except UnreadableError as error:
        raise settings.error("prompts", str(error)) from None


def _apart(settings: Settings, told: dict[str, None]) -> Weights:
    """The notebook's `neg_prompts`, by frame; those of the first frame."""
    written = settings.take("neg_prompts")
    texts = list(written.values()) if isinstance(written, dict) else []
    if len(texts) > 1:
        told["neg_prompts: only the first one is carried, for all frames"] = None
    text = plain(str(texts[0]), told) if texts else ""
    return {text: -1.0} if text else {}


def _complete(text: str, around: str, against: str) -> str:
    """The prompt between those of all frames, as Deforum joins them."""
    return f"{around} {text} {'' if '--neg' in text else '--neg'} {against}"


def _weights(text: str, frame: int, subprompts: bool, told: dict[str, None]) -> dict[str, Weight]:
    """Text to weight; parts that AND joins, or all of the notebook's parts, have their own."""
    pulling, _, pushing = text.partition("--neg")
    found = weights(f"--neg {pushing}" if subprompts else text, told)
    if subprompts:
        found = {**{unbracketed(words, told): weight for words, weight in _subprompts(pulling)}, **found}
    return wanted(found, f"prompts: frame {frame}", told)


def _subprompts(text: str) -> list[tuple[str, float]]:
    """The notebook's `bacon:0.75 eggs:0.25`; those that pull and those that push sum up to 1 each."""
    found = [
        (part[1].replace("\\:", ":"), float(part[2] or 1)) for part in _SUBPROMPT.finditer(text) if part[1].strip()
    ]
    totals = {sign: sum(abs(weight) for _, weight in found if (weight > 0) == sign) for sign in (True, False)}
    return [(words, weight / totals[weight > 0]) for words, weight in found if weight]
