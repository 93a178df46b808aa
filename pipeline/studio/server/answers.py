"""Answers as JSON: results, and errors as `{"error": "one sentence", "problems": [...]}`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from pipeline.studio.text.view import as_json

JSON = "application/json"


def answer(found: Any, status: int = 200) -> Response:
    """A result as JSON; texts with halves of surrogate pairs are escaped, so that it is always UTF-8."""
    return Response(json.dumps(as_json(found), allow_nan=False).encode(), status, media_type=JSON)


def failure(
    status: int, message: str, headers: Mapping[str, str] | None = None, problems: Sequence[Any] = ()
) -> Response:
    content = json.dumps({"error": message, "problems": as_json(list(problems))})
    return Response(content.encode(), status, headers, media_type=JSON)
