"""`/api/schedules`: list, read and write the schedules of the opened folder."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from anyio import to_thread
from starlette.requests import Request

from pipeline.studio.folder.schedules import Listed, Opened
from pipeline.studio.server.endpoint import Endpoint
from pipeline.studio.server.studio import Studio


@dataclass(frozen=True, kw_only=True)
class Writing:
    """A schedule's new text, and the version of the text that it was made from; null for a new file."""

    text: str
    version: str | None


@dataclass(frozen=True, kw_only=True)
class Written:
    """The version of the text that has been written."""

    version: str


def endpoints(studio: Studio) -> list[Endpoint]:
    schedules = studio.schedules

    async def every(request: Request, body: None) -> Any:
        return await to_thread.run_sync(schedules.all)

    async def read(request: Request, body: None) -> Any:
        return await to_thread.run_sync(schedules.read, request.path_params["path"])

    async def write(request: Request, body: Writing) -> Any:
        path = request.path_params["path"]
        async with studio.writing:  # so that of two writers with the same version, one is told
            version = await to_thread.run_sync(partial(schedules.write, path, body.text, body.version))
        return Written(version=version)

    path = "/api/schedules/{path:path}"
    return [
        Endpoint(
            method="GET",
            path="/api/schedules",
            summary="List the schedules in the opened folder.",
            handle=every,
            answers=list[Listed],
        ),
        Endpoint(
            method="GET",
            path=path,
            summary="Read a schedule's text.",
            handle=read,
            answers=Opened,
            errors=(400, 404, 413),
        ),
        Endpoint(
            method="PUT",
            path=path,
            summary="Write a schedule's text; 409 if the file has changed since the version that it was made from.",
            handle=write,
            body=Writing,
            answers=Written,
            errors=(404, 409, 500),
        ),
    ]
