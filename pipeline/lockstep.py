"""`--lockstep`: schedules of one size and one set of models, refined as one batch.

All of a frame but its refinement stays each run's own: warp, warm start, state and picture. A run that
fails, ends or is stopped leaves the others as they are, and the next schedule takes its place.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from pipeline.events import Event, Interrupted, only_events
from pipeline.run import Run

if TYPE_CHECKING:
    from render.lockstep import Lockstep, Pending
    from render.renderer import Renderer

MOST = 8  # that `auto` tries
WORTH = 50  # steps that are to be taken for every one of the probe's


class Work(Protocol):
    """See `pipeline.session.Session.work`."""

    def __call__(
        self, run: Run, *, prepared: Callable[["Renderer"], "Renderer"] = ...
    ) -> Generator["Event | Pending", None, None]: ...


def groups(runs: Sequence[Run]) -> list[list[Run]]:
    """Those that can be refined together, in the order of their first ones."""
    found: list[list[Run]] = []
    for run in runs:
        mine = (run.schedule.models, run.schedule.output.size)
        same = (group for group in found if (group[0].schedule.models, group[0].schedule.output.size) == mine)
        group = next(same, None)
        if group is None:
            found.append([run])
        else:
            group.append(run)
    return found


def in_lockstep(
    group: Sequence[Run], work: Work, at_once: int | None, note: Callable[[str], None]
) -> Generator[Event, None, None]:
    """The events of all runs of a group; after an interruption no more are begun.

    Args:
        at_once: so many are refined together; None measures how many pay, when the first models are loaded.
        note: hears, in a line, what was measured.
    """
    if len(group) == 1 or at_once == 1:
        yield from _one_by_one(group, work)
        return
    from render.lockstep import Lockstep

    choice = _Choice(group, at_once, note, Lockstep(1, note))
    interrupted = False
    works = (work(run, prepared=choice.prepared_for(run)) for run in group if not interrupted)
    events: Iterator[Event] = choice.lockstep.run(works)
    for event in events:
        interrupted |= isinstance(event, Interrupted)
        yield event


def _one_by_one(group: Sequence[Run], work: Work) -> Generator[Event, None, None]:
    for run in group:
        for event in only_events(work(run)):
            yield event
            if isinstance(event, Interrupted):
                return


class _Choice:
    """How many go on at once: known when there is a frame to render and models to render it."""

    def __init__(
        self, group: Sequence[Run], asked: int | None, note: Callable[[str], None], lockstep: "Lockstep"
    ) -> None:
        self._group = group
        self._asked = asked
        self._note = note
        self._made = False
        self.lockstep = lockstep

    def prepared_for(self, run: Run) -> Callable[["Renderer"], "Renderer"]:
        def prepared(renderer: "Renderer") -> "Renderer":
            if not self._made:
                self.lockstep.most = self._measured(renderer, run) if self._asked is None else self._asked
                self._made = True
            return renderer.of_run(renderer.warn, lockstep=self.lockstep.most > 1)

        return prepared

    def _measured(self, renderer: "Renderer", run: Run) -> int:
        from render.probe import NUM_STEPS, probe

        steps = sum(spec.num_steps for each in self._group for spec in each.asked)
        spec = next((spec for spec in run.asked if spec.num_steps and spec.losses), None)
        if spec is None or steps < WORTH * NUM_STEPS:
            self._note(f"lockstep: {steps} steps in all are too few to measure by {NUM_STEPS} what pays: 1 at once")
            return 1
        most = renderer.fitting(run.schedule.output.size, min(MOST, len(self._group)))
        found = probe(renderer, spec, most)
        self._note(f"lockstep: {found}")
        return found.best
