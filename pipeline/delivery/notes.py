"""What is written into a file: its title and the whole schedule, as YAML that renders the same video again."""

import json
import re
from collections.abc import Mapping
from typing import Any

from render.errors import InputError

KEY = "comment"  # the one tag that every container and every tool keeps
MARK = "# The schedule of this video; render inspect gives it back."
_MODELS = "# models: "
_DRAFT = "# render --draft: half the size and a third of the steps of what follows"


def as_notes(title: str, source: str, models: Mapping[str, Any], draft: bool) -> str:
    """A file of metadata in FFmpeg's own format.

    Args:
        source: the schedule's text as it was run.
        models: digests of the models.
    """
    lines = [MARK, f"{_MODELS}{json.dumps(models, sort_keys=True)}", *([_DRAFT] if draft else []), source]
    said = _escaped("\n".join(lines))
    return f";FFMETADATA1\ntitle={_escaped(title)}\n{KEY}={said}\n"


def schedule_of(notes: str, file: str) -> str:
    """The schedule in metadata of FFmpeg's own format. Raises `InputError` where there is none."""
    for match in re.finditer(r"^(\w+)=((?:\\.|[^\\\n])*)$", notes, re.MULTILINE | re.DOTALL):
        said = re.sub(r"\\(.)", r"\1", match[2], flags=re.DOTALL)
        if match[1].lower() == KEY and said.startswith(MARK):
            return said if said.endswith("\n") else said + "\n"
    raise InputError(f"{file}: holds no schedule; expected an mp4, mov, webm or mkv that `render` has made")


def _escaped(text: str) -> str:
    return re.sub(r"([=;#\\\n])", r"\\\1", text)
