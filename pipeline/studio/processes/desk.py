"""A process that answers questions in turn and keeps what it has loaded; if it dies, another takes its place."""

import asyncio
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pipeline.run.interrupt import KILL
from pipeline.studio.folder.refused import RefusedError
from pipeline.studio.processes.child import Child, Work
from pipeline.studio.processes.messages import Ended
from render.device import failures
from render.errors import InputError, RenderError

Answers = Mapping[str, Callable[..., Any]]


class Desk:
    """The server's side. Belongs to the thread of the event loop.

    Args:
        work: what the process does: `answer_all` with its answers.
        log: a file that takes the output of the process.
        idle: seconds without a question after which the process ends, so that its memory is free.
    """

    def __init__(self, work: Work, log: Path, idle: float = 600.0) -> None:
        self._work, self._log, self._idle = work, log, idle
        self._child: Child | None = None
        self._answers: asyncio.Queue[Ended] = asyncio.Queue()
        self._is_signalled = False
        self._turn = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def ask(self, question: str, *arguments: Any, still_wanted: Callable[[], Any] | None = None) -> Any:
        """Ask a question and return the answer, after those that were asked before.

        Args:
            still_wanted: awaited before the question is asked; if it returns False, it is not asked.

        Raises:
            RefusedError: the question cannot be answered, is no longer wanted, or the process died.
        """
        async with self._turn:
            if still_wanted is not None and not await still_wanted():
                raise RefusedError(503, "the question was withdrawn")
            self._cancel_timer()
            self._is_signalled = False
            ended = await self._asked(question, arguments)
            self._timer = asyncio.get_running_loop().call_later(self._idle, self._end_idle)
        if ended.outcome == "finished":
            return ended.result
        raise RefusedError(400 if ended.outcome == "refused" else 500, ended.message, ended.problems)

    def signal(self, number: int) -> None:
        """Send a signal to the process, if there is one."""
        self._is_signalled = True
        if self._child is not None:
            self._child.signal(number)

    async def close(self) -> None:
        self._cancel_timer()
        if self._child is not None:
            await self._child.end()
            self._child = None

    async def _asked(self, question: str, arguments: tuple[Any, ...]) -> Ended:
        """Have a question answered, by a new process if an old one has died meanwhile or dies of it."""
        was_running = self._child is not None
        child = await self._running()
        child.send((question, arguments))
        try:
            ended = await self._answer(child)
        except asyncio.CancelledError:  # its answer must not be taken for that of the next question
            child.signal(KILL)
            self._child = None
            raise
        if ended is None and was_running and not self._is_signalled:
            self._child = None
            return await self._asked(question, arguments)
        return ended or Ended(outcome="failed", message=child.ending())

    async def _running(self) -> Child:
        if self._child is None or self._child.ended.is_set():
            self._answers = asyncio.Queue()
            child = Child(self._work, self._answers.put_nowait, self._log)
            await child.start()
            self._child = child
        return self._child

    async def _answer(self, child: Child) -> Ended | None:
        """The next answer; None if the process ends without one."""
        answer, end = asyncio.create_task(self._answers.get()), asyncio.create_task(child.ended.wait())
        try:
            await asyncio.wait({answer, end}, return_when=asyncio.FIRST_COMPLETED)
            return answer.result() if answer.done() else None
        finally:
            answer.cancel()
            end.cancel()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _end_idle(self) -> None:
        if not self._turn.locked() and self._child is not None:
            task = asyncio.create_task(self.close())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)


def answer_all(connection: Connection, answers: Answers) -> None:
    """Run in the process: answer every question until the server is gone."""
    while True:
        try:
            question, arguments = connection.recv()
        except KeyboardInterrupt:  # it came too late to interrupt an answer
            continue
        try:
            ended = _answered(answers[question], arguments)
        except KeyboardInterrupt:
            ended = Ended(outcome="stopped", message="stopped")
        connection.send(ended)


def _answered(answer: Callable[..., Any], arguments: tuple[Any, ...]) -> Ended:
    try:
        return Ended(outcome="finished", result=answer(*arguments))
    except RefusedError as error:
        return Ended(outcome="refused", message=str(error), problems=error.problems)
    except InputError as error:
        return Ended(outcome="refused", message=str(error))
    except (RenderError, OSError) as error:
        return Ended(outcome="failed", message=str(error))
    except MemoryError:
        return Ended(outcome="failed", message="out of memory; try a smaller output.size")
    except (RuntimeError, ImportError) as error:
        if (failure := failures.machine_failure(error)) is None:
            raise
        return Ended(outcome="failed", message=str(failure))
