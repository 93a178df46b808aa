"""`/api/schema` and `/api/check`: the language of schedules, and what is wrong with a text."""

from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from starlette.requests import Request

from pipeline.schedule import schema
from pipeline.studio.folder.problems import Checked, check
from pipeline.studio.server.endpoint import Endpoint
from pipeline.studio.server.studio import Studio


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text, and the path of the schedule whose content it is to become; files that it names are relative to that."""

    path: str
    text: str


def endpoints(studio: Studio) -> list[Endpoint]:
    async def language(request: Request, body: None) -> Any:
        return schema.document()

    async def checked(request: Request, body: Text) -> Any:
        place = studio.schedules.place(body.path)
        async with studio.reading:
            return await to_thread.run_sync(check, body.text, place)

    return [
        Endpoint(
            method="GET",
            path="/api/schema",
            summary="The language of schedules as JSON Schema.",
            handle=language,
            answers=dict[str, Any],
        ),
        Endpoint(
            method="POST",
            path="/api/check",
            summary="Check a text as `render check` does: every problem with its place.",
            handle=checked,
            body=Text,
            answers=Checked,
            errors=(404,),
        ),
    ]
