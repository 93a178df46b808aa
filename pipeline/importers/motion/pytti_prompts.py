"""Read pytti's scenes: prompts with `|`, weights and stops that may be expressions of t, masks, and fades.

Source: pytti-tools/pytti-core, src/pytti/Perceptor/Prompt.py and workhorse.py.
"""

import re

import numpy as np

from pipeline.curves.array import Array
from pipeline.importers.files import Entry
from pipeline.importers.motion.zoom_2d import Clock
from pipeline.importers.notes import Effect, Notes
from pipeline.importers.prompts import Layer, region_of_mask, stop_keys, without_markup
from pipeline.importers.settings import Settings, shown
from pipeline.importers.values.arithmetic import UnreadableError, arithmetic
from pipeline.importers.values.dialects import PYTHON
from pipeline.importers.values.keys import expression_keys

_COLON = re.compile(r":(?![^\[]*\])")
_MASK = re.compile(r"_(?![^\[]*\])")
_PARTS = re.compile(r"\||(?<=`)\s*AND\b|\bAND\b(?=[^|]*`)")  # AND counts only next to weights in backticks


def read_prompts(settings: Settings, scenes: list[str], clock: Clock, notes: Notes) -> tuple[Layer, ...]:
    """Read the texts of the scenes as layers, with their weights over time. Raises `InputError` if there is none."""
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
