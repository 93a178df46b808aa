"""`/api/files`, `/api/waveform` and `/api/outputs`: what schedules name, and what was made of them."""

from pathlib import Path
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from pipeline.studio.folder.outputs import CLIPS, GIVEN, MADE, SOUNDS, Output
from pipeline.studio.folder.refused import RefusedError
from pipeline.studio.folder.waveform import Waveform
from pipeline.studio.server.endpoint import Endpoint
from pipeline.studio.server.studio import Studio

_ANY = "application/octet-stream"
_HEARD = frozenset(SOUNDS | CLIPS)


def endpoints(studio: Studio) -> list[Endpoint]:
    return [*_given(studio), *_made(studio)]


def _given(studio: Studio) -> list[Endpoint]:
    async def given(request: Request, body: None) -> Any:
        path = await to_thread.run_sync(studio.folder.file, request.path_params["path"], frozenset(GIVEN))
        return _file(path, GIVEN[path.suffix.lower()])

    async def waveform(request: Request, body: None) -> Any:
        if not (path := request.query_params.get("path")):
            raise RefusedError(400, "expected ?path=")
        track = await to_thread.run_sync(studio.folder.file, path, _HEARD)
        return await studio.workshop.surveys.ask("waveform", track)

    return [
        Endpoint(
            method="GET",
            path="/api/files/{path:path}",
            summary="A picture, track or clip in the opened folder; takes Range.",
            handle=given,
            answers=_ANY,
            errors=(404, 416),
        ),
        Endpoint(
            method="GET",
            path="/api/waveform",
            summary="The lowest and highest sample of every piece of a track.",
            handle=waveform,
            query={"path": (str, True)},
            answers=Waveform,
            errors=(400, 404, 500),
        ),
    ]


def _made(studio: Studio) -> list[Endpoint]:
    outputs = studio.gallery

    async def every(request: Request, body: None) -> Any:
        return await to_thread.run_sync(outputs.all)

    async def schedule(request: Request, body: None) -> Any:
        return PlainTextResponse(await to_thread.run_sync(outputs.schedule, request.path_params["name"]))

    async def made(request: Request, body: None) -> Any:
        path = await to_thread.run_sync(outputs.file, f"{request.path_params['name']}/{request.path_params['file']}")
        return _file(path, MADE[path.suffix.lower()])

    return [
        Endpoint(
            method="GET",
            path="/api/outputs",
            summary="All runs among the outputs, the latest first.",
            handle=every,
            answers=list[Output],
        ),
        Endpoint(
            method="GET",
            path="/api/outputs/{name:path}/schedule",
            summary="The text that a run was made by.",
            handle=schedule,
            answers="text/plain",
            errors=(404,),
        ),
        Endpoint(
            method="GET",
            path="/api/outputs/{name}/{file:path}",
            summary="A file of a run, such as video.mp4 or frames/000000.png; takes Range.",
            handle=made,
            answers=_ANY,
            errors=(404, 416),
        ),
    ]


def _file(path: Path, kind: str) -> Response:
    try:
        now = path.stat()
    except OSError as error:
        raise RefusedError(404, "the file has just been deleted") from error
    return FileResponse(path, media_type=kind, stat_result=now, headers={"Cache-Control": "private, no-cache"})
