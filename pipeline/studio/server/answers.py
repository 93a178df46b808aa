"""Answers as JSON: results, and errors as `{"error": "one sentence", "problems": [...]}`."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

JSON = "application/json"


def plain(found: Any) -> Any:
    """Dataclasses, and lists of them, as what JSON knows."""
    if dataclasses.is_dataclass(found) and not isinstance(found, type):
        return {field.name: plain(getattr(found, field.name)) for field in dataclasses.fields(found)}
    if isinstance(found, Mapping):
        return {key: plain(value) for key, value in found.items()}
    return [plain(item) for item in found] if isinstance(found, list | tuple) else found


def answer(found: Any, status: int = 200) -> Response:
    """A result as JSON; texts with halves of surrogate pairs are escaped, so that it is always UTF-8."""
    return Response(json.dumps(plain(found), allow_nan=False).encode(), status, media_type=JSON)


def failure(
    status: int, message: str, headers: Mapping[str, str] | None = None, problems: Sequence[Any] = ()
) -> Response:
    content = json.dumps({"error": message, "problems": plain(list(problems))})
    return Response(content.encode(), status, headers, media_type=JSON)
