"""Convert other tools' prompts, with their weights and emphasis, to successive scenes or weighted layers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.curves.array import Array
from pipeline.importers.files import Entry, File
from pipeline.importers.notes import Effect, Note, Notes
from pipeline.importers.settings import shown, single_line
from pipeline.importers.values.arithmetic import UnreadableError
from pipeline.importers.values.keys import Keys, expression_keys, number, value_keys

T = TypeVar("T")
Mask = NDArray[np.bool_]  # a flag for every frame

MAX_LAYERS = 1000
NEGATIVE = Note("negative prompts get the weight -1; -0.3 is often enough", Effect.PROMPTS)
PLACEHOLDER = "a picture"
_SIDES = {"l": "[0, 0, {}, 1]", "r": "[{}, 0, 1, 1]", "u": "[0, 0, 1, {}]", "d": "[0, {}, 1, 1]"}
_EMPHASIS = re.compile(r"\(([^()]*):\s*[-+]?[0-9.]+\s*\)")
_FORMULA = re.compile(r"\(([^()`]*?):?\s*`[^`]*`\s*\)|`[^`]*`")
_EXTRA = re.compile(r"<[^<>:]+:[^<>]*>")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A text that applies from a frame on; with `fades`, it fades in from the previous scene, otherwise it cuts."""

    frame: int
    text: str
    fades: bool = False


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A text, its weight over time, the similarity at which it lets go, and the region where it applies."""

    text: str
    weight: Keys
    stop: Keys | None = None
    region: Entry | None = None


Prompts = tuple[Scene, ...] | tuple[Layer, ...]


def without_markup(text: str, notes: Notes) -> str:
    """Remove what only Stable Diffusion's web UI reads: emphasis, LoRAs, formulas. Each is reported once."""
    for pattern, what in (
        (_EXTRA, "means nothing here and is removed from the prompts"),
        (_FORMULA, "has a formula as its weight inside a prompt; the weight is removed"),
        (_EMPHASIS, "is emphasised inside a prompt; the emphasis is removed"),
    ):
        for match in pattern.finditer(text):
            notes.add(Note.of(shown(match[match.lastindex or 0]), what, Effect.PROMPTS))
        text = pattern.sub(lambda match: match[match.lastindex] if match.lastindex else "", text)
    return single_line(text)


def with_placeholder(weights: Mapping[str, T], one: T, place: str, notes: Notes) -> dict[str, T]:
    """Return the weights, or a placeholder with weight `one` if no text is left at `place`, which is reported."""
    if any(text != "" for text in weights):
        return dict(weights)
    notes.add(f"{place} is blank; '{PLACEHOLDER}' is used until you write what to draw", Effect.PROMPTS)
    return {PLACEHOLDER: one}


def split_weight(text: str) -> tuple[str, float]:
    """Split `text:weight`; if no number follows the last colon, everything is text and the weight is 1."""
    words, weight, _ = _parts(text, 1)
    return words, weight


def split_weight_and_stop(text: str) -> tuple[str, float, float]:
    """Split `text:weight:stop` into the text, its weight, and its stop as a signed distance, -inf without one."""
    return _parts(text, 2)


def story_weights(phrase: str, stops: dict[str, float], notes: Notes) -> Mapping[str, float]:
    """Map the texts of one phrase of VQGAN+CLIP, `rose:2 | fog:-0.5`, to their weights.

    Args:
        stops: gets the stops of those that have one.
    """
    found: dict[str, float] = {}
    for part in phrase.split("|"):
        text, weight, stop = split_weight_and_stop(part)
        words = without_markup(text, notes)
        if stop > -np.inf and stops.setdefault(words, stop) != stop:
            notes.add(f"{shown(part)}: the same text has another stop before, which is used", Effect.PROMPTS)
        if words:
            found[words] = found.get(words, 0.0) + weight
    return found


def stop_keys(text: str, stops: Array, weights: Array, notes: Notes) -> Keys | None:
    """Write the stops of a prompt in VQGAN+CLIP as keys, see `similarities`; None if there are none.

    One that is never reached, such as a negative one of a positive weight, is reported and left out.
    """
    if not (stops > -np.inf).any():
        return None
    found = similarities(stops, weights)
    if (np.abs(found) == 1).all() and (found == np.where(_pushes(weights), -1, 1)).all():
        notes.add(f"{shown(text)}: its stop is never reached, there as here, and left out")
        return None
    return value_keys(found)


def similarities(stops: Array, weights: Array) -> Array:
    """Convert stops of VQGAN+CLIP, in every frame, to the cosines at which a prompt of these weights lets go.

    A stop is a distance, arccos(cosine)^2 / 2, times the sign of the weight: a prompt lets go of what is nearer than
    that, or farther away if it pushes. What is never reached becomes 1, or -1 if it pushes; what always is, the other.
    """
    signs = np.where(_pushes(weights), -1.0, 1.0)
    angles = np.sqrt(2 * np.clip(signs * stops, 0.0, np.pi**2 / 2))
    return np.where(signs * stops < 0, 1.0, np.cos(angles))


def _pushes(weights: Array) -> Mask:
    """In which frames a prompt pushes away: where its weight is negative, and where it is 0 if it never pulls."""
    return (weights < 0) | (weights <= 0).all()


def region_of_mask(parts: Sequence[str]) -> Entry | None:
    """Convert a mask of pytti, a file in brackets or the letter of a side with its threshold, to a region.

    None for the others: near and far cutouts, and texts that cutouts are compared with.
    """
    mask, *more = parts
    if mask.startswith("[") and mask.endswith("]") and not more:
        name = mask[1:-1].strip()
        file = File(setting="scenes", written=name.removeprefix("-"))
        inverse: Entry = {"video" if file.is_video else "image": file, "invert": "true"}
        return inverse if name.startswith("-") else file
    try:
        return {"box": _SIDES[mask].format(number(float(more[0])) if more else "0.5")}
    except (KeyError, ValueError):
        return None


def _parts(text: str, most: int) -> tuple[str, float, float]:
    for count in range(most, 0, -1):
        words, *numbers = text.rsplit(":", count)
        try:
            values = [float(number) for number in numbers]
        except ValueError:
            continue
        if len(values) == count and words.strip() and np.isfinite(values[0]):
            return words.strip(), values[0], values[1] if count == 2 and not np.isnan(values[1]) else -np.inf
    return text.strip(), 1.0, -np.inf


def layers(
    frames: Sequence[Mapping[str, float]],
    wordings: Mapping[str, str] | None = None,
    fps: float = 1.0,
    stops: Mapping[str, float] = MappingProxyType({}),
    notes: Notes | None = None,
) -> tuple[Layer, ...]:
    """Build layers from the weights of the texts in every frame.

    Args:
        wordings: expressions in our language that give these weights, for the texts that have one.
        stops: of the texts that have one, as signed distances; `notes` gets those that have no effect.

    Raises:
        UnreadableError: no text has a weight, or there are too many texts.
    """
    found: dict[str, Array] = {}
    for index, weights in enumerate(frames):
        for text, weight in weights.items():
            if text not in found:
                found[text] = np.zeros(len(frames))
                if len(found) > MAX_LAYERS:
                    raise UnreadableError(f"more than {MAX_LAYERS:,} different prompts")
            found[text][index] += weight
    weighted = tuple(
        Layer(
            text=text,
            weight=expression_keys((wordings or {}).get(text), values, fps),
            stop=None
            if notes is None
            else stop_keys(text, np.full(len(frames), stops.get(text, -np.inf)), values, notes),
        )
        for text, values in found.items()
        if values.any()
    )
    if not weighted:
        raise UnreadableError("expected a text")
    return weighted


def until_next(keys: Mapping[int, T], count: int, notes: Notes) -> list[tuple[int, T]]:
    """Sort entries that each hold until the next: (frame, entry), with the first one moved to frame 0.

    Entries outside the `count` frames are reported. Raises `UnreadableError` if none is left.
    """
    inside = sorted(((frame, entry) for frame, entry in keys.items() if 0 <= frame < count), key=lambda pair: pair[0])
    if late := [str(frame) for frame in sorted(keys) if frame >= count]:
        line = f"prompts at {', '.join(late[:20])} come after the last frame, {count - 1}"
        notes.add(line, Effect.PROMPTS)
    if early := [str(frame) for frame in sorted(keys) if frame < 0]:
        notes.add(f"prompts at {', '.join(early[:20])} come before frame 0", Effect.PROMPTS)
    if not inside:
        raise UnreadableError("no frame has a prompt")
    return [(0, inside[0][1]), *inside[1:]]


def per_frame(entries: Sequence[tuple[int, Mapping[str, float]]], count: int) -> list[Mapping[str, float]]:
    """Expand weights that each hold until the next entry to weights for every frame."""
    frames: list[Mapping[str, float]] = []
    starts = [start for start, _ in entries]
    for (start, weights), stop in zip(entries, [*starts[1:], count], strict=True):
        frames += [weights] * (stop - start)
    return frames
