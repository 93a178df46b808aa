"""Read Deforum's prompts: by frame, with `--neg`, shared positive and negative parts, and the notebook's subprompts.

Source: deforum-art/sd-webui-deforum, prompt.py; deforum-art/deforum-stable-diffusion, helpers/.
"""

import functools
import re
from collections.abc import Callable

from pipeline.importers.diffusion_tools.frame_prompts import text_by_frame
from pipeline.importers.diffusion_tools.web_ui_prompts import (
    Weight,
    convert_prompts,
    weights,
    with_positive,
    without_brackets,
)
from pipeline.importers.notes import Effect, Notes
from pipeline.importers.prompts import Prompts, until_next, without_markup
from pipeline.importers.settings import Settings
from pipeline.importers.values.arithmetic import UnreadableError

_SUBPROMPT = re.compile(r"((?:\\:|[^:])+)(?::+\s*(-?\d+(?:\.\d+)?)?\s*|$)")
Weights = dict[str, float]
Subprompts = Callable[[str], list[tuple[str, float]]]


def read_prompts(settings: Settings, frames: int, fps: float, fades: bool, notes: Notes) -> Prompts:
    """Read the prompts: as scenes if none of them is negative, otherwise as layers."""
    if None not in (both := [settings.read(name) for name in ("prompts", "animation_prompts")]) and both[0] != both[1]:
        notes.add("prompts and animation_prompts differ; prompts is used", Effect.PROMPTS)
    written = settings.structured(settings.first_given("prompts", "animation_prompts"))
    written = dict(enumerate(written)) if isinstance(written, list) else written
    written = {0: written} if isinstance(written, str) else written
    if not isinstance(written, dict) or not written:
        raise settings.error("prompts", 'expected prompts by frame such as {"0": "a calm sea"}')
    shared_positive = settings.text("animation_prompts_positive") or settings.text("positive_prompts")
    shared_negative = settings.text("animation_prompts_negative") or settings.text("negative_prompts")
    separate = _negative_prompts(settings, notes)
    normalized = settings.flag("normalize_prompt_weights", True)
    subprompts = functools.partial(_subprompts, normalized=normalized) if settings.flag("prompt_weighting") else None
    try:
        last = {"max_f": frames - 1.0 + fades}  # one more for frame numbers in the mode where prompts fade
        keys = text_by_frame(settings, written, last, notes)
        scenes = [
            (
                frame,
                {
                    **_weights(_with_shared(text, shared_positive, shared_negative), frame, subprompts, notes),
                    **separate,
                },
            )
            for frame, text in until_next(keys, frames, notes)
        ]
        return convert_prompts(scenes, frames, fps, {"max_f": frames - 1.0}, notes, fades)
    except UnreadableError as error:
        raise settings.error("prompts", str(error)) from None


def _negative_prompts(settings: Settings, notes: Notes) -> Weights:
    """Read the notebook's `neg_prompts`, which are given by frame; only the first frame's text is used."""
    written = settings.structured("neg_prompts")
    written = [written] if isinstance(written, str) else written
    texts = list(written.values() if isinstance(written, dict) else written or [])
    if len(texts) > 1:
        notes.add("neg_prompts: only the first one is converted, for all frames")
    text = without_markup(str(texts[0]), notes) if texts else ""
    return {text: -1.0} if text else {}


def _with_shared(text: str, shared_positive: str, shared_negative: str) -> str:
    """Put the prompt between the positive and negative parts that all frames share, as Deforum does."""
    return f"{shared_positive} {text} {'' if '--neg' in text else '--neg'} {shared_negative}"


def _weights(text: str, frame: int, subprompts: Subprompts | None, notes: Notes) -> dict[str, Weight]:
    """Map text to weight. Parts joined by AND have their own weights, as do all of the notebook's subprompts."""
    positive, _, negative = text.partition("--neg")
    found = weights(f"--neg {negative}" if subprompts else text, notes)
    if subprompts:
        found = {**{without_brackets(words, notes): weight for words, weight in subprompts(positive)}, **found}
    return with_positive(found, f"prompts: frame {frame}", notes)


def _subprompts(text: str, normalized: bool) -> list[tuple[str, float]]:
    """Split the notebook's `bacon:0.75 eggs:0.25`.

    With `normalized`, the positive and the negative weights are each normalised to a sum of 1 in magnitude.
    """
    found = [
        (part[1].replace("\\:", ":"), float(part[2] or 1)) for part in _SUBPROMPT.finditer(text) if part[1].strip()
    ]
    if not normalized:
        return [(words, weight) for words, weight in found if weight]
    totals = {sign: sum(abs(weight) for _, weight in found if (weight > 0) == sign) for sign in (True, False)}
    return [(words, weight / totals[weight > 0]) for words, weight in found if weight]
