"""Run an iterator on its own stack, so that any function it calls can suspend it without being a generator.

All stacks share one operating system thread and switch only where `suspend` is called. Threads would not work: torch
gives each its own team of OpenMP threads, which slows everything down by a quarter when there are more threads than
cores, and signals reach only the main thread.
"""

from collections.abc import Generator, Iterator
from contextlib import closing
from contextvars import ContextVar, copy_context
from typing import Any, Generic, TypeVar

import torch
from greenlet import getcurrent, greenlet

T = TypeVar("T")


class Coroutine(Generic[T]):
    """An iterator that can be suspended in the middle of a call.

    It belongs to the stack that created it: it may be resumed and closed only from there.
    """

    def __init__(self, items: Generator[T, None, object]) -> None:
        self._items = items
        self._closing = False
        self._stack = greenlet(self._run)
        self._stack.gr_context = copy_context()

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to resume."""
        return bool(self._stack.dead)

    def resume(self) -> Iterator[T]:
        """Yield its items until it is suspended or ends; its exceptions are raised here."""
        while handed := _switch(self._stack):
            yield handed[0]

    def close(self) -> None:
        """End it where it is suspended and run its `finally` and `with` blocks, like `Generator.close`."""
        self._closing = True
        while self._stack:  # started and not ended
            with torch.set_grad_enabled(torch.is_grad_enabled()):
                self._stack.throw(GeneratorExit)
        self._items.close()

    def _run(self, begin: tuple[()]) -> tuple[()]:
        _CURRENT.set(self)
        try:
            with closing(self._items):
                for item in self._items:
                    _switch(self._stack.parent, (item,))
        except GeneratorExit:
            if not self._closing:
                raise
        return ()


_CURRENT: ContextVar[Coroutine[Any] | None] = ContextVar("_CURRENT", default=None)


def current() -> Coroutine[Any] | None:
    """Return the coroutine in which the caller runs; None outside of one."""
    return _CURRENT.get()


def suspend() -> None:
    """Suspend the current coroutine; the call returns when it is resumed.

    Raises:
        GeneratorExit: it was closed instead.
    """
    _switch(getcurrent().parent, ())


def _switch(stack: greenlet, handed: tuple[Any, ...] = ()) -> tuple[Any, ...]:
    """Switch to another stack until it returns control, with an item or without one.

    torch's gradient mode belongs to the thread, so it is saved and restored for each stack; greenlet does not do that.
    No other per-thread state of torch, such as autocast, is changed around a refinement.
    """
    with torch.set_grad_enabled(torch.is_grad_enabled()):
        result: tuple[Any, ...] = stack.switch(handed)
    return result
