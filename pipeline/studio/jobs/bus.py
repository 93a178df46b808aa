"""Tells every listener what happens; one that does not keep up is dropped."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.studio.folder.refused import RefusedError

MOST_LISTENERS = 64
WAITING = 256  # events that may wait for one listener


class Bus:
    """Events on their way to the listeners. Belongs to the thread of the event loop."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[bytes | None]] = set()
        self._is_closed = False

    def tell(self, kind: str, content: Any) -> None:
        """Send an event to every listener."""
        line = f"event: {kind}\ndata: {json.dumps(content, allow_nan=False)}\n\n".encode()
        for queue in tuple(self._queues):
            try:
                queue.put_nowait(line)
            except asyncio.QueueFull:  # it is told that it missed something by the end of its connection
                self._drop(queue)

    def require_room(self) -> None:
        """Raise `RefusedError` if there are too many listeners for another one."""
        if len(self._queues) >= MOST_LISTENERS or self._is_closed:
            raise RefusedError(503, f"there are already {MOST_LISTENERS} listeners")

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[bytes | None]]:
        """Yield the queue of one more listener: lines of server-sent events, and None at the end."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    def close(self) -> None:
        """End every listener's stream."""
        self._is_closed = True
        for queue in tuple(self._queues):
            self._drop(queue)

    def _drop(self, queue: asyncio.Queue[bytes | None]) -> None:
        self._queues.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)
