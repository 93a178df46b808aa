"""Import pytti's settings (YAML): scenes with `|` and `||`, weights, 2D and 3D motion as expressions of t.

Convention of pytti: every picture after the first is moved at t = (frame - 1) / frames_per_second and then
    refined; translate_x moves it to the right and translate_y up, in pixels; zoom_x_2d is the number of
    pixels by which the picture outgrows its frame; rotate_2d turns it counter-clockwise.

Source: pytti-tools/pytti-core, src/pytti/update_func.py, Transforms.py, workhorse.py, Perceptor/Prompt.py.
    What differs: a picture's weights are those at its first step; see also `pipeline.importers.motion.zoom_2d`.
"""

import re
from collections.abc import Mapping

import numpy as np

from pipeline.importers.files import Entry, File, begun_with
from pipeline.importers.frame import LARGEST, fit_size, read_seed
from pipeline.importers.imported import Imported
from pipeline.importers.motion import flight_3d, pytti_source
from pipeline.importers.motion.clips import FoundClip
from pipeline.importers.motion.lost_motion import animation_mode, lost_motion
from pipeline.importers.motion.pytti_prompts import read_prompts
from pipeline.importers.motion.zoom_2d import FIELDS, Clock, motion
from pipeline.importers.notations.source import Source
from pipeline.importers.notes import NO_PICTURES, Effect, Notes
from pipeline.importers.settings import Settings, shown
from pipeline.importers.sound import Sound
from pipeline.importers.values.keys import Keys
from pipeline.importers.values.series import MAX_FRAMES

TOOL = "pytti"
NEEDS = "scenes as a text"
_BORDERS = {"mirror": "reflect", "wrap": "wrap", "black": "black", "smear": "edge"}
_UNLIMITED, _LIMITED = "Unlimited Palette", "Limited Palette"
_MOST_COLOURS = 32
_REFERENCE = re.compile(r"\$\{(\w+)\}")
_STABLE = "see losses.anchor, which holds on to the previous frame"
_REASONS = {
    "vqgan_model": "the embedded model is used; `render models` lists others for models.latent",
    **dict.fromkeys(("direct_image_prompts",), NO_PICTURES),
    "input_audio_filters": "not converted; use `music: {signals: ...}` to follow the sound",
    **dict.fromkeys(("direct_stabilization_weight", "semantic_stabilization_weight"), _STABLE),
    **dict.fromkeys(("depth_stabilization_weight", "edge_stabilization_weight", "flow_stabilization_weight"), _STABLE),
    **dict.fromkeys(("learning_rate", "smoothing_weight"), "the number has another meaning here"),
    "cutouts": "refine.cutouts keeps its default, which suits the embedded model",
}
_FIELDS_3D = ("translate_z_3d", "rotate_3d", "field_of_view", "near_plane", "far_plane", "lock_camera")


def recognises(source: Source) -> bool:
    return isinstance(source.settings.get("scenes"), str) and "rendered_frames" not in source.settings


def convert(source: Source) -> Imported:
    """Convert the settings as described in the module's docstring. Raises `InputError`."""
    settings = Settings(source, TOOL, _resolved(source.settings))
    notes = Notes()
    if settings.read("scenes") == "???":
        raise settings.error("scenes", "is required, but not set")
    scenes = [scene for scene in settings.text("scenes").split("||") if scene]
    if blank := [str(number) for number, scene in enumerate(scenes, 1) if not scene.strip()]:
        notes.add(
            f"scenes: blank ones ({', '.join(blank[:20])} of {len(scenes)}): no prompt guides the picture there",
            Effect.PROMPTS,
        )
    clock = _clock(settings, len(scenes), notes)
    mode = animation_mode(settings, "off")
    clip = pytti_source.source_clip(settings, mode, notes)
    width, height = pytti_source.size_of(settings, clip, 512, 16, LARGEST)
    scale = settings.integer("pixel_size", 1, 1, 64)
    model = settings.text("image_model", _UNLIMITED)
    notes.add(f"image_model {shown(model)}: the embedded VQGAN is used")
    moved = 1 if model == _UNLIMITED else scale  # only this model is moved in its own, larger pixels
    prompts = read_prompts(settings, scenes, clock, notes)
    rates, flight = _motion(settings, mode, (width * moved, height * moved), clock, notes)
    return Imported(
        tool=TOOL,
        size=fit_size(width * scale, height * scale, notes),
        fps=clock.fps,
        frames=len(clock.times),
        seed=read_seed(settings, notes),
        prompts=prompts,
        motion=rates,
        border=_border(settings, notes),
        sections=flight | _sections(settings, model, notes) | _footage(settings, clip, clock, notes),
        sound=_sound(settings),
        refine={
            "steps": f"{clock.steps}",
            "first_frame": f"{clock.before}",
            "carry": "false" if settings.flag("reset_lr_each_frame", True) else "true",
        },
        notes=(*notes, *settings.not_converted(_REASONS)),
    )


def _resolved(settings: Mapping[str, object]) -> dict[str, object]:
    """Replace `${name}` by the value of the setting `name`."""
    found = dict(settings)
    for name, value in settings.items():
        match = _REFERENCE.fullmatch(value.strip()) if isinstance(value, str) else None
        if match and match[1] in settings:
            found[name] = settings[match[1]]
    return found


def _border(settings: Settings, notes: Notes) -> str:
    word = settings.text("infill_mode", "wrap")
    if word not in _BORDERS:
        notes.add(f"infill_mode {shown(word)}: expected one of {', '.join(_BORDERS)}; wrap is used")
    return _BORDERS.get(word, "wrap")


def _sound(settings: Settings) -> Sound | None:
    """The track that pytti's audio reactivity uses."""
    start = settings.number("input_audio_offset", 0)
    if not settings.is_on("input_audio"):
        return None
    note = "input_audio: becomes the video's soundtrack here; pytti only analyses it"
    path = settings.text("input_audio")
    return Sound(setting="input_audio", written=path, start=max(start, 0.0), note=note)


def _clock(settings: Settings, scenes: int, notes: Notes) -> Clock:
    fps = settings.number("frames_per_second", 12, 0.1, 240)
    before = settings.integer("pre_animation_steps", 50, 0, 100_000)
    steps = settings.integer("steps_per_frame", 50, 1, 10_000)
    each = settings.integer("steps_per_scene", 100, 1, 10**9)
    frames = max(0, each * max(1, scenes) - before) // steps + 1
    if frames > MAX_FRAMES:
        raise settings.error("steps_per_scene", f"{frames:,} frames; at most {MAX_FRAMES:,} are allowed")
    if settings.integer("save_every", steps, 1, 10**9) != steps or before % steps:
        notes.add("save_every, pre_animation_steps: every frame is saved once, when it is finished")
    begins = np.maximum(before + (np.arange(frames, dtype=np.float64) - 1) * steps, 0)
    begins[0] = 0
    return Clock(fps=fps, before=before, steps=steps, begins=begins, times=(begins - before) / (steps * fps))


def _motion(
    settings: Settings, mode: str, size: tuple[int, int], clock: Clock, notes: Notes
) -> tuple[dict[str, Keys], dict[str, Mapping[str, Entry]]]:
    """Read the motion of the picture, or the sections of a camera."""
    found: dict[str, Keys] = {}
    flight: dict[str, Mapping[str, Entry]] = {}
    if mode == "2D":
        found = motion(settings, size, clock, notes)
    elif mode == "3D":
        flight = dict(flight_3d.sections(settings, size, clock, notes))
    elif mode not in ("off", "False", pytti_source.VIDEO):
        notes.add(lost_motion(settings, mode, dict.fromkeys(flight_3d.FIELDS, 0.0)))
    for name in (*_FIELDS_3D, *FIELDS):
        settings.read(name)
    return found, flight


def _footage(settings: Settings, clip: FoundClip | None, clock: Clock, notes: Notes) -> dict[str, Mapping[str, Entry]]:
    """Read the clip of the mode Video Source, and the losses that hold on to it."""
    if clip is None:
        return {}
    found = {
        "source": pytti_source.source(settings, clip, clock, notes),
        "losses": pytti_source.losses(settings, clock, notes),
    }
    return {name: entries for name, entries in found.items() if entries}


def _sections(settings: Settings, model: str, notes: Notes) -> dict[str, Mapping[str, Entry]]:
    """Read the picture to start from and the palette."""
    found: dict[str, Mapping[str, Entry]] = {}
    if settings.is_on("init_image"):
        found["start"] = begun_with("init_image", settings.text("init_image"), notes)
    if model == _LIMITED and settings.is_on("target_palette"):
        colours = settings.integer("palette_size", 6, 1, 10_000) * settings.integer("palettes", 9, 1, 10_000)
        image = File(setting="target_palette", written=settings.text("target_palette"))
        found["colour"] = {"palette": {"image": image, "count": f"{min(colours, _MOST_COLOURS)}"}, "lock": "true"}
        settings.read("lock_palette")
        if colours > _MOST_COLOURS:
            notes.add(f"palette_size, palettes: {_MOST_COLOURS} of {colours} colours are used")
    return found
