"""`/api/edits`, `/api/complete`, `/api/hover`: a text as a hand changes it on the timeline, and as it is typed."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from anyio import to_thread
from starlette.requests import Request

from pipeline.studio.folder.reading import refusal
from pipeline.studio.folder.refused import RefusedError
from pipeline.studio.server.endpoint import Endpoint
from pipeline.studio.server.studio import Studio
from pipeline.studio.text.editing.changes import Changes
from pipeline.studio.text.editing.edits import edited
from pipeline.studio.text.schema_help import Option, completions, described_at
from render.errors import InputError, ScheduleError

Op = Literal["move", "add", "remove", "easing", "edge", "marker"]


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One edit of the timeline: a key, an edge or a marker by its id, path or name; times in seconds of the film."""

    op: Op
    id: str | None = None
    path: str | None = None
    name: str | None = None
    time: float | None = None
    value: float | None = None
    easing: str | None = None


@dataclass(frozen=True, kw_only=True)
class Editing:
    """A text, the path of its schedule, and the edits."""

    path: str
    text: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """A place in a text, as an offset in UTF-16 code units."""

    path: str
    text: str
    offset: int


@dataclass(frozen=True, kw_only=True)
class Completed:
    """What can be written in place of a range of the text."""

    start: int = field(metadata={"json": "from"})
    end: int = field(metadata={"json": "to"})
    options: tuple[Option, ...]


@dataclass(frozen=True, kw_only=True)
class Explained:
    """What the setting in a range of the text means."""

    start: int = field(metadata={"json": "from"})
    end: int = field(metadata={"json": "to"})
    text: str


def endpoints(studio: Studio) -> list[Endpoint]:
    async def edit(request: Request, body: Editing) -> Any:
        file = studio.schedules.place(body.path)
        async with studio.reading:
            return await to_thread.run_sync(_edited, body, file)

    async def complete(request: Request, body: Cursor) -> Any:
        found = await to_thread.run_sync(completions, body.text, _offset(body))
        return Completed(start=found.span.start, end=found.span.end, options=found.options)

    async def explain(request: Request, body: Cursor) -> Any:
        found = await to_thread.run_sync(described_at, body.text, _offset(body))
        return None if found is None else Explained(start=found.span.start, end=found.span.end, text=found.text)

    return [
        Endpoint(
            method="POST",
            path="/api/edits",
            summary="Edits of the timeline as changes of the text, which leave everything else in it as it is.",
            handle=edit,
            body=Editing,
            answers=Changes,
            errors=(404,),
        ),
        Endpoint(
            method="POST",
            path="/api/complete",
            summary="What can be written at a place in the text.",
            handle=complete,
            body=Cursor,
            answers=Completed,
        ),
        Endpoint(
            method="POST",
            path="/api/hover",
            summary="What the setting at a place in the text means; null if there is none.",
            handle=explain,
            body=Cursor,
            answers=Explained | None,
        ),
    ]


def _edited(body: Editing, file: Path) -> Any:
    edits = [
        {name: value for name, value in dataclasses.asdict(edit).items() if value is not None} for edit in body.edits
    ]
    try:
        return edited(body.text, file.name, file.parent, edits)
    except ScheduleError as error:
        raise refusal(body.text, file) from error
    except InputError as error:
        raise RefusedError(400, str(error)) from error


def _offset(body: Cursor) -> int:
    if not 0 <= body.offset <= 2 * len(body.text):
        raise RefusedError(400, "'offset': expected a place in the text")
    return body.offset
