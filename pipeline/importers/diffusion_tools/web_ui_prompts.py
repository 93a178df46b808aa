"""Read prompts written for Stable Diffusion's web UI: AND, --neg, brackets, weights in backticks.

Source: AUTOMATIC1111/stable-diffusion-webui, wiki, "Features"; deforum-art/sd-webui-deforum, prompt.py.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from pipeline.curves.array import Array
from pipeline.importers.notes import Effect, Note, Notes
from pipeline.importers.prompts import NEGATIVE, Prompts, Scene, layers, split_weight, with_placeholder, without_markup
from pipeline.importers.values.arithmetic import Arithmetic, UnreadableError, arithmetic
from pipeline.importers.values.dialects import NUMEXPR
from pipeline.importers.values.keys import number

Weight = float | Arithmetic
Weights = Mapping[str, Weight]
Scenes = Sequence[tuple[int, Weights]]

_AND = re.compile(r"\bAND\b")
_FORMULA = re.compile(r"(.*?):?\s*`([^`]*)`\s*", re.DOTALL)
_EDITED = re.compile(r"\[([^\[\]:|]*):([^\[\]:|]*):?\s*[0-9.]+\s*\]")
_ALTERNATE = re.compile(r"[\[{]([^\[\]{}]*\|[^\[\]{}]*)[\]}]")
_BRACKETS = re.compile(r"[()\[\]{}]")
_EMPHASIS = Note(
    "brackets mean emphasis in the other tool and nothing here; they are removed from the prompts", Effect.PROMPTS
)
_ESCAPED = re.compile(r"\\([()\[\]{}])")
_KEPT = {bracket: chr(0xE000 + at) for at, bracket in enumerate("()[]{}")}  # stand-ins from the private use area
_WORDS = re.compile(r"\bBREAK\b|__[\w/*-]+__")  # the web UI's keyword, and the wildcards of an extension
_RESTORED = {ord(stand_in): bracket for bracket, stand_in in _KEPT.items()}


def without_brackets(text: str, notes: Notes) -> str:
    """Remove the brackets that set the weight of words in the web UI; escaped brackets are text and stay."""
    text = without_markup(text, notes)
    for match in _WORDS.finditer(text):
        notes.add(Note.of(match[0][:60], "means nothing here and is removed from the prompts", Effect.PROMPTS))
    text = _ESCAPED.sub(lambda match: _KEPT[match[1]], _WORDS.sub(" ", text))
    for pattern, what in (
        (_EDITED, "changes while a picture is drawn; it becomes"),
        (_ALTERNATE, "alternates while a picture is drawn; it becomes"),
    ):
        for match in pattern.finditer(text):
            notes.add(f"'{match[0][:60]}' {what} '{_chosen(match)[:60]}'", Effect.PROMPTS)
        text = pattern.sub(_chosen, text)
    if _BRACKETS.search(text):
        notes.add(_EMPHASIS)
    return " ".join(_BRACKETS.sub("", text).translate(_RESTORED).split())


def _chosen(match: re.Match[str]) -> str:
    """The text that replaces `[from:to:when]` (the later one) or `[a|b]` (both)."""
    if match.re is _ALTERNATE:
        return " ".join(match[1].replace("|", " ").split())
    return (match[2].strip() or match[1].strip()) if match[0].count(":") > 1 else match[1].strip()


def weights(text: str, notes: Notes) -> dict[str, Weight]:
    """Map the texts of a prompt to weights: parts joined by AND have their own, those after --neg are negative.

    Raises:
        UnreadableError: a weight in backticks is not an expression.
    """
    wanted, _, unwanted = text.partition("--neg")
    found: dict[str, Weight] = {}
    for half, sign in ((wanted, 1.0), (unwanted.replace("--neg", " "), -1.0)):
        for words, weight in _parts(half):
            _add(found, without_brackets(words, notes), weight, sign)
    return found


def _parts(half: str) -> list[tuple[str, Weight]]:
    parts = _AND.split(half)
    found: list[tuple[str, Weight]] = []
    for part in parts:
        formula = _FORMULA.fullmatch(part)
        if formula and formula[1].strip():
            found.append((formula[1], _formula(formula[2])))
        else:
            words, weight = split_weight(part)
            # Without AND, a number after a colon is a weight only if it looks like one: not in "a photo, 16:9".
            alone = len(parts) == 1 and not (abs(weight) <= 2 and words != part.strip())
            found.append((part, 1.0) if alone else (words, weight))
    return found


def _formula(text: str) -> Arithmetic:
    try:
        return arithmetic(text, NUMEXPR)
    except UnreadableError as error:
        raise UnreadableError(f"weight `{text[:60]}`: {error}") from None


def _add(found: dict[str, Weight], words: str, weight: Weight, sign: float) -> None:
    if not words.strip(" ,.;"):
        return
    if isinstance(weight, Arithmetic):
        found[words] = weight if sign > 0 else arithmetic(f"-({weight.source})", weight.dialect)
        return
    before = found.get(words, 0.0)
    found[words] = sign * weight + (before if isinstance(before, float) else 0.0)


def with_positive(found: Weights, place: str, notes: Notes) -> dict[str, Weight]:
    """Add a placeholder if no text has a positive weight, such as a blank prompt with negative ones."""
    positive = {text: weight for text, weight in found.items() if isinstance(weight, Arithmetic) or weight >= 0}
    return {**with_placeholder(positive, 1.0, place, notes), **found}


def convert_prompts(
    scenes: Scenes, frames: int, fps: float, names: Mapping[str, float], notes: Notes, fades: bool = False
) -> Prompts:
    """Convert the prompts: to scenes if each has a single text of weight 1, otherwise to layers.

    Args:
        fades: whether each scene fades into the next one.
        names: the values of the names that weights in backticks may use besides t.

    Raises:
        UnreadableError: a weight has no value.
    """
    if all(list(found.values()) == [1.0] for _, found in scenes):
        return tuple(Scene(frame=frame, text=next(iter(found)), fades=fades) for frame, found in scenes)
    if any(isinstance(weight, float) and weight < 0 for _, found in scenes for weight in found.values()):
        notes.add(NEGATIVE)
    words = {"t": "frame", "i": "frame", **{name: number(value) for name, value in names.items()}}
    return layers(_frames(scenes, frames, names, fades), _wordings(scenes, words), fps)


def _wordings(scenes: Scenes, words: Mapping[str, str]) -> dict[str, str]:
    """The weights that are the same expression in all frames, written in our language."""
    if len(scenes) > 1:
        return {}
    written = {text: weight.written(words) for text, weight in scenes[0][1].items() if isinstance(weight, Arithmetic)}
    return {text: expression for text, expression in written.items() if expression is not None}


def _frames(scenes: Scenes, frames: int, names: Mapping[str, float], fades: bool) -> list[Mapping[str, float]]:
    """The weights in every frame."""
    found: list[Mapping[str, float]] = []
    for (start, before), (stop, after) in pairwise([*scenes, (frames, scenes[-1][1])]):
        own = _span(before, start, stop, names)
        if fades and stop < frames:
            own = [
                _mixed(a, b, at / (stop - start))
                for at, (a, b) in enumerate(zip(own, _span(after, start, stop, names), strict=True))
            ]
        found += own
    return found


def _span(found: Weights, start: int, stop: int, names: Mapping[str, float]) -> list[Mapping[str, float]]:
    moments = np.arange(start, stop, dtype=np.float64)
    columns: dict[str, Array] = {}
    for text, weight in found.items():
        if isinstance(weight, Arithmetic):
            values = np.broadcast_to(weight.values({**names, "t": moments, "i": moments}), moments.shape)
            if not np.isfinite(values).all():
                raise UnreadableError(f"weight `{weight.source[:60]}` has no value in frame {start}")
            columns[text] = values
    steady = {text: weight for text, weight in found.items() if not isinstance(weight, Arithmetic)}
    if not columns:
        return [steady] * (stop - start)
    return [{**steady, **{text: float(values[at]) for text, values in columns.items()}} for at in range(stop - start)]


def _mixed(before: Mapping[str, float], after: Mapping[str, float], share: float) -> dict[str, float]:
    mixed = {text: weight * (1 - share) for text, weight in before.items()}
    for text, weight in after.items():
        mixed[text] = mixed.get(text, 0.0) + weight * share
    return mixed
