"""`/api/schema`, `/api/check`, `/api/timeline`: the language of schedules, what is wrong with a text, what it shows."""

from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from starlette.requests import Request

from pipeline.schedule import schema
from pipeline.studio.folder.reading import refusal
from pipeline.studio.server.endpoint import Endpoint
from pipeline.studio.server.studio import Studio
from pipeline.studio.text.check import Checked, problems
from pipeline.studio.text.timeline import timeline
from pipeline.studio.text.view import TimelineView
from render.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text, and the path of the schedule whose content it is to become; files that it names are relative to that."""

    path: str
    text: str


def endpoints(studio: Studio) -> list[Endpoint]:
    async def language(request: Request, body: None) -> Any:
        return schema.document()

    async def checked(request: Request, body: Text) -> Any:
        file = studio.schedules.place(body.path)
        async with studio.reading:
            return await to_thread.run_sync(problems, body.text, file.name, file.parent)

    async def shown(request: Request, body: Text) -> Any:
        file = studio.schedules.place(body.path)
        async with studio.reading:
            try:
                return await to_thread.run_sync(timeline, body.text, body.path, studio.folder.root)
            except InputError as error:
                raise await to_thread.run_sync(refusal, body.text, file) from error

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
        Endpoint(
            method="POST",
            path="/api/timeline",
            summary="What a text shows on an axis of time: prompts, curves with their keys, shots, music.",
            handle=shown,
            body=Text,
            answers=TimelineView,
            errors=(404,),
        ),
    ]
