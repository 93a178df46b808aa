"""The notes in a video file: its title and the whole schedule, as YAML from which the video can be rendered again."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from render.errors import InputError

KEY = "comment"  # the tag that all containers and tools preserve
MARK = "# The schedule of this video; render inspect gives it back."
_MODELS = "# models: "
_DRAFT = "# render --draft: half the size and a third of the steps of what follows"


def written_out(source: str, models: Mapping[str, Any], draft: bool) -> str:
    """The text to embed in a file.

    Args:
        source: the text of the schedule that was rendered.
        models: digests of the models.
        draft: whether the video is a draft.
    """
    return "\n".join([MARK, f"{_MODELS}{json.dumps(models, sort_keys=True)}", *([_DRAFT] if draft else []), source])


def as_metadata(title: str, text: str) -> str:
    """The notes as a metadata file in FFmpeg's own format."""
    return f";FFMETADATA1\ntitle={_escaped(title)}\n{KEY}={_escaped(text)}\n"


def in_metadata(metadata: str) -> Iterator[str]:
    """Yield the texts in metadata of FFmpeg's own format."""
    for match in re.finditer(r"^(\w++)=((?:[^\\\n]++|\\.)*+)$", metadata, re.MULTILINE | re.DOTALL):
        if match[1].lower() == KEY:
            yield re.sub(r"\\(.)", r"\1", match[2], flags=re.DOTALL)


def schedule_of(texts: Iterable[str], file: str) -> str:
    """The schedule among the texts in a file. Raises `InputError` if there is none."""
    for text in texts:
        if text.startswith(MARK):
            return text if text.endswith("\n") else text + "\n"
    raise InputError(f"{file}: contains no schedule; expected a file that `render` made")


def _escaped(text: str) -> str:
    return re.sub(r"([=;#\\\n])", r"\\\1", text)
