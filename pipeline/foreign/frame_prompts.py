"""Prompts as lists of texts by frame, as Disco Diffusion and its relatives write them."""

import re
from collections.abc import Callable, Iterable, Mapping

from pipeline.foreign.prompts import weighted
from pipeline.foreign.settings import Settings

_FRAME = re.compile("[0-9]{1,9}")
_EXPECTED = 'expected prompts by frame such as {"0": ["a calm sea"]}'


def texts_by_frame(settings: Settings, name: str) -> dict[int, list[str]]:
    """The texts from each frame on; a list or a text without frames stands from frame 0.

    Raises:
        InputError: the setting is of another form, or there is none.
    """
    written = settings.structured(name)
    if isinstance(written, list) or (isinstance(written, str) and not written.lstrip().startswith("{")):
        written = {0: written}
    if not isinstance(written, Mapping) or not written:
        raise settings.error(name, _EXPECTED)
    if not all(_FRAME.fullmatch(str(frame)) for frame in written):
        raise settings.error(name, _EXPECTED)
    return {int(frame): _texts(texts) for frame, texts in written.items()}


def weights_of(texts: Iterable[str], clean: Callable[[str], str]) -> dict[str, float]:
    """The texts of a frame with their weights (`sea:2`); equal ones are added, blank ones left out.

    Args:
        clean: takes out of a text what only the tool understands.
    """
    found: dict[str, float] = {}
    for text in texts:
        words, weight = weighted(text)
        words = clean(words)
        if words.strip(" ,.;"):
            found[words] = found.get(words, 0.0) + weight
    return found


def _texts(value: object) -> list[str]:
    entries = list(value) if isinstance(value, list | tuple) else [value]
    return ["" if entry is None else str(entry) for entry in entries]
