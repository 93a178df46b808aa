"""Import Deforum's settings, of the web UI extension or the notebook: a saved file (JSON, .txt) or the notebook itself.

Carried: 2D motion (angle, zoom, translation, transform centre, perspective flip, border), 3D motion (translation,
rotation, field of view, aspect ratio, depth warping, perspective flip), prompts with `--neg`, size, fps, number of
frames, seed; init image, masks, colour coherence, noise, sub-seeds, cadence; the clip of the mode Video
Input and of hybrid video.

Convention of Deforum: a frame shifts the picture by (translation_x, translation_y) pixels to the right
    and down, then scales it by zoom and turns it by angle counter-clockwise about the centre
    (W * transform_center_x, H * transform_center_y), counted from the first pixel's centre. Frame 0 does
    not move. A prompt holds until the next one, except in the mode Interpolation, where prompts fade.

Source: deforum-art/sd-webui-deforum, animation.py, animation_key_frames.py, render.py and prompt.py;
    deforum-art/deforum-stable-diffusion, helpers/.
"""

import functools
from collections.abc import Callable, Mapping

from pipeline.importers.diffusion_tools import deforum_flight, deforum_video, perspective
from pipeline.importers.diffusion_tools.deforum_prompts import read_prompts
from pipeline.importers.diffusion_tools.deforum_steering import Sections, cadence, sections
from pipeline.importers.diffusion_tools.deforum_switches import ALWAYS, SWITCHES
from pipeline.importers.diffusion_tools.switches import ignore_unused
from pipeline.importers.files import Entry
from pipeline.importers.frame import LARGEST, Screen, fit_size, pixel_center, read_motion_2d, read_seed, read_series
from pipeline.importers.imported import Imported
from pipeline.importers.motion.camera_3d import STILL
from pipeline.importers.motion.extraction import Footage
from pipeline.importers.motion.lost_motion import animation_mode, lost_motion, moving_fields
from pipeline.importers.notations.source import Source
from pipeline.importers.notes import NO_VIDEO, Effect, Note, Notes
from pipeline.importers.settings import Settings, shown
from pipeline.importers.sound import Sound
from pipeline.importers.values.arithmetic import UnreadableError
from pipeline.importers.values.keyframe_strings import deforum_series
from pipeline.importers.values.keys import Keys, number
from pipeline.importers.values.series import MAX_FRAMES, Series

TOOL = "Deforum"
NEEDS = "max_frames and prompts"
_BORDERS = {"wrap": "wrap", "replicate": "edge"}
_DIFFUSION = "only for diffusion models"
_NEEDS_CLIP = "needs a clip that is composited or moves the picture"
_SHADES = "sharpness, contrast and greyness are not adjusted between frames"
_NOISE = "the noise is plain; see noise:"
_REASONS = {
    **dict.fromkeys(("sampler", "scheduler", "steps", "scale", "sd_model_name", "sampler_schedule"), _DIFFUSION),
    **dict.fromkeys(("steps_schedule", "cfg_scale_schedule", "strength", "strength_schedule"), _DIFFUSION),
    **dict.fromkeys(("seed_behavior", "seed_schedule", "seed_iter_N", "checkpoint_schedule"), _DIFFUSION),
    **dict.fromkeys(("clipskip_schedule", "model_checkpoint", "model_config"), _DIFFUSION),
    **dict.fromkeys(("distilled_cfg_scale_schedule", "pix2pix_img_cfg_scale_schedule", "ddim_eta"), _DIFFUSION),
    **dict.fromkeys(("noise_type", "noise_multiplier_schedule", "perlin_octaves", "perlin_persistence"), _NOISE),
    **dict.fromkeys(("enable_noise_multiplier_scheduling", "perlin_w", "perlin_h"), _NOISE),
    **dict.fromkeys(("amount_schedule", "contrast_schedule", "kernel_schedule", "sigma_schedule"), _SHADES),
    **dict.fromkeys(("threshold_schedule", "color_force_grayscale"), _SHADES),
    **dict.fromkeys(("use_init", "use_mask", "use_looper"), Note("no picture is named", Effect.PROMPTS)),
    **dict.fromkeys(
        ("override_settings_with_file", "custom_settings_file"),
        "Deforum takes its settings from that file, which is not read here",
    ),
    **dict.fromkeys(("use_mask_video", "video_mask_path"), NO_VIDEO),
    **dict.fromkeys(("hybrid_motion", "hybrid_composite", "hybrid_comp_alpha_schedule"), _NEEDS_CLIP),
    **dict.fromkeys(("hybrid_flow_method", "hybrid_flow_factor_schedule", "color_coherence"), _NEEDS_CLIP),
    "hybrid_motion_use_prev_img": Note("the motion is found in the clip, not between result and clip", Effect.MOTION),
    **dict.fromkeys(
        ("hybrid_consistency_blur", "hybrid_generate_human_masks"), "the check of the flow and masks are not tuned"
    ),
    "parseq_manifest": "import the manifest itself",
    **dict.fromkeys(("frame_interpolation_engine", "r_upscale_video"), "the video is not upscaled or interpolated"),
    **{f"cn_{unit}_enabled": "ControlNet is not supported" for unit in range(1, 6)},
}
_TURNS = tuple(f"perspective_flip_{angle}" for angle in ("theta", "phi", "gamma"))
_FLIP = ("enable_perspective_flip", "flip_2d_perspective")
_ROTATIONS_3D = tuple(f"rotation_3d_{axis}" for axis in "yxz")
_FIELDS_3D = dict.fromkeys(("translation_z", *_ROTATIONS_3D, "translation_x", "translation_y"), 0)
_UNUSED = ("angle", "zoom", "translation_x", "translation_y", "transform_center_x", "transform_center_y")


def recognises(source: Source) -> bool:
    settings = source.settings
    known = {"prompts", "animation_prompts", "strength_schedule", "diffusion_cadence", "border"}
    foreign = {"text_prompts", "rendered_frames", "iterations_per_frame"}
    return "max_frames" in settings and bool(settings.keys() & known) and not settings.keys() & foreign


def convert(source: Source) -> Imported:
    """Convert the settings as described in the module's docstring. Raises `InputError`."""
    settings = Settings(source, TOOL)
    notes = Notes()
    mode = animation_mode(settings)
    size = (_side(settings, "width", "W", notes), _side(settings, "height", "H", notes))
    fps = settings.number(settings.first_given("fps", "FPS"), 15, 0.1, 240)
    frames = settings.integer("max_frames", 120, 1, MAX_FRAMES) if mode != "None" else 1
    footage = deforum_video.read_footage(settings, mode, frames, fps, notes)
    frames = footage.frames if footage else frames
    screen = Screen(size=size, fps=fps, frames=frames)
    seed = read_seed(settings, notes)
    names = {"s": float(seed), "max_f": frames - 1.0}
    motion, center, flight = _moving(settings, mode, screen, names, notes)
    prompts = read_prompts(settings, frames, screen.fps, mode == "Interpolation", notes)
    border = deforum_flight.border(settings, notes) if mode == "3D" else _border(settings, notes)
    read = functools.partial(deforum_series, count=frames, names=names)
    steering = sections(settings, mode, read, names, notes)
    flow: dict[str, Entry] = {}
    if footage is not None:
        flow = deforum_video.flow(settings, footage, read, notes)
        steering |= _footage(settings, mode, footage, read, bool(motion or flight), notes)
    sound = _sound(settings, footage)
    refine = cadence(settings, mode)
    ignore_unused(settings, SWITCHES, ALWAYS)
    return Imported(
        tool=TOOL,
        size=fit_size(*size, notes),
        fps=screen.fps,
        frames=frames,
        seed=seed,
        prompts=prompts,
        motion=motion,
        center=center,
        border=border if motion or flight or not flow else "reflect",  # as OpenCV's remap does
        flow=flow,
        refine=refine,
        sections=flight | steering,
        sound=sound,
        notes=(*notes, *settings.not_converted(_REASONS)),
    )


def _side(settings: Settings, name: str, notebook_name: str, notes: Notes) -> int:
    """Read a side of the picture under either of its two names; if their values differ, that is reported."""
    both = settings.read(name), settings.read(notebook_name)
    used = settings.first_given(name, notebook_name)
    if None not in both and str(both[0]) != str(both[1]):
        line = f"{name} = {shown(both[0])} and {notebook_name} = {shown(both[1])} differ; {used} is used"
        notes.add(line, Effect.SIZE)
    return settings.integer(used, 512, 16, LARGEST)


def _moving(
    settings: Settings, mode: str, screen: Screen, names: Mapping[str, float], notes: Notes
) -> tuple[dict[str, Keys], tuple[Keys, Keys] | None, Sections]:
    """Read motion, its centre, and the sections of a camera."""
    if mode == "2D":
        return *_motion(settings, screen, names, notes), {}
    if mode == "3D":
        read = functools.partial(deforum_series, count=screen.frames, names=names)
        words = {name: number(value) for name, value in names.items()}
        flip = _flipped(settings, screen, read, notes, flat=False) if any(map(settings.flag, _FLIP)) else None
        flight = deforum_flight.read_flight(settings, screen, read, words, notes)
        for name in (*_UNUSED, *perspective.FIELDS):
            settings.read(name)
        if flip is None or not flip.motion:
            notes.update([] if flight.sections else [STILL])
            return dict(flight.motion), None, dict(flight.sections)
        if flight.sections:
            notes.add("perspective flip: after the camera's motion; Deforum flips the picture first", Effect.MOTION)
        if flight.motion:
            line = "rotation_3d_x, _z: Deforum also tilts and shears a picture that is not square; not beside a flip"
            notes.add(line, Effect.MOTION)
        return flip.motion, flip.center, dict(flight.sections)
    return {}, None, _unmoved(settings, mode, notes)


def _unmoved(settings: Settings, mode: str, notes: Notes) -> Sections:
    """Report that nothing moves in the other modes, except with a clip."""
    if mode == "Interpolation":
        notes.add("animation_mode Interpolation: prompts fade and nothing moves, as in Deforum", Effect.PROMPTS)
    elif mode != deforum_video.VIDEO:
        turns = dict.fromkeys(_TURNS, 0) if any(map(settings.is_on, _FLIP)) else {}
        notes.add(lost_motion(settings, mode, {**_FIELDS_3D, "fov_schedule": 70, **turns}))
    for name in (*_UNUSED, *_FLIP, *perspective.FIELDS):
        settings.read(name)
    return {}


def _motion(
    settings: Settings, screen: Screen, names: Mapping[str, float], notes: Notes
) -> tuple[dict[str, Keys], tuple[Keys, Keys] | None]:
    """Read the rates and the centre of the mode 2D."""
    read = functools.partial(deforum_series, count=screen.frames, names=names)
    words = {"t": "n", "i": "n", **{name: number(value) for name, value in names.items()}}
    flips = any(map(settings.flag, _FLIP))
    found = _flipped(settings, screen, read, notes) if flips else None
    if found is not None:
        return found.motion, found.center if found.motion else None
    motion = read_motion_2d(settings, screen, read, words, notes, shifts=not flips)
    across = read_series(settings, "transform_center_x", "0: (0.5)", read, notes)
    down = read_series(settings, "transform_center_y", "0: (0.5)", read, notes)
    turns = "zoom" in motion or "rotate" in motion
    return motion, (pixel_center(across, screen.size[0]), pixel_center(down, screen.size[1])) if turns else None


def _flipped(
    settings: Settings, screen: Screen, read: Callable[[str], Series], notes: Notes, *, flat: bool = True
) -> perspective.Flipped | None:
    """Read the motion including the perspective flip; None if the flip has no effect or is not a continuous motion.

    Args:
        flat: whether the mode is 2D, whose motion is then part of the flip's.
    """
    if flat and (shifts := moving_fields(settings, {"translation_x": 0, "translation_y": 0})):
        line = f"perspective flip: Deforum ignores the translation while it is on, and so does the import ({shifts})"
        notes.add(line, Effect.MOTION)
    turns = moving_fields(settings, dict.fromkeys(_TURNS, 0))
    settings.read("perspective_flip_fv")
    if not turns:
        return None
    try:
        return perspective.flipped(settings, screen, read, notes, flat=flat)
    except UnreadableError as error:
        notes.add(f"perspective flip: not converted ({turns}): {error}", Effect.MOTION)
        return None


def _border(settings: Settings, notes: Notes) -> str:
    """Read the border as Deforum does: everything except `wrap` means `replicate`."""
    word = settings.text("border", "replicate")
    if word not in _BORDERS:
        notes.add(f"border {shown(word)}: Deforum knows {' and '.join(_BORDERS)} and takes it for replicate: made edge")
    return _BORDERS.get(word, "edge")


def _footage(
    settings: Settings, mode: str, footage: Footage, read: Callable[[str], Series], moves: bool, notes: Notes
) -> Sections:
    """Read the sections `source` and, beside it, `colour`."""
    found = deforum_video.source(settings, mode, footage, read, moves, notes)
    colour = deforum_video.colour(settings, notes) if found else {}
    return {name: entries for name, entries in (("source", found), ("colour", colour)) if entries}


def _sound(settings: Settings, footage: Footage | None) -> Sound | None:
    """The soundtrack that Deforum adds to the video: a file, or the sound of the input video."""
    if not settings.is_on("add_soundtrack"):
        return None
    is_init_video = settings.text("add_soundtrack").strip().lower() == "init video"
    if is_init_video and footage and footage.clip:
        return Sound(setting="video_init_path", written=str((settings.source.folder / footage.clip.name).resolve()))
    name = "video_init_path" if is_init_video else "soundtrack_path"
    return Sound(setting=name, written=settings.text(name))
