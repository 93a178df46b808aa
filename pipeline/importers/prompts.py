"""Prompts of other tools: their weights and emphasis, as scenes that follow each other or layers with weights."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from pipeline.curves.array import Array
from pipeline.importers.notes import Effect, Note
from pipeline.importers.settings import shown, single_line
from pipeline.importers.values.arithmetic import UnreadableError
from pipeline.importers.values.carriers import Keys, sampled_as

T = TypeVar("T")

MAX_LAYERS = 1000
NEGATIVE = Note("negative prompts push away with the weight -1; -0.3 is often enough", Effect.PROMPTS)
PLACEHOLDER = "a picture"
_EMPHASIS = re.compile(r"\(([^()]*):\s*[-+]?[0-9.]+\s*\)")
_FORMULA = re.compile(r"\(([^()`]*?):?\s*`[^`]*`\s*\)|`[^`]*`")
_EXTRA = re.compile(r"<[^<>:]+:[^<>]*>")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A text from a frame on; `fades` where it comes in from the scene before it instead of at once."""

    frame: int
    text: str
    fades: bool = False


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A text and its weight over time."""

    text: str
    weight: Keys


Prompts = tuple[Scene, ...] | tuple[Layer, ...]


def plain(text: str, told: dict[str, None]) -> str:
    """A prompt without what only Stable Diffusion's web UI reads: emphasis, LoRAs, formulas; each is told once."""
    for pattern, what in (
        (_EXTRA, "means nothing here, left out of the prompts"),
        (_FORMULA, "has a weight as a formula within a prompt, left out"),
        (_EMPHASIS, "is emphasised within a prompt, left out"),
    ):
        for match in pattern.finditer(text):
            told[Note.of(shown(match[match.lastindex or 0]), what, Effect.PROMPTS)] = None
        text = pattern.sub(lambda match: match[match.lastindex] if match.lastindex else "", text)
    return single_line(text)


def filled(weights: Mapping[str, T], one: T, place: str, told: dict[str, None]) -> dict[str, T]:
    """The weights of a place's texts, with a text that stands for a blank prompt, which is reported."""
    if any(text != "" for text in weights):
        return dict(weights)
    told[Note(f"{place} is blank: '{PLACEHOLDER}' stands there until you write what to draw", Effect.PROMPTS)] = None
    return {PLACEHOLDER: one}


def weighted(text: str) -> tuple[str, float]:
    """`text:weight`; all of it is text where nothing behind the last colon is a number."""
    words, weight, _ = _parts(text, 1)
    return words, weight


def stopped(text: str) -> tuple[str, float, bool]:
    """`text:weight:stop`: the text, its weight, and whether a stop follows."""
    return _parts(text, 2)


def _parts(text: str, most: int) -> tuple[str, float, bool]:
    for count in range(most, 0, -1):
        words, *numbers = text.rsplit(":", count)
        try:
            values = [float(number) for number in numbers]
        except ValueError:
            continue
        if len(values) == count and words.strip() and np.isfinite(values[0]):
            return words.strip(), values[0], count == 2 and values[1] != -np.inf
    return text.strip(), 1.0, False


def layers(
    frames: Sequence[Mapping[str, float]], wordings: Mapping[str, str] | None = None, fps: float = 1.0
) -> tuple[Layer, ...]:
    """Layers of the weights that the texts have in every frame.

    Args:
        wordings: expressions in our language that say these weights, where there are any.

    Raises:
        UnreadableError: no text has a weight, or there are too many.
    """
    found: dict[str, Array] = {}
    for index, weights in enumerate(frames):
        for text, weight in weights.items():
            if text not in found:
                found[text] = np.zeros(len(frames))
                if len(found) > MAX_LAYERS:
                    raise UnreadableError(f"more than {MAX_LAYERS:,} different prompts")
            found[text][index] += weight
    weighing = tuple(
        Layer(text=text, weight=sampled_as((wordings or {}).get(text), values, fps))
        for text, values in found.items()
        if values.any()
    )
    if not weighing:
        raise UnreadableError("expected a text")
    return weighing


def held(keys: Mapping[int, T], count: int, told: dict[str, None]) -> list[tuple[int, T]]:
    """What stays up to the next one: (frame, entry) in order, the first one from frame 0."""
    inside = sorted(((frame, entry) for frame, entry in keys.items() if 0 <= frame < count), key=lambda pair: pair[0])
    if late := [str(frame) for frame in sorted(keys) if frame >= count]:
        line = f"prompts at {', '.join(late[:20])}: come after the last frame, {count - 1}"
        told[Note(line, Effect.PROMPTS)] = None
    if early := [str(frame) for frame in sorted(keys) if frame < 0]:
        told[Note(f"prompts at {', '.join(early[:20])}: come before frame 0", Effect.PROMPTS)] = None
    if not inside:
        raise UnreadableError("no frame has a prompt")
    return [(0, inside[0][1]), *inside[1:]]


def spans(held: Sequence[tuple[int, Mapping[str, float]]], count: int) -> list[Mapping[str, float]]:
    """What stands in every frame, of what is held from a frame on."""
    frames: list[Mapping[str, float]] = []
    starts = [start for start, _ in held]
    for (start, weights), stop in zip(held, [*starts[1:], count], strict=True):
        frames += [weights] * (stop - start)
    return frames
