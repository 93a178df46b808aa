"""`/api/renders`, `/api/looks`, `/api/jobs`, `/api/stale`: have something rendered, and see how it goes."""

from dataclasses import dataclass
from typing import Any, Literal

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import FileResponse

from pipeline.storage.naming import run_name
from pipeline.studio.folder.reading import read
from pipeline.studio.folder.refused import RefusedError
from pipeline.studio.jobs.job import JobShown
from pipeline.studio.processes.staleness import Stale
from pipeline.studio.server.endpoint import Endpoint
from pipeline.studio.server.studio import Studio

_MOST_AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """What to render.

    Attributes:
        text: rendered as if the schedule's file had this content; null for what the file says when it begins.
        resume: keep the frames that are there and still match; else render all of them again.
        lockstep: how many variants or shots are refined as one batch; "auto" measures the best number.
    """

    path: str
    text: str | None = None
    draft: bool = False
    resume: bool = True
    lockstep: int | Literal["auto"] = 1


@dataclass(frozen=True, kw_only=True)
class Looking:
    """A moment to refine: one frame of a text."""

    path: str
    text: str
    frame: int
    draft: bool = False


@dataclass(frozen=True, kw_only=True)
class Comparing:
    """A text to compare with what has been rendered of its schedule, or of its draft."""

    path: str
    text: str
    draft: bool = False


@dataclass(frozen=True, kw_only=True)
class Changing:
    """A new text for a render that waits or runs."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Begun:
    """The id of a new job."""

    id: str


def endpoints(studio: Studio) -> list[Endpoint]:
    return [*_starting(studio), *_following(studio)]


def _starting(studio: Studio) -> list[Endpoint]:
    async def render(request: Request, body: Rendering) -> Any:
        file = _existing(studio, body)
        lockstep = None if body.lockstep == "auto" else body.lockstep
        if lockstep is not None and not 1 <= lockstep <= _MOST_AT_ONCE:
            raise RefusedError(400, f"'lockstep': expected auto, or 1 to {_MOST_AT_ONCE}")
        text = body.text
        async with studio.reading:  # a schedule with problems is refused now, not when its turn comes
            current = text if text is not None else (await to_thread.run_sync(studio.schedules.read, body.path)).text
            await to_thread.run_sync(read, current, file)
        renders = studio.workshop.renders
        job = renders.add(body.path, file, text, draft=body.draft, fresh=not body.resume, lockstep=lockstep)
        return Begun(id=job.id)

    async def look(request: Request, body: Looking) -> Any:
        if body.frame < 0:
            raise RefusedError(400, "'frame': expected 0 or more")
        file = studio.schedules.place(body.path)
        async with studio.reading:
            await to_thread.run_sync(read, body.text, file)
        return Begun(id=studio.workshop.looks.add(body.path, file, body.text, body.frame, body.draft).id)

    async def stale(request: Request, body: Comparing) -> Any:
        file = studio.schedules.place(body.path)
        folder = studio.outputs / run_name(file, body.draft)
        return await studio.workshop.surveys.ask("stale", body.text, file, folder, body.draft)

    return [
        Endpoint(
            method="POST",
            path="/api/renders",
            summary="Render a schedule to its folder among the outputs, or go on with it.",
            handle=render,
            body=Rendering,
            answers=Begun,
            errors=(404, 503),
            status=202,
        ),
        Endpoint(
            method="POST",
            path="/api/looks",
            summary="Refine one frame of a text, as if the video began just before it.",
            handle=look,
            body=Looking,
            answers=Begun,
            errors=(404, 503),
            status=202,
        ),
        Endpoint(
            method="POST",
            path="/api/stale",
            summary="From which frame on a text differs from what has been rendered.",
            handle=stale,
            body=Comparing,
            answers=Stale,
            errors=(404, 500),
        ),
    ]


def _following(studio: Studio) -> list[Endpoint]:
    async def every(request: Request, body: None) -> Any:
        return [job.shown() for job in studio.workshop.jobs.all()]

    async def one(request: Request, body: None) -> Any:
        return studio.workshop.jobs.find(request.path_params["id"]).shown()

    async def stop(request: Request, body: None) -> Any:
        return studio.workshop.jobs.stop(request.path_params["id"]).shown()

    async def change(request: Request, body: Changing) -> Any:
        job = studio.workshop.jobs.find(request.path_params["id"])
        file = studio.schedules.place(job.path)
        async with studio.reading:  # a text with problems leaves the render as it is
            await to_thread.run_sync(read, body.text, file)
        studio.workshop.renders.change(job, body.text)
        return job.shown()

    async def picture(request: Request, body: None) -> Any:
        workshop = studio.workshop
        path = workshop.looks.picture(workshop.jobs.find(request.path_params["id"]))
        return FileResponse(path, media_type="image/png")

    return [
        Endpoint(
            method="GET", path="/api/jobs", summary="All jobs, oldest first.", handle=every, answers=list[JobShown]
        ),
        Endpoint(method="GET", path="/api/jobs/{id}", summary="One job.", handle=one, answers=JobShown, errors=(404,)),
        Endpoint(
            method="POST",
            path="/api/jobs/{id}/stop",
            summary="Stop a job after its frame; at once if asked a second time. Starting it again goes on from there.",
            handle=stop,
            answers=JobShown,
            errors=(404,),
        ),
        Endpoint(
            method="POST",
            path="/api/jobs/{id}/schedule",
            summary="Have a render go on with a new text at its next frame; it goes back to the first stale frame.",
            handle=change,
            body=Changing,
            answers=JobShown,
            errors=(404, 409),
        ),
        Endpoint(
            method="GET",
            path="/api/jobs/{id}/picture",
            summary="The picture of a look.",
            handle=picture,
            answers="image/png",
            errors=(404,),
        ),
    ]


def _existing(studio: Studio, body: Rendering) -> Any:
    """The file of the schedule to render; with a text it need not exist yet."""
    return studio.schedules.path(body.path) if body.text is None else studio.schedules.place(body.path)
