"""Read prompts given as lists of texts by frame, as in Disco Diffusion and its relatives."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pipeline.importers.notes import Effect, Notes
from pipeline.importers.prompts import split_weight
from pipeline.importers.settings import Settings, shown
from pipeline.importers.values.keyframe_strings import frame_number

_FRAME = re.compile("[0-9]{1,9}")
_EXPECTED = 'expected prompts by frame such as {"0": ["a calm sea"]}'


def texts_by_frame(settings: Settings, name: str) -> dict[int, list[str]]:
    """Read the texts that apply from each frame on; a list or a text without frames applies from frame 0.

    Raises:
        InputError: the setting is missing or has another form.
    """
    written = settings.structured(name)
    if isinstance(written, list) or (isinstance(written, str) and not written.lstrip().startswith("{")):
        written = {0: written}
    if not isinstance(written, Mapping) or not written:
        raise settings.error(name, _EXPECTED)
    if not all(_FRAME.fullmatch(str(frame)) for frame in written):
        raise settings.error(name, _EXPECTED)
    found = {int(frame): _texts(texts) for frame, texts in written.items()}
    if any(isinstance(text, Mapping | list | tuple) for texts in found.values() for text in texts):
        raise settings.error(name, _EXPECTED)
    return {frame: ["" if text is None else str(text) for text in texts] for frame, texts in found.items()}


def text_by_frame(
    settings: Settings, written: Mapping[Any, object], names: Mapping[str, float], notes: Notes
) -> dict[int, str]:
    """Read one text that applies from each frame on, as in Deforum; a frame may be an expression.

    Raises:
        InputError: the entry for a frame is not a text.
        UnreadableError: a frame cannot be read.
    """
    found: dict[int, str] = {}
    for frame, text in written.items():
        number = frame_number(str(frame), names)
        if isinstance(text, Mapping | list | tuple):
            raise settings.error("prompts", f"frame {number}: expected a text, got {shown(text)}")
        if number in found:
            notes.add(f"prompts: frame {number} has two prompts; the last one is used", Effect.PROMPTS)
        found[number] = "" if text is None else str(text)
    return found


def weights_of(texts: Iterable[str], clean: Callable[[str], str]) -> dict[str, float]:
    """Map the texts of a frame to their weights (`sea:2`). Weights of equal texts are added; blank texts are left out.

    Args:
        clean: removes from a text what only the tool understands.
    """
    found: dict[str, float] = {}
    for text in texts:
        words, weight = split_weight(text)
        words = clean(words)
        if words.strip(" ,.;"):
            found[words] = found.get(words, 0.0) + weight
    return found


def _texts(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]
