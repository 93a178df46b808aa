"""Writes in the background: the next frame is refined while the previous one goes to the disk.

At most `DEPTH` frames wait in the queue. If the disk is slower than the refinement, the run waits for it, so memory
does not grow.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Generic, TypeVar

DEPTH = 2

Written = TypeVar("Written")


class Writer(Generic[Written]):
    """One thread that runs the write functions it is given, in order; leaving the block waits until all are done.

    After a failure nothing more is written: a state must not replace one whose frame is missing.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._waiting: deque[Future[Written | None]] = deque()
        self._failed = False

    def __enter__(self) -> "Writer[Written]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown()

    def put(self, write: Callable[[], Written], patience: float = 0.0) -> Iterator[Written]:
        """Queue `write`, waiting while `DEPTH` are pending; yield the results of writes that have finished.

        Args:
            patience: seconds to wait for this write; if it takes longer, it is reported after the next frame.

        Raises:
            Exception: whatever a `write` raised, this one or an earlier one.
        """
        while len(self._waiting) >= DEPTH:
            yield from self._oldest()
        self._waiting.append(self._thread.submit(self._write, write))
        wait(self._waiting, timeout=patience)
        while self._waiting and self._waiting[0].done():
            yield from self._oldest()

    def drain(self) -> Iterator[Written]:
        """Wait until everything is written and yield the results. Raises as `put` does."""
        while self._waiting:
            yield from self._oldest()

    def _oldest(self) -> Iterator[Written]:
        written = self._waiting.popleft().result()
        if written is not None:
            yield written

    def _write(self, write: Callable[[], Written]) -> Written | None:
        if self._failed:
            return None
        try:
            return write()
        except BaseException:
            self._failed = True
            raise
