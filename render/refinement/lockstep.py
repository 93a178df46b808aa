"""Advance several runs in lockstep: the refinements of their frames are batched.

A run that needs the picture of a refinement is suspended until it is ready. Latents join and leave the batch
between two steps, so it stays full even if frames have different numbers of steps, like the requests in
Yu et al., "Orca: A Distributed Serving System for Transformer-Based Generative Models" (2022).
"""

from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, TypeVar

from torch import Tensor

from render.device.memory import is_out_of_memory, return_unused
from render.refinement.coroutine import Coroutine, current, suspend
from render.refinement.joint_steps import Pending, decode_all, refined, take_steps
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Refinement
from render.refinement.replay import Replay

T = TypeVar("T")


class Lockstep:
    """Takes the steps of pending refinements, in batches as large as memory allows.

    Args:
        warn: is called with a message when the batch size is reduced.

    Attributes:
        max_batch: the most pictures in a batch; reduced when memory runs out.
    """

    in_lockstep = True

    def __init__(self, max_batch: int, warn: Callable[[str], None] = lambda text: None) -> None:
        self.max_batch = max_batch
        self._warn = warn
        self._replay = Replay(warn)
        self._waiting: dict[Coroutine[Any], Pending] = {}

    def run(self, runs: Iterable[Generator[T, None, object]]) -> Iterator[T]:
        """Yield the items of several runs, started in order, `max_batch` of them at once.

        A run is resumed as soon as its picture is ready, and joins a batch again with its next one.
        """
        queue = iter(runs)
        active: list[Coroutine[T]] = []
        try:
            while True:
                while len(active) < self.max_batch and (items := next(queue, None)) is not None:
                    active.append(Coroutine(items))
                    yield from _resumed(active[-1], active)
                if not active:
                    return
                self._advance([self._waiting[run] for run in active])
                for run in [run for run in active if self._waiting[run].is_done]:
                    yield from _resumed(run, active)
        finally:
            with ExitStack() as closing:
                for run in active:
                    closing.callback(run.close)

    def refine(self, refinement: Refinement, optimizer: LatentAdam) -> Tensor:
        """Return the picture of a refinement, see `Scheduler`; the calling run is suspended until it is ready.

        Not batched, but run at once, are: a careful refinement, which checks every step; several pictures that share a
        generator; and calls from outside `run`.
        """
        run = current()
        if run is None or refinement.careful or len(refinement.anchor) > 1:
            return refined(refinement, optimizer, self._replay)
        pending = self._waiting[run] = Pending(refinement, optimizer)
        try:
            suspend()
        finally:
            del self._waiting[run]
        return pending.result()

    def release(self) -> bool:
        """See `Scheduler`."""
        return self._replay.release()

    def _advance(self, pending: Sequence[Pending]) -> None:
        """Take steps with all of them until at least one of every batch is finished."""
        kinds: dict[Hashable, list[Pending]] = {}
        for item in pending:
            kinds.setdefault(item.kind, []).append(item)
        for same in kinds.values():
            while same:
                batch, same = same[: self.max_batch], same[self.max_batch :]
                self._advance_batch(batch)

    def _advance_batch(self, batch: Sequence[Pending]) -> None:
        failure = self._try_steps(batch)
        if failure is None:
            return
        if self.release():
            self._advance_batch(batch)
            return
        if len(batch) == 1:
            batch[0].failure = failure
            return
        return_unused(batch[0].optimizer.latent.device)
        half = len(batch) // 2
        self.max_batch = min(self.max_batch, half)
        self._warn(f"memory is running out; from now on {half} pictures at a time")
        for begin in range(0, len(batch), half):
            self._advance_batch(batch[begin : begin + half])

    def _try_steps(self, batch: Sequence[Pending]) -> RuntimeError | None:
        """Take steps until one is finished, and decode the finished ones; return the error if memory runs out."""
        try:
            take_steps(batch, min(item.steps_left for item in batch), self._replay)
            decode_all([item for item in batch if not item.steps_left])
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            return error.with_traceback(None)  # the traceback's frames keep the needed memory alive
        return None


def _resumed(run: Coroutine[T], active: list[Coroutine[T]]) -> Iterator[T]:
    """Resume a run until its next refinement or its end; an ended run is removed from `active`."""
    yield from run.resume()
    if run.ended:
        active.remove(run)
