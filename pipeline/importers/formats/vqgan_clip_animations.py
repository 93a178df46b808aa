"""Import the form of the VQGAN-CLIP-animations notebook: the notebook itself, its cells as a script, or JSON.

Convention of the notebook: as Disco's (`pipeline.importers.formats.disco`): shift right and down, then scale and
    rotate counter-clockwise about (W // 2, H // 2); pixels that leave at one side enter at the other. Its
    documentation says clockwise, but its call of cv2.getRotationMatrix2D rotates the other way, and we follow
    the call. Every prompt has its own weight by keyframe.

Source: chigozienri/VQGAN-CLIP-animations, VQGAN-CLIP-animations.ipynb.
"""

import functools

import numpy as np

from pipeline.curves.array import Array
from pipeline.importers.frame import LARGEST, Screen, fit_size, pixel_center, read_motion_2d, read_seed, read_series
from pipeline.importers.imported import Imported
from pipeline.importers.notations.source import Source
from pipeline.importers.notes import NO_PICTURES, Notes
from pipeline.importers.prompts import Layer, split_weight_and_stop, stop_keys, with_placeholder, without_markup
from pipeline.importers.settings import Settings
from pipeline.importers.values.arithmetic import UnreadableError
from pipeline.importers.values.keyframe_strings import animations_series, bracketed_keys, literal_keys
from pipeline.importers.values.keys import value_keys
from pipeline.importers.values.series import MAX_FRAMES, appended, constant, frame_keys

TOOL = "VQGAN-CLIP-animations"
NEEDS = "iterations_per_frame and text_prompts"
_STRIDE = 16
_REASONS = {
    "model": "the embedded model is used; `render models` lists others for models.latent",
    **dict.fromkeys(("initial_image", "target_images"), NO_PICTURES),
}


def recognises(source: Source) -> bool:
    return source.settings.keys() >= {"iterations_per_frame", "text_prompts"}


def convert(source: Source) -> Imported:
    """Convert the settings as described in the module's docstring. Raises `InputError`."""
    settings = Settings(source, TOOL)
    notes = Notes()
    frames = settings.integer("max_frames", 50, 1, MAX_FRAMES)
    fps = settings.number("fps", 12, 0.1, 240)
    sides = settings.integer("width", 400, 16, LARGEST), settings.integer("height", 400, 16, LARGEST)
    width, height = (side // _STRIDE * _STRIDE for side in sides)
    seed = read_seed(settings, notes)
    prompts = _prompts(settings, frames, notes)
    read = functools.partial(animations_series, count=frames)
    steps = np.trunc(read_series(settings, "iterations_per_frame", "10", read, notes).values)
    motion = read_motion_2d(settings, Screen(size=(width, height), fps=fps, frames=frames), read, {}, notes)
    settings.read("key_frames")
    across, down = (pixel_center(constant(side // 2 / side, frames), side) for side in (width, height))
    return Imported(
        tool=TOOL,
        size=fit_size(width, height, notes),
        fps=fps,
        frames=frames,
        seed=seed,
        prompts=prompts,
        motion=motion,
        center=(across, down) if motion else None,
        border="wrap",
        refine={"steps": value_keys(steps), "first_frame": f"{steps[0]:.0f}", "carry": "false"},
        notes=(*notes, *settings.not_converted(_REASONS)),
    )


def _prompts(settings: Settings, frames: int, notes: Notes) -> tuple[Layer, ...]:
    text = settings.text("text_prompts")
    try:
        found: dict[str, Array] = {}
        stops: dict[str, float] = {}
        for words, values, stop in _weights(text, frames) or [("", np.ones(frames), -np.inf)]:
            words = without_markup(words, notes) or next(iter(with_placeholder({}, 1.0, "text_prompts", notes)))
            found[words] = found.get(words, np.zeros(frames)) + values
            stops[words] = max(stop, stops.get(words, -np.inf))
    except UnreadableError as error:
        raise settings.error("text_prompts", str(error)) from None
    layers = tuple(
        Layer(
            text=words, weight=value_keys(values), stop=stop_keys(words, np.full(frames, stops[words]), values, notes)
        )
        for words, values in found.items()
        if values.any()
    )
    if not layers:
        raise settings.error("text_prompts", "expected prompts such as 'Apple': {0: 1, 20: 0}, 'Orange': {0: 0, 20: 1}")
    return layers


def _weights(text: str, frames: int) -> list[tuple[str, Array, float]]:
    """Read texts, their weights in every frame, and stops: in the new notation, the older one, or without keyframes."""
    keys = literal_keys(text) or {}
    maps = [(str(words), value) for words, value in keys.items() if isinstance(value, dict)]
    if maps and len(maps) == len(keys):
        return [(words, appended(frame_keys(value), frames), -np.inf) for words, value in maps]
    old: dict[str, dict[int, float]] = {}
    stops: dict[str, float] = {}
    for frame, inside in bracketed_keys(text).items():
        for words, weight, stop in map(split_weight_and_stop, inside.split("|")):
            old.setdefault(words, {})[frame] = weight
            stops[words] = stop
    if old:
        return [(words, appended(weights, frames), stops[words]) for words, weights in old.items()]
    parts = map(split_weight_and_stop, text.split("|"))
    return [(words, np.full(frames, weight), stop) for words, weight, stop in parts if words]
