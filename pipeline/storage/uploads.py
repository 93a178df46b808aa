"""Upload objects in the background, in order, with a limit on the bytes in the queue."""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from pipeline.storage.store import Store
from render.errors import StorageError

MAX_QUEUED = 256 * 1024 * 1024  # bytes in the queue; a render that is faster than the network waits
GRACE = 2.0  # seconds during which a terminated render may still upload


@dataclass(frozen=True, kw_only=True)
class _Task:
    key: str
    data: bytes | None  # None removes the object
    done: Callable[[str | None], None] = lambda tag: None


class Uploads:
    """A queue of uploads and the thread that processes it; a context manager that waits until all are done.

    Tasks are processed in order. If one fails, which is after the library has retried for minutes, the next call raises
    its error.
    """

    def __init__(self, store: Store, max_queued: int = MAX_QUEUED) -> None:
        self._store = store
        self._max_queued = max_queued
        self._tasks: deque[_Task] = deque()
        self._changed = threading.Condition()
        self._bytes = 0
        self._closed = False
        self._error: StorageError | None = None
        self._thread = threading.Thread(target=self._process_tasks, name="uploads", daemon=True)

    def __enter__(self) -> "Uploads":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            with suppress(*([] if kind is None else [StorageError])):  # the block's own error takes precedence
                self.drain(None if kind is None else GRACE)
        finally:
            with self._changed:
                self._closed = True
                self._changed.notify_all()

    def put(self, key: str, data: bytes, done: Callable[[str | None], None]) -> None:
        """Queue an upload; wait while the queue is full. Raises the `StorageError` of an earlier task.

        Args:
            done: called in the uploading thread with the object's tag, after the upload.
        """
        self._add(_Task(key=key, data=data, done=done), len(data))

    def delete(self, key: str) -> None:
        """Queue the removal of an object, after all earlier tasks. Raises the `StorageError` of an earlier task."""
        self._add(_Task(key=key, data=None), 0)

    def drain(self, seconds: float | None = None) -> None:
        """Wait until everything is uploaded, or until the given number of seconds has passed. Raises `StorageError`."""
        end = None if seconds is None else time.monotonic() + seconds
        with self._changed:
            while self._tasks and self._error is None:
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    return
                self._changed.wait(left)
            self._raise_error()

    def _add(self, task: _Task, size: int) -> None:
        with self._changed:
            while self._bytes and self._bytes + size > self._max_queued and self._error is None:
                self._changed.wait()
            self._raise_error()
            self._tasks.append(task)
            self._bytes += size
            self._changed.notify_all()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _process_tasks(self) -> None:
        while True:
            with self._changed:
                while not self._tasks and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                task = self._tasks[0]
            try:
                self._process(task)
            except StorageError as error:
                self._fail(error)
                return
            except Exception as error:
                self._fail(StorageError(f"{self._store.url}/{task.key}: cannot be written: {error}"))
                return
            with self._changed:
                self._tasks.popleft()
                self._bytes -= len(task.data or b"")
                self._changed.notify_all()

    def _process(self, task: _Task) -> None:
        if task.data is None:
            self._store.delete(task.key)
        else:
            task.done(self._store.put(task.key, task.data))

    def _fail(self, error: StorageError) -> None:
        with self._changed:
            self._error = error
            self._changed.notify_all()
