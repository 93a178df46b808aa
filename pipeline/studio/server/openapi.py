"""The description of the API as OpenAPI 3.1, made of the endpoints themselves."""

import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from pipeline.studio.server import shapes
from pipeline.studio.server.endpoint import Endpoint

_PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")
_ACCESS = {401: "the token is missing or wrong", 403: "another host name, or a page of another origin"}
_ERRORS = {
    400: "bad input",
    404: "there is no such thing",
    408: "the body did not arrive in time",
    409: "it conflicts with what is there",
    413: "too large",
    415: "not JSON",
    416: "the range is outside the file",
    500: "it failed",
    503: "too busy",
} | _ACCESS
ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string"}, "problems": {"type": "array"}},
    "required": ["error", "problems"],
}


def document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The whole description."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(named(endpoint.path), {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": "vqgan-clip-render studio", "version": version("vqgan-clip-render")},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": ERROR},
        },
    }


def named(path: str) -> str:
    """A path in the notation of OpenAPI, in which a parameter has no type: `/api/schedules/{path}`."""
    return _PARAMETER.sub(r"{\1}", path)


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    statuses = {*endpoint.errors, *_ACCESS, *((400, 408, 413, 415) if endpoint.body else ())}
    described: dict[str, Any] = {
        "summary": endpoint.summary,
        "responses": {
            str(endpoint.status): {"description": "done", "content": _content(endpoint.answers)},
            **{
                str(status): {
                    "description": _ERRORS[status],
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
                }
                for status in sorted(statuses)
            },
        },
    }
    if parameters := _parameters(endpoint):
        described["parameters"] = parameters
    if endpoint.body:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": shapes.schema(endpoint.body)}},
        }
    return described


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer" if kind == "int" else "string"}}
        for name, kind in _PARAMETER.findall(endpoint.path)
    ]
    return in_path + [
        {"name": name, "in": "query", "required": required, "schema": shapes.schema(kind)}
        for name, (kind, required) in endpoint.query.items()
    ]


def _content(answers: Any) -> dict[str, Any]:
    if isinstance(answers, str):
        return {answers: {}}
    return {"application/json": {"schema": shapes.schema(answers)}}
