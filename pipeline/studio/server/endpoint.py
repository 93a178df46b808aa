"""An endpoint: what it is called by, what it takes and what it answers; routes and OpenAPI are made of it."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.studio.folder.refused import RefusedError
from pipeline.studio.server import shapes
from pipeline.studio.server.answers import answer, failure

MOST_BYTES = 4_000_000  # of a request's body
PATIENCE = 30.0  # seconds for a body to arrive

Handle = Callable[[Request, Any], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One method of one path.

    Attributes:
        path: in Starlette's notation, such as `/api/schedules/{path:path}`.
        summary: one line for the description.
        handle: given the request and its body, returns a `Response`, or what becomes one as JSON.
        body: the dataclass of the body; None without one.
        answers: the type of the result, or a media type.
        query: the query parameters by name, each with its type and whether it is required.
        errors: the statuses of its own errors, besides those of access.
        status: of success.
    """

    method: Literal["GET", "PUT", "POST"]
    path: str
    summary: str
    handle: Handle
    answers: Any
    body: type | None = None
    query: Mapping[str, tuple[type, bool]] = field(default_factory=dict)
    errors: tuple[int, ...] = ()
    status: int = 200

    def route(self) -> Route:
        return Route(self.path, self._respond, methods=[self.method], name=f"{self.method} {self.path}")

    async def _respond(self, request: Request) -> Response:
        try:
            body = None if self.body is None else shapes.read(self.body, await _json(request))
            found = await self.handle(request, body)
        except RefusedError as error:
            return failure(error.status, str(error), problems=error.problems)
        return found if isinstance(found, Response) else answer(found, self.status)


async def _json(request: Request) -> Any:
    """The body of a request, read within bounds of size and time."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":  # which no form of another page can send
        raise RefusedError(415, "expected Content-Type: application/json")
    try:
        return json.loads(await _bytes(request))
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "the body is not JSON") from error


async def _bytes(request: Request) -> bytes:
    content = bytearray()
    try:
        with anyio.fail_after(PATIENCE):
            async for chunk in request.stream():
                content += chunk
                if len(content) > MOST_BYTES:
                    raise RefusedError(413, f"the body has more than {MOST_BYTES:,} bytes")
    except TimeoutError as error:
        raise RefusedError(408, "the body did not arrive in time") from error
    except ClientDisconnect as error:
        raise RefusedError(400, "the body ended early") from error
    return bytes(content)
