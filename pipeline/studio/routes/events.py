"""`/api/events`: what happens, as server-sent events."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pipeline.studio.jobs.bus import Bus
from pipeline.studio.server.endpoint import Endpoint
from pipeline.studio.server.studio import Studio

STREAM = "text/event-stream"
HEARTBEAT = 15.0  # seconds without an event
PATIENCE = 20.0  # seconds in which a client must take what is sent


class EventStream(Response):
    """A response that goes on until the client is gone, does not keep up, or the server ends."""

    media_type = STREAM

    def __init__(self, bus: Bus) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._bus = bus

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._bus.listening() as queue:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            gone = asyncio.create_task(_disconnected(receive))
            sending = asyncio.create_task(_send_all(queue, send))
            try:
                await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
                sending.cancel()
                await asyncio.gather(gone, sending, return_exceptions=True)


async def _send_all(queue: "asyncio.Queue[bytes | None]", send: Send) -> None:
    await _send(send, b"retry: 2000\n\n")
    while True:
        try:
            line = await asyncio.wait_for(queue.get(), HEARTBEAT)
        except TimeoutError:
            line = b": still here\n\n"
        if line is None:
            await _send(send, b"", more=False)
            return
        await _send(send, line)


async def _send(send: Send, content: bytes, more: bool = True) -> None:
    async with asyncio.timeout(PATIENCE):
        await send({"type": "http.response.body", "body": content, "more_body": more})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def endpoints(studio: Studio) -> list[Endpoint]:
    async def events(request: Request, body: None) -> Any:
        studio.workshop.bus.require_room()
        return EventStream(studio.workshop.bus)

    return [
        Endpoint(
            method="GET",
            path="/api/events",
            summary="Server-sent events: `job` with a job's state, and `file` when a schedule changes on the disk.",
            handle=events,
            answers=STREAM,
            errors=(503,),
        ),
    ]
