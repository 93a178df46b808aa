"""`/api/preview`: the motion of a text as pictures, in any order."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from pipeline.studio.jobs.previews import PreviewShown
from pipeline.studio.server.endpoint import Endpoint
from pipeline.studio.server.studio import Studio

PACK = "application/octet-stream"


@dataclass(frozen=True, kw_only=True)
class Previewing:
    """A text, and the width of the pictures in pixels, 16 to 1280; they are never wider than the video."""

    path: str
    text: str
    width: int = 320


def endpoints(studio: Studio) -> list[Endpoint]:
    async def opened(request: Request, body: Previewing) -> Any:
        return await studio.workshop.previews.open(studio.schedules.place(body.path), body.text, body.width)

    async def frames(request: Request, body: None) -> Any:
        async def still_wanted() -> bool:
            return not await request.is_disconnected()

        asked = request.path_params
        packed = await studio.workshop.previews.frames(asked["id"], asked["first"], asked["last"], still_wanted)
        return Response(packed, media_type=PACK, headers={"Cache-Control": "private, max-age=3600"})

    return [
        Endpoint(
            method="POST",
            path="/api/preview",
            summary="Open the motion preview of a text.",
            handle=opened,
            body=Previewing,
            answers=PreviewShown,
            errors=(404, 500),
        ),
        Endpoint(
            method="GET",
            path="/api/preview/{id}/{first:int}-{last:int}",
            summary="Frames first to last, both included: for each 4 bytes of length, big-endian, and a JPEG file.",
            handle=frames,
            answers=PACK,
            errors=(400, 404, 500, 503),
        ),
    ]
