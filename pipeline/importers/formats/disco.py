"""Import Disco Diffusion's settings (settings.txt, or the notebook's cells) in the modes 2D, 3D and Video Input.

Convention of Disco: as Deforum's (`pipeline.importers.formats.deforum`), about the middle (W // 2, H // 2); in 2D,
    pixels that leave at one side enter at the other. Prompts hold until the next ones; the weights
    of a frame are divided by their sum.

Source: alembics/disco-diffusion, disco.py.
"""

import functools
from collections.abc import Mapping, Sequence

from pipeline.importers.diffusion_tools import disco_video
from pipeline.importers.diffusion_tools.deforum_flight import border, old_depth_map
from pipeline.importers.diffusion_tools.flight import FIELDS, Flight, Flown, flown, read_moves
from pipeline.importers.diffusion_tools.frame_prompts import texts_by_frame, weights_of
from pipeline.importers.diffusion_tools.switches import Switches, ignore_unused
from pipeline.importers.files import Entry, File
from pipeline.importers.formats import warpfusion
from pipeline.importers.frame import LARGEST, Screen, fit_size, pixel_center, read_motion_2d, read_seed, round_size
from pipeline.importers.imported import Imported
from pipeline.importers.motion.camera_3d import STILL
from pipeline.importers.motion.lost_motion import animation_mode, lost_motion
from pipeline.importers.notations.source import Source
from pipeline.importers.notes import NO_PICTURES, Effect, Notes
from pipeline.importers.prompts import Prompts, Scene, layers, per_frame, until_next, with_placeholder, without_markup
from pipeline.importers.settings import Settings, shown
from pipeline.importers.values.arithmetic import UnreadableError
from pipeline.importers.values.keyframe_strings import disco_series
from pipeline.importers.values.keys import Keys, number
from pipeline.importers.values.series import MAX_FRAMES, constant

TOOL = "Disco Diffusion"
NEEDS = "text_prompts and diffusion_steps or cutn_batches"
_FPS = 12
_FOV = 40.0
_SYMMETRY = "5"  # a weight with which both halves are seen to be alike
_DIFFUSION = "only for diffusion models"
_REASONS = {
    **dict.fromkeys(("steps", "diffusion_model", "diffusion_sampling_mode", "eta", "skip_steps"), _DIFFUSION),
    **dict.fromkeys(("frames_skip_steps", "frames_scale"), "see losses.anchor, which holds on to the previous frame"),
    **dict.fromkeys(
        ("clip_guidance_scale", "tv_scale", "range_scale", "sat_scale"), "weights have other meanings here"
    ),
    **dict.fromkeys(
        ("cut_overview", "cut_innercut", "cut_ic_pow", "cutn_batches"), "see refine.cutouts, the number of cutouts"
    ),
    "image_prompts": NO_PICTURES,
    "perlin_init": "every run starts from its own noise",
    "turbo_mode": "only for 3D",
    **dict.fromkeys(("video_init_steps", "video_init_skip_steps", "video_init_frames_skip_steps"), _DIFFUSION),
    "video_init_blend_mode": "finished frames are not blended with their neighbours",
}
_FIELDS_3D = dict.fromkeys(FIELDS, 0.0)
SWITCHES: Switches = {
    ("turbo_mode",): r"turbo_.*",
    ("use_secondary_model",): r"secondary_model.*",
    ("vr_mode",): r"vr_.*",
    ("use_vertical_symmetry", "use_horizontal_symmetry"): r"transformation_percent|.*symmetry.*",
    ("perlin_init",): r"perlin_mode",
    ("init_image", "perlin_init"): r"init_scale",
}
_VIDEO = r"video_init_.*|extract_nth_frame|flow_.*|.*consistency.*"  # without an effect in the other modes
_STORED = (
    r"persistent_frame_output_in_batch_folder|video_init_(seed_continuity|.*_scale|cutn_batches)|flow_.*|"
    r"frames_(skip_steps|scale)|init_scale|skip_steps|steps|force_flow_generation|key_frames|max_frames"
)
# How the program saves and displays its results, and settings that matter only for 3D and its video.
_ALWAYS = (
    r"batch_name|batch_size|display_rate|n_batches|.*intermediate.*|resume_.*|console_preview.*|simple_nvidia_.*|"
    r"angle|zoom|translation_[xyz]|rotation_3d_[xyz]|midas_.*|near_plane|far_plane|fov|padding_mode|sampling_mode"
)


def recognises(source: Source) -> bool:
    known = {"clip_guidance_scale", "cutn_batches", "diffusion_steps", "diffusion_model"}
    settings = source.settings.keys()
    return "text_prompts" in settings and bool(settings & known) and not settings & warpfusion.MARKS


def convert(source: Source) -> Imported:
    """Convert the settings as described in the module's docstring. Raises `InputError`."""
    settings = Settings(source, TOOL)
    notes = Notes()
    if "animation_mode" not in settings:
        notes.add("the file has no animation_mode; 2D is assumed")
    mode = animation_mode(settings)
    fps = settings.number("fps", _FPS, 0.1, 240)
    if "fps" not in settings:
        notes.add(f"the file has no fps; the notebook's default, {_FPS}, is used")
    footage = disco_video.read_footage(settings, fps, notes) if mode == disco_video.VIDEO else None
    if footage is not None:
        frames = footage.frames
    else:
        frames = settings.integer("max_frames", 1, 1, MAX_FRAMES) if mode != "None" else 1
    width, height = _size(settings, notes)
    seed = read_seed(settings, notes, names=("set_seed", "seed"))
    prompts = _prompts(settings, frames, notes)
    sections, refine = _steering(settings, mode, notes)
    if footage is not None and (played := disco_video.source(settings, footage, notes)):
        sections["source"] = played
    screen = Screen(size=(width, height), fps=fps, frames=frames)
    flight = _flight(settings, screen, notes) if mode == "3D" else Flown()
    motion = _motion(settings, mode, screen, notes)
    across, down = (pixel_center(constant(side // 2 / side, frames), side) for side in (width, height))
    ignore_unused(settings, SWITCHES, f"{_ALWAYS}|{_VIDEO if footage is None else _STORED}")
    return Imported(
        tool=TOOL,
        size=fit_size(width, height, notes),
        fps=fps,
        frames=frames,
        seed=seed,
        prompts=prompts,
        motion={**motion, **flight.motion},
        center=(across, down) if motion else None,
        border=border(settings, notes) if mode == "3D" else "wrap",
        refine=refine,
        sections={**flight.sections, **sections},
        notes=(*notes, *settings.not_converted(_REASONS)),
    )


def _steering(settings: Settings, mode: str, notes: Notes) -> tuple[dict[str, Mapping[str, Entry]], dict[str, str]]:
    """Read the init image, the symmetry and the cadence (`turbo_steps`, of 3D)."""
    sections: dict[str, Mapping[str, Entry]] = {}
    if settings.is_on("init_image"):
        steps, skipped = settings.number("steps", 250, 1), settings.number("skip_steps", 10, 0)
        strength = number(min(skipped / steps, 1.0))
        sections["start"] = {
            "image": File(setting="init_image", written=settings.text("init_image")),
            "strength": strength,
        }
    mirrors = {"use_horizontal_symmetry": "symmetry_x", "use_vertical_symmetry": "symmetry_y"}
    losses: dict[str, Entry] = {ours: _SYMMETRY for name, ours in mirrors.items() if settings.flag(name)}
    if losses:
        sections["losses"] = losses
        settings.read("transformation_percent")
        notes.add(
            "symmetry: Disco mirrors one half of the picture at transformation_percent of a frame's steps; here losses"
            f" pull both halves together, with a weight of {_SYMMETRY}",
            Effect.LOOK,
        )
    refine: dict[str, str] = {}
    if mode == "3D" and settings.flag("turbo_mode"):
        refine["cadence"] = f"{settings.integer('turbo_steps', 3, 1, 1000)}"
        settings.read("turbo_preroll")
    return sections, refine


def _size(settings: Settings, notes: Notes) -> tuple[int, int]:
    """Read `width` and `height` (file) or `width_height` (notebook, which rounds them to multiples of 64)."""
    default = settings.pair("width_height", (1280, 768))
    width = settings.integer("width", default[0], 64, LARGEST)
    height = settings.integer("height", default[1], 64, LARGEST)
    return round_size((width, height), 64, TOOL, notes)


def _motion(settings: Settings, mode: str, screen: Screen, notes: Notes) -> dict[str, Keys]:
    settings.read("key_frames")
    interpolation = settings.text("interp_spline", "Linear")
    if mode == disco_video.VIDEO:
        return {}  # its motion is that of the clip
    if mode == "3D":
        return {}  # its motion is that of a camera
    if mode != "2D":
        notes.add(lost_motion(settings, mode, _FIELDS_3D))
        return {}
    if interpolation != "Linear":
        notes.add(f"interp_spline {shown(interpolation)}: Linear is used, the only one that Disco's form offers")
    return read_motion_2d(settings, screen, functools.partial(disco_series, count=screen.frames), {}, notes)


def _flight(settings: Settings, screen: Screen, notes: Notes) -> Flown:
    """Read the camera and its depth."""
    settings.read("key_frames")
    weight = settings.number("midas_weight", 0.3)
    flight = Flight(
        moves=read_moves(settings, functools.partial(disco_series, count=screen.frames), notes),
        fov=constant(settings.number("fov", _FOV), screen.frames),
        aspect=constant(1.0, screen.frames),
        words={},
    )
    told = "Disco estimates depth by " + ("MiDaS" if weight >= 1 else "MiDaS and AdaBins" if weight > 0 else "AdaBins")
    found = flown(flight, screen, old_depth_map(weight, told), notes)
    notes.update([] if found.sections else [STILL])
    return found


def _prompts(settings: Settings, frames: int, notes: Notes) -> Prompts:
    try:
        keys = until_next(texts_by_frame(settings, "text_prompts"), frames, notes)
        scenes = [(frame, _weights(texts, f"text_prompts: frame {frame}", notes)) for frame, texts in keys]
        if all(list(weights.values()) == [1.0] for _, weights in scenes):
            return tuple(Scene(frame=frame, text=next(iter(weights))) for frame, weights in scenes)
        return layers(per_frame(scenes, frames))
    except UnreadableError as error:
        raise settings.error("text_prompts", str(error)) from None


def _weights(texts: Sequence[str], place: str, notes: Notes) -> dict[str, float]:
    """Map the texts of a frame to their weights, divided by their sum."""
    found = with_placeholder(weights_of(texts, functools.partial(without_markup, notes=notes)), 1.0, place, notes)
    total = abs(sum(found.values()))
    if total < 1e-3:
        raise UnreadableError(f"the weights of {shown(texts)} add up to 0")
    return {words: weight / total for words, weight in found.items()}
