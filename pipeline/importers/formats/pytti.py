"""Import pytti's settings (YAML): scenes with `|` and `||`, weights and 2D motion as expressions of t.

Convention of pytti: every picture after the first is moved at t = (frame - 1) / frames_per_second and then
    refined; translate_x moves it to the right and translate_y up, in pixels; zoom_x_2d is the number of
    pixels by which the picture outgrows its frame; rotate_2d turns it counter-clockwise.

Source: pytti-tools/pytti-core, src/pytti/update_func.py, Transforms.py, workhorse.py, Perceptor/Prompt.py.
    What differs: a picture's weights are those at its first step; see also `pipeline.importers.zoom_2d`.
"""

import re
from collections.abc import Mapping

import numpy as np

from pipeline.curves.array import Array
from pipeline.importers.files import Entry, File, begun_with
from pipeline.importers.frame import LARGEST, fit_size, read_seed
from pipeline.importers.imported import Imported
from pipeline.importers.lost_motion import animation_mode, lost_motion
from pipeline.importers.notations.source import Source
from pipeline.importers.notes import NO_PICTURES, Effect, Notes
from pipeline.importers.prompts import Layer, region_of_mask, stop_keys, without_markup
from pipeline.importers.settings import Settings, shown
from pipeline.importers.sound import Sound
from pipeline.importers.values.arithmetic import UnreadableError, arithmetic
from pipeline.importers.values.dialects import PYTHON
from pipeline.importers.values.keys import Keys, expression_keys
from pipeline.importers.values.series import MAX_FRAMES
from pipeline.importers.zoom_2d import FIELDS, Clock, motion

TOOL = "pytti"
NEEDS = "scenes as a text"
_BORDERS = {"mirror": "reflect", "wrap": "wrap", "black": "black", "smear": "edge"}
_UNLIMITED, _LIMITED = "Unlimited Palette", "Limited Palette"
_MOST_COLOURS = 32
_REFERENCE = re.compile(r"\$\{(\w+)\}")
_COLON = re.compile(r":(?![^\[]*\])")
_MASK = re.compile(r"_(?![^\[]*\])")
_PARTS = re.compile(r"\||(?<=`)\s*AND\b|\bAND\b(?=[^|]*`)")  # AND counts only next to weights in backticks
_STABLE = "see losses.anchor, which holds on to the previous frame"
_REASONS = {
    "vqgan_model": "the embedded model is used; `render models` lists others for models.latent",
    **dict.fromkeys(("direct_image_prompts", "video_path"), NO_PICTURES),
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
    width, height = settings.integer("width", 512, 16, LARGEST), settings.integer("height", 512, 16, LARGEST)
    scale = settings.integer("pixel_size", 1, 1, 64)
    model = settings.text("image_model", _UNLIMITED)
    notes.add(f"image_model {shown(model)}: the embedded VQGAN is used")
    moved = 1 if model == _UNLIMITED else scale  # only this model is moved in its own, larger pixels
    prompts = _prompts(settings, scenes, clock, notes)
    rates = _motion(settings, (width * moved, height * moved), clock, notes)
    return Imported(
        tool=TOOL,
        size=fit_size(width * scale, height * scale, notes),
        fps=clock.fps,
        frames=len(clock.times),
        seed=read_seed(settings, notes),
        prompts=prompts,
        motion=rates,
        border=_border(settings, notes),
        sections=_sections(settings, model, notes),
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


def _motion(settings: Settings, size: tuple[int, int], clock: Clock, notes: Notes) -> dict[str, Keys]:
    mode = animation_mode(settings, "off")
    if mode == "2D":
        found = motion(settings, size, clock, notes)
    else:
        found = {}
        turn = "".join(settings.text("rotate_3d", "[1,0,0,0]").split())
        if mode not in ("off", "False"):
            also = f"rotate_3d = {shown(turn)}" if turn != "[1,0,0,0]" else ""
            notes.add(
                lost_motion(settings, mode, dict.fromkeys(("translate_x", "translate_y", "translate_z_3d"), 0.0), also)
            )
    for name in (*_FIELDS_3D, *FIELDS):
        settings.read(name)
    return found


def _prompts(settings: Settings, scenes: list[str], clock: Clock, notes: Notes) -> tuple[Layer, ...]:
    prefix, suffix = settings.text("scene_prefix"), settings.text("scene_suffix")
    each = settings.integer("steps_per_scene", 100, 1, 10**9)
    fading = settings.integer("interpolation_steps", 0, 0, 10**9)
    weights: dict[str, Array] = {}
    stops: dict[str, Array] = {}
    regions: dict[str, Entry | None] = {}
    wordings: dict[str, str | None] = {}
    for scene, share in zip(scenes, _shares(clock.begins, len(scenes), each, fading), strict=True):
        for prompt in _PARTS.split(f"{prefix}{scene}{suffix}"):
            text, values, wording = _prompt(prompt.strip(), clock, notes)
            if text:
                regions.setdefault(text, _region(prompt.strip(), notes))
                stops[text] = np.where(share > 0, _stop(prompt, clock, notes), stops.get(text, -np.inf))
                wordings[text] = wording if len(scenes) == 1 and text not in weights else None
                weights[text] = weights.get(text, np.zeros_like(share)) + share * values
    layers = [
        Layer(
            text=text,
            weight=expression_keys(wordings[text], values, clock.fps),
            stop=stop_keys(text, stops[text], values, notes),
            region=regions[text],
        )
        for text, values in weights.items()
        if values.any()
    ]
    if not layers:
        raise settings.error("scenes", "expected texts such as a calm sea | fog:-0.2 || a storm")
    return tuple(layers)


def _shares(begins: Array, count: int, each: int, fading: int) -> list[Array]:
    """The share of each scene in every frame; a scene fades in over its own first steps."""
    scene = np.minimum(begins // each, max(count - 1, 0))
    since = begins - scene * each
    arrived = np.where((since < fading) & (scene > 0), since / max(fading, 1), 1.0)
    return [np.where(scene == own, arrived, 0.0) + np.where(scene == own + 1, 1 - arrived, 0.0) for own in range(count)]


def _region(prompt: str, notes: Notes) -> Entry | None:
    """The part of the picture that the mask of `text:weight_mask_threshold` names."""
    rest = _COLON.split(prompt, maxsplit=2)[1:]
    parts = [part.strip() for part in _MASK.split(rest[0], maxsplit=2)[1:]] if rest else []
    if parts in ([], [""], ["a"]):
        return None
    region = region_of_mask(parts)
    if region is None:
        notes.add(f"{shown(prompt)}: this mask is not supported; the prompt applies to the whole picture")
    return region


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


def _stop(prompt: str, clock: Clock, notes: Notes) -> Array:
    """The stop of `text:weight:stop` in every frame, as a signed distance; -inf without one."""
    written = [part.strip().strip("`").strip() for part in _COLON.split(prompt, maxsplit=2)][2:]
    never = np.full_like(clock.times, -np.inf)
    if not written or written[0] in ("", "-inf"):
        return never
    try:
        return clock.values(arithmetic(written[0], PYTHON))
    except UnreadableError as error:
        notes.add(f"{shown(prompt.strip())}: stop: {error}; the prompt never lets go", Effect.PROMPTS)
        return never


def _prompt(prompt: str, clock: Clock, notes: Notes) -> tuple[str, Array, str | None]:
    """The text, its weight in every frame, and the expression of that weight in our language."""
    text, *rest = _COLON.split(prompt, maxsplit=2)
    weight, *_ = _MASK.split(rest[0], maxsplit=2) if rest else ("1",)
    if text.strip().startswith("["):
        notes.add(f"{shown(prompt)}: no pictures are read")
        return "", clock.times, None
    try:
        expression = arithmetic(weight.strip().strip("`").strip() or "1", PYTHON)
        values = clock.values(expression)
    except UnreadableError as error:
        notes.add(f"{shown(prompt)}: weight: {error}; 1 is used")
        return without_markup(text, notes), np.ones_like(clock.times), None
    constant = bool(np.all(values == values[0]))
    return without_markup(text, notes), values, None if constant else expression.written(clock.words("frame"))
