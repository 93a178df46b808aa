"""Finds out what of a run is already in its folder or can be reused, and therefore what remains to be rendered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.frames import FrameRecord
from pipeline.run.folder.history import History
from pipeline.run.folder.states import StateFolder
from pipeline.run.folder.taking_back import Sources
from pipeline.run.plan import Scope, Stretch, missing_frames, plan
from pipeline.schedule.origin import Origin
from pipeline.schedule.timeline import Timeline
from pipeline.storage.naming import base_of


@dataclass(frozen=True, kw_only=True)
class Survey:
    """The folder of a run, compared with the hashes of its schedule.

    Attributes:
        fresh: render all frames, whatever is there.
        taken_back: the frames that were rendered before and have been put back in place.
    """

    folder: RunFolder
    states: StateFolder
    origin: Origin
    timeline: Timeline
    hashes: Sequence[str]
    scope: Scope
    fresh: bool = False
    taken_back: set[int] = field(default_factory=set)

    def stretches(self) -> list[Stretch]:
        """The stretches to render, after putting back frames and states of earlier runs that match."""
        begin, end = self.scope.own
        current = [self._is_current(index) for index in range(end)]
        missing = missing_frames(current, self.scope, self.fresh)
        if missing and not self.fresh:
            missing = self._not_rendered_before(missing)
        shots = [(first, min(last, end)) for first, last in self.timeline.ranges_from_noise() if begin <= first < end]
        usable = [] if self.fresh else [index for index in self.states.kept() if self._may_start_from(index)]
        return plan(shots, missing, usable, self._requested_from)

    def finished(self) -> list[FrameRecord]:
        """The records of the first frames, up to the first one that is missing or stale."""
        found = []
        for index, hash_ in enumerate(self.hashes):
            record = self.folder.frames.record(index)
            if record is None or record.hash != hash_:
                break
            found.append(record)
        return found

    def num_stale(self, warn: Callable[[str], None]) -> int:
        """The number of frames in the folder that do not match the schedule; warns about damaged files."""
        frames, stale = self.folder.frames, 0
        for index in frames.present():
            record = frames.record(index)
            if record is None:
                warn(f"{frames.path(index)}: is damaged or was not written by render; treated as missing")
            elif index >= len(self.hashes) or record.hash != self.hashes[index]:
                stale += 1
        return stale

    def overwrites(self, index: int) -> bool:
        """Whether to write a frame whatever is there."""
        return self.fresh or (self._requested_from is not None and index >= self._requested_from)

    @property
    def _requested_from(self) -> int | None:
        return self.scope.requested and self.scope.requested[0]

    def _not_rendered_before(self, missing: list[int]) -> list[int]:
        """Put back missing frames from the history or from a trial's base run; returns those that are still missing."""
        sources = Sources(History(self.folder).entries(), self._base())
        first_requested = len(self.hashes) if self._requested_from is None else self._requested_from
        reused = sources.frames(
            self.folder.frames, self.hashes, [index for index in missing if index < first_requested]
        )
        self.taken_back.update(reused)
        missing = [index for index in missing if index not in reused]
        sources.states(self.states, self.hashes, range(*self.scope.own))
        if reused:  # nothing is rendered that would replace the states of the previous schedule
            self._drop_stale_states()
        return missing

    def _drop_stale_states(self) -> None:
        for index in self.states.kept():
            if self.scope.own[0] <= index and not self._may_start_from(index):
                self.states.path(index).unlink(missing_ok=True)

    def _base(self) -> list[RunFolder]:
        """The run of the same schedule without a trial's changes, and its history; empty if there is none."""
        origin = self.origin
        found = base_of(self.folder.path, Path(origin.file), origin.draft, origin.overrides)
        if found is None:
            return []
        base = RunFolder(found)
        return [base, *(entry.folder for entry in History(base).entries())]

    def _may_start_from(self, index: int) -> bool:
        """Whether a state matches this schedule; a damaged one counts, since damage is reported when it is loaded."""
        note = self.states.note(index)
        return note is None or note.index != index or [note.frame_hash] == list(self.hashes[index : index + 1])

    def _is_current(self, index: int) -> bool:
        record = self.folder.frames.record(index)
        return record is not None and record.hash == self.hashes[index]
