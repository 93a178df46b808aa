"""An iterator on a stack of its own, which any function below it can suspend without being a generator itself.

All stacks belong to one thread of the operating system and change places only where `suspend` is called. Threads
would not do: torch gives each of them its own team of OpenMP threads, which slows all down by a quarter where there
are more of them than cores, and signals reach only the main thread.
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

    It belongs to where it was made: only from there it is resumed and closed.
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
        """Yield its items until it is suspended or ends; what it raises is raised here."""
        while handed := _switch(self._stack):
            yield handed[0]

    def close(self) -> None:
        """End it where it is suspended: its `finally` and `with` blocks are run, as `Generator.close` has it."""
        self._closing = True
        while self._stack:  # begun, and not at its end
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
    """The coroutine that the caller runs in, if it runs in one."""
    return _CURRENT.get()


def suspend() -> None:
    """Stop the current coroutine here; the call returns when it is resumed.

    Raises:
        GeneratorExit: it is closed instead.
    """
    _switch(getcurrent().parent, ())


def _switch(stack: greenlet, handed: tuple[Any, ...] = ()) -> tuple[Any, ...]:
    """Go on with another stack until it gives control back, with an item or with none.

    Each stack finds torch's gradient mode as it left it. It belongs to the thread, and greenlet does not know of it;
    nothing else that torch keeps for a thread, such as autocast, is ever changed around a refinement.
    """
    with torch.set_grad_enabled(torch.is_grad_enabled()):
        result: tuple[Any, ...] = stack.switch(handed)
    return result
