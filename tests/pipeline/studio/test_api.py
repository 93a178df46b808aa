"""The description of the API is true."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx2
import jsonschema
import pytest

from pipeline.studio.app import application, endpoints
from pipeline.studio.folder.opened import OpenedFolder
from pipeline.studio.folder.refused import RefusedError
from pipeline.studio.server import openapi, shapes
from pipeline.studio.server.access import Access
from pipeline.studio.server.studio import Studio
from tests.pipeline.studio.server import TOY


@dataclass(frozen=True, kw_only=True)
class Inner:
    name: str


@dataclass(frozen=True, kw_only=True)
class Shape:
    number: float
    kind: Literal["a", "b"]
    perhaps: int | None
    many: tuple[Inner, ...] = ()
    either: int | Literal["auto"] = 1


GOOD: dict[str, Any] = {"number": 1, "kind": "a", "perhaps": None, "many": [{"name": "x"}], "either": "auto"}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"perhaps": 3},
        {"number": 1.5, "either": 4},
        {"number": True},
        {"number": "1"},
        {"kind": "c"},
        {"perhaps": 1.5},
        {"perhaps": False},
        {"many": {}},
        {"many": [{"name": 1}]},
        {"many": [{"name": "x", "more": 1}]},
        {"either": "auto2"},
        {"either": None},
        {"more": 1},
    ],
)
def test_what_is_read_is_what_is_described(change: dict[str, Any]) -> None:
    """The reader accepts what a second reading of its schema accepts."""
    found = GOOD | change
    valid = jsonschema.Draft202012Validator(shapes.schema(Shape)).is_valid(found)
    if valid:
        assert shapes.read(Shape, found).many == (Inner(name="x"),)
        return
    with pytest.raises(RefusedError) as refused:
        shapes.read(Shape, found)
    assert refused.value.status == 400


def test_every_route_is_described_and_no_other(tmp_path: Path, client: httpx2.Client) -> None:
    studio = Studio(folder=OpenedFolder(root=tmp_path), outputs=tmp_path, access=Access(token="t"), has_page=False)
    described = client.get("/api/openapi.json").json()
    routes = {
        (openapi.named(route.path), method.lower())  # type: ignore[attr-defined]
        for route in application(studio).routes
        for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]
    }
    assert {(path, method) for path, found in described["paths"].items() for method in found} == routes
    assert len(routes) == len(endpoints(studio)) > 15


def test_answers_are_as_described(client: httpx2.Client) -> None:
    described = client.get("/api/openapi.json").json()
    text = {"path": "toy.yaml", "text": TOY}
    wrong = {"path": "toy.yaml", "text": "motion: {zoom: x}"}
    requests: list[tuple[str, str, dict[str, Any] | None, int]] = [
        ("get", "/api/studio", None, 200),
        ("get", "/api/schedules", None, 200),
        ("get", "/api/schema", None, 200),
        ("post", "/api/check", text, 200),
        ("post", "/api/check", wrong, 200),
        ("post", "/api/timeline", text, 200),
        ("post", "/api/timeline", wrong, 400),
        (
            "post",
            "/api/edits",
            {**text, "edits": [{"op": "add", "path": "motion.zoom", "time": 0.5, "value": 1.1}]},
            200,
        ),
        ("post", "/api/edits", {**text, "edits": [{"op": "remove", "id": "motion.nothing[1]"}]}, 400),
        ("post", "/api/edits", {**wrong, "edits": []}, 400),
        ("post", "/api/complete", {**text, "offset": TOY.index("zoom") + 2}, 200),
        ("post", "/api/complete", {"path": "a.yaml", "text": "variants: {output.seed: }", "offset": 24}, 200),
        ("post", "/api/hover", {**text, "offset": TOY.index("zoom") + 2}, 200),
        ("post", "/api/hover", {**text, "offset": 0}, 200),
        ("post", "/api/hover", {**text, "offset": -1}, 400),
        ("post", "/api/stale", text, 200),
        ("post", "/api/stale", wrong, 400),
        ("post", "/api/looks", {**wrong, "frame": 0}, 400),
        ("post", "/api/renders", wrong, 400),
        ("post", "/api/preview", {**text, "width": 32}, 200),
        ("post", "/api/preview", wrong, 400),
        ("get", "/api/jobs", None, 200),
        ("get", "/api/outputs", None, 200),
    ]
    for method, path, body, status in requests:
        response = client.request(method, path, json=body)
        assert response.status_code == status, (path, response.text)
        answer = described["paths"][path][method]["responses"][str(status)]["content"]["application/json"]["schema"]
        jsonschema.validate(response.json(), {**answer, "components": described["components"]})
        if status == 400 and body is not None:
            assert bool(response.json()["problems"]) == (body["text"] == wrong["text"])
