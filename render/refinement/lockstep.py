"""Frames of several runs refined as one batch, each with the numbers that it would have got alone.

A run hands out the refinement of its frame as a `Pending`. Whoever receives it may take its steps
together with those of others; one that nobody touched is run as always. A latent joins and leaves
the batch between two steps, so frames of any number of steps keep it full, as requests do in
Yu et al., "Orca: A Distributed Serving System for Transformer-Based Generative Models" (2022).

What a picture has of its own stays its own: anchor, prompts, weights of losses, learning rate, count of
Adam's steps, running average, and the generator, which is asked for the same numbers in the same order.
Pictures of a batch do not see each other, so one that leaves the finite numbers leaves them alone.
"""

import copy
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor

from render.device.memory import is_out_of_memory
from render.guidance.prompts import together
from render.refinement.optimizer import LatentAdam, RunningAverage
from render.refinement.refine import Refinement

T = TypeVar("T")


class Pending:
    """The refinement of one picture that is still to be run, alone or with others.

    Attributes:
        left: steps that are still to be taken.
        picture: (1, 3, H, W) in [0, 1] when the last one was.
        failure: why the others had to leave it behind: out of memory.
    """

    def __init__(self, refinement: Refinement, optimizer: LatentAdam) -> None:
        self.refinement = refinement
        self.optimizer = optimizer
        assert isinstance(refinement.generator, torch.Generator)
        self.generator = refinement.generator
        self.left = refinement.spec.num_steps
        self.average = RunningAverage(refinement.spec.ema)
        self.picture: Tensor | None = None
        self.failure: RuntimeError | None = None

    @property
    def through(self) -> bool:
        return self.picture is not None or self.failure is not None

    @property
    def kind(self) -> Hashable:
        """Those of one kind can be refined together."""
        refinement, spec = self.refinement, self.refinement.spec
        guides = tuple((id(guide.perceptor), guide.weight) for guide in refinement.guides)
        shape = tuple(refinement.anchor.shape)
        return id(refinement.latents), guides, shape, spec.num_cutouts, spec.augment, frozenset(spec.losses)

    def result(self) -> Tensor:
        """The picture (1, 3, H, W) in [0, 1]; if nobody took a step, all are taken now.

        Raises:
            RuntimeError: `failure`.
        """
        if self.failure is not None:
            raise self.failure
        if self.picture is None:
            self.picture = self.refinement.run(self.optimizer)
        return self.picture


def handed_out(refinement: Refinement, optimizer: LatentAdam) -> Generator[Pending, None, Tensor]:
    """The picture of a refinement, see `Refinement.run`, whose steps can be taken with those of others.

    A careful one looks at every step, which is its own affair; so are several pictures of one generator.
    """
    if refinement.careful or len(refinement.anchor) > 1:
        return refinement.run(optimizer)
    pending = Pending(refinement, optimizer)
    yield pending
    return pending.result()


Work = Generator[T | Pending, None, object]


def alone(work: Generator[Pending, None, T]) -> T:
    """What comes out of `work` when nobody takes its steps but itself."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result


class Lockstep:
    """Takes the steps of what is pending, as many together as fit.

    Args:
        warn: hears where it becomes fewer.

    Attributes:
        most: pictures in a batch; fewer from the moment on where memory does not suffice.
    """

    def __init__(self, most: int, warn: Callable[[str], None] = lambda text: None) -> None:
        self.most = most
        self._warn = warn

    def run(self, works: Iterable[Work[T]]) -> Iterator[T]:
        """All that several works yield besides what is pending; `most` of them go on at once, begun in their order.

        A work is resumed as soon as its picture is there, and takes part again with its next one.
        """
        queue = iter(works)
        waiting: dict[Work[T], Pending] = {}
        try:
            while True:
                while len(waiting) < self.most and (work := next(queue, None)) is not None:
                    yield from _to_pending(work, waiting)
                if not waiting:
                    return
                self.advance(list(waiting.values()))
                for work in [work for work, pending in waiting.items() if pending.through]:
                    yield from _to_pending(work, waiting)
        finally:
            for work in waiting:
                work.close()

    def advance(self, pending: Sequence[Pending]) -> None:
        """Take steps with all, until at least one of every batch is through."""
        kinds: dict[Hashable, list[Pending]] = {}
        for item in pending:
            kinds.setdefault(item.kind, []).append(item)
        for same in kinds.values():
            while same:
                batch, same = same[: self.most], same[self.most :]
                self._advance(batch)

    def _advance(self, batch: Sequence[Pending]) -> None:
        failure = _tried(batch)
        if failure is None:
            return
        if len(batch) == 1:
            batch[0].failure = failure
            return
        if batch[0].optimizer.latent.device.type == "cuda":
            torch.cuda.empty_cache()
        half = len(batch) // 2
        self.most = min(self.most, half)
        self._warn(f"memory is short; from here on {half} at a time")
        for begin in range(0, len(batch), half):
            self._advance(batch[begin : begin + half])


def _to_pending(work: Work[T], waiting: dict[Work[T], Pending]) -> Iterator[T]:
    """Go on with a work to its next refinement, which then is the one that it waits for, or to its end."""
    for item in work:
        if isinstance(item, Pending):
            waiting[work] = item
            return
        yield item
    waiting.pop(work, None)


def take(batch: Sequence[Pending], count: int) -> None:
    """Take `count` steps with those of one kind; where that fails, none was taken.

    Raises:
        RuntimeError: whatever torch raises where memory runs out.
    """
    generators = [item.generator for item in batch]
    before = [generator.get_state() for generator in generators]
    optimizer = LatentAdam.joined([item.optimizer for item in batch])
    averages = [copy.copy(item.average) for item in batch]
    try:
        refinement, lr = joined([item.refinement for item in batch], generators)
        for _ in range(count):
            refinement.step(optimizer, lr)
            for average, latent in zip(averages, torch.split(optimizer.latent, 1), strict=True):
                average.update(latent)
    except RuntimeError:
        for generator, state in zip(generators, before, strict=True):
            generator.set_state(state)
        raise
    optimizer.part([item.optimizer for item in batch])
    for item, average in zip(batch, averages, strict=True):
        item.left, item.average = item.left - count, average


def joined(refinements: Sequence[Refinement], generators: Sequence[torch.Generator]) -> tuple[Refinement, Tensor]:
    """The refinement of all their pictures, and the learning rate of each: (B, 1, 1, 1)."""
    first = refinements[0]
    device = first.anchor.device
    specs = [refinement.spec for refinement in refinements]
    weights = {name: torch.tensor([spec.losses[name] for spec in specs], device=device) for name in first.spec.losses}
    lr = torch.tensor([spec.lr * first.latents.spread for spec in specs], device=device)
    guides = [
        replace(guide, targets=together([refinement.guides[number].targets for refinement in refinements]))
        for number, guide in enumerate(first.guides)
    ]
    refinement = replace(
        first,
        guides=guides,
        anchor=torch.cat([refinement.anchor for refinement in refinements]),
        generator=tuple(generators),
        weights=weights,
    )
    return refinement, lr.view(-1, 1, 1, 1)


def _tried(batch: Sequence[Pending]) -> RuntimeError | None:
    """Take steps until one is through, and make the pictures of those that are; the error where memory runs out."""
    first = batch[0]
    try:
        if len(batch) == 1 and first.left == first.refinement.spec.num_steps:
            first.result()
            return None
        take(batch, min(item.left for item in batch))
        _show([item for item in batch if not item.left])
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return error.with_traceback(None)  # whose frames hold on to the memory that is wanted
    return None


@torch.no_grad()
def _show(batch: Sequence[Pending]) -> None:
    for item in batch:
        item.optimizer.replace(item.average.value(item.optimizer.latent))
    pictures = batch[0].refinement.latents.decode(torch.cat([item.optimizer.latent for item in batch]))
    for item, picture in zip(batch, torch.split(pictures, 1), strict=True):
        item.picture = picture.clone()
