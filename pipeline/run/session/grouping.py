"""`--lockstep`: schedules with the same size and models, refined together as one batch.

Apart from refinement, each run renders its frames on its own: warp, warm start, state and picture. If a run fails, ends
or is stopped, the others are unaffected, and the next schedule takes its place.
"""

from collections.abc import Callable, Generator, Hashable, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Protocol

from pipeline.run.events import Event, Interrupted
from pipeline.run.run import Run

if TYPE_CHECKING:
    from render.renderer.renderer import Renderer

LARGEST_BATCH = 8  # the largest batch that `auto` tries
MIN_WORK = 50  # measuring pays only if at least this many steps will be taken for every step of the probe


class Events(Protocol):
    """Starts a run and yields its events, see `pipeline.run.session.session.Session.run_events`."""

    def __call__(
        self, run: Run, *, prepared: Callable[["Renderer"], "Renderer"] = ...
    ) -> Generator[Event, None, None]: ...


class AtOnce:
    """How many runs are refined together: a given number, or the number measured to be fastest.

    Args:
        requested: the given number; None measures once per `Run.batch_key`, when its first run has loaded its models.
        note: called with one line that reports the measurement.
    """

    def __init__(self, requested: int | None, note: Callable[[str], None]) -> None:
        self.requested = requested
        self.note = note
        self._found: dict[Hashable, int] = {}

    def measured(self, batch_key: Hashable) -> int | None:
        """The number measured for a key, see `Run.batch_key`; None if that key was not measured."""
        return self._found.get(batch_key)

    def of(self, renderer: "Renderer", group: Sequence[Run], run: Run) -> int:
        """How many runs of a group to refine at once; `run` is the one that has a frame to render."""
        if self.requested is not None:
            return self.requested
        if run.batch_key in self._found:
            return self._found[run.batch_key]
        from render.renderer.probe import NUM_STEPS, probe

        steps = sum(spec.num_steps for each in group for spec in each.wanted)
        spec = next((spec for spec in run.wanted if spec.num_steps and spec.losses), None)
        if spec is None or steps < MIN_WORK * NUM_STEPS:
            self.note(
                f"lockstep: {steps} steps in total are too few to measure which number is fastest; refining 1 at once"
            )
            return 1
        found = probe(renderer, spec, renderer.fitting(run.schedule.output.size, min(LARGEST_BATCH, len(group))))
        self.note(f"lockstep: {found}")
        if len(group) >= min(LARGEST_BATCH, 2 * found.best):  # a smaller group says nothing about larger batches
            self._found[run.batch_key] = found.best
        return found.best


def groups(runs: Sequence[Run]) -> list[list[Run]]:
    """Group the runs that can be refined together, ordered by the first run of each group."""
    found: dict[Hashable, list[Run]] = {}
    for run in runs:
        found.setdefault(run.batch_key, []).append(run)
    return list(found.values())


def in_lockstep(group: Sequence[Run], events: Events, at_once: AtOnce) -> Generator[tuple[Run, Event], None, None]:
    """Yield the events of all runs of a group; after an interruption no further run is started."""
    if len(group) == 1 or at_once.requested == 1:
        yield from _one_by_one(group, events)
        return
    from render.refinement.lockstep import Lockstep

    lockstep = Lockstep(1, at_once.note)
    chosen = interrupted = False

    def prepared(run: Run, renderer: "Renderer") -> "Renderer":
        nonlocal chosen
        if not chosen:
            lockstep.max_batch = at_once.of(renderer, group, run)
            chosen = True
        return renderer.of_run(renderer.warn, lockstep if lockstep.max_batch > 1 else None)

    runs = (_with(run, events(run, prepared=partial(prepared, run))) for run in group if not interrupted)
    for run, event in lockstep.run(runs):
        interrupted |= isinstance(event, Interrupted)
        yield run, event


def _with(run: Run, events: Generator[Event, None, None]) -> Generator[tuple[Run, Event], None, None]:
    """Yield the events of a run, each paired with the run."""
    with closing(events):
        for event in events:
            yield run, event


def _one_by_one(group: Sequence[Run], events: Events) -> Generator[tuple[Run, Event], None, None]:
    for run in group:
        with closing(events(run)) as its_events:
            for event in its_events:
                yield run, event
                if isinstance(event, Interrupted):
                    return
