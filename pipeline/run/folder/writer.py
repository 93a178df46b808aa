"""Writes in the background: the next frame is refined while the previous ones go to the disk.

At most `DEPTH` frames are on their way. If the disk is slower than the refinement, the run waits for it, so memory
does not grow.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, Generic, TypeVar

DEPTH = 2

Written = TypeVar("Written")
Turn = Callable[[], None]


class _GivenUpError(Exception):
    """Ends a write whose turn never comes, since an earlier one has failed."""


class Writer(Generic[Written]):
    """Runs the write functions it is given side by side in `DEPTH` threads; leaving the block waits until all are done.

    Each is given its turn: a function that waits until all earlier writes are done, to be called before anything
    becomes visible. So what is there at any moment is what one write after the other would have left, and after a
    failure nothing more is written: a state must not replace one whose frame is missing.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(DEPTH, thread_name_prefix="writer")
        self._waiting: deque[Future[Written]] = deque()
        self._latest: Future[Any] | None = None

    def __enter__(self) -> "Writer[Written]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown()

    def put(self, write: Callable[[Turn], Written], patience: float = 0.0) -> Iterator[Written]:
        """Queue `write`, waiting while `DEPTH` are pending; yield the results of writes that have finished.

        Args:
            patience: seconds to wait for this write; if it takes longer, it is reported after the next frame.

        Raises:
            Exception: whatever a `write` raised, this one or an earlier one.
        """
        while len(self._waiting) >= DEPTH:
            yield from self._oldest()
        self._waiting.append(self._submit(write))
        wait(self._waiting, timeout=patience)
        while self._waiting and self._waiting[0].done():
            yield from self._oldest()

    def put_last(self, write: Callable[[Turn], object]) -> None:
        """Queue `write` when a run ends early: without waiting, and nobody hears whether it fails."""
        self._submit(write)

    def drain(self) -> Iterator[Written]:
        """Wait until everything is written and yield the results. Raises as `put` does."""
        while self._waiting:
            yield from self._oldest()

    def start_again(self) -> None:
        """After a failure that was raised: wait until nothing is under way any more, then write again."""
        wait([*self._waiting, *([] if self._latest is None else [self._latest])])
        self._waiting.clear()
        self._latest = None

    def _submit(self, write: Callable[[Turn], Any]) -> "Future[Any]":
        self._latest = self._threads.submit(_write, write, self._latest)
        return self._latest

    def _oldest(self) -> Iterator[Written]:
        try:
            yield self._waiting.popleft().result()
        except _GivenUpError:
            return


def _write(write: Callable[[Turn], Written], before: "Future[Any] | None") -> Written:
    def turn() -> None:
        if before is not None and before.exception() is not None:
            raise _GivenUpError

    if before is not None and before.done():
        turn()
    result = write(turn)
    turn()  # where `write` found nothing to do: a write is done only when all before it are
    return result
