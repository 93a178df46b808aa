"""The application: every endpoint behind the guard, and the page unless the API is served alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from pipeline.studio.routes import about, editing, events, files, jobs, language, page, previews, schedules
from pipeline.studio.server import openapi
from pipeline.studio.server.answers import failure
from pipeline.studio.server.endpoint import Endpoint
from pipeline.studio.server.guard import Guard
from pipeline.studio.server.studio import Studio


def endpoints(studio: Studio) -> list[Endpoint]:
    """Every endpoint of the API."""
    subjects = (about, schedules, language, editing, previews, jobs, files, events)
    found = [endpoint for subject in subjects for endpoint in subject.endpoints(studio)]

    async def described(request: Request, body: None) -> Any:
        return openapi.document(found)

    found.append(
        Endpoint(
            method="GET",
            path="/api/openapi.json",
            summary="This description.",
            handle=described,
            answers=dict[str, Any],
        )
    )
    return found


def application(studio: Studio) -> Starlette:
    """The application of a studio."""
    routes: list[BaseRoute] = [endpoint.route() for endpoint in endpoints(studio)]
    if studio.has_page:
        routes += page.routes(studio)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        studio.workshop.start()
        try:
            yield
        finally:
            await studio.workshop.close()

    made = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, access=studio.access)],
        exception_handlers={HTTPException: _http_failure, Exception: _crash},
        lifespan=lifespan,
    )
    made.router.redirect_slashes = False  # an address is right or wrong
    return made


async def _http_failure(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return failure(error.status_code, str(error.detail), error.headers)


async def _crash(request: Request, error: Exception) -> Response:
    return failure(500, f"the studio failed: {type(error).__name__}; its terminal says more")
