"""What of a run lies in its folder or near it, and what is therefore to be rendered."""

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
    """The folder of a run, measured against the hashes that its schedule asks for.

    Attributes:
        fresh: whether all frames are rendered, whatever is there.
        taken_back: the frames that were rendered before and have been put in place again.
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
        """What is to be rendered, after frames and states that were rendered before have been taken from there."""
        begin, end = self.scope.own
        current = [self._is_current(index) for index in range(end)]
        missing = missing_frames(current, self.scope, self.fresh)
        if missing and not self.fresh:
            missing = self._not_rendered_before(missing)
        shots = [(first, min(last, end)) for first, last in self.timeline.ranges_from_noise() if begin <= first < end]
        usable = [] if self.fresh else [index for index in self.states.kept() if self._may_start_from(index)]
        return plan(shots, missing, usable, self._asked_from)

    def finished(self) -> list[FrameRecord]:
        """The records of the first frames, up to the first one that is not there and current."""
        found = []
        for index, hash_ in enumerate(self.hashes):
            record = self.folder.frames.record(index)
            if record is None or record.hash != hash_:
                break
            found.append(record)
        return found

    def num_stale(self, warn: Callable[[str], None]) -> int:
        """Frames in the folder that the schedule would not make as they are; warns of what is no whole frame."""
        frames, stale = self.folder.frames, 0
        for index in frames.present():
            record = frames.record(index)
            if record is None:
                warn(f"{frames.path(index)}: is damaged or was not written by render; treated as missing")
            elif index >= len(self.hashes) or record.hash != self.hashes[index]:
                stale += 1
        return stale

    def overwrites(self, index: int) -> bool:
        """Whether a frame is to be written whatever is there."""
        return self.fresh or (self._asked_from is not None and index >= self._asked_from)

    @property
    def _asked_from(self) -> int | None:
        return self.scope.asked and self.scope.asked[0]

    def _not_rendered_before(self, missing: list[int]) -> list[int]:
        """The missing frames that are left when those that lie in the history or beside a trial are in place."""
        sources = Sources(History(self.folder).entries(), self._base())
        first_asked = len(self.hashes) if self._asked_from is None else self._asked_from
        taken = sources.frames(self.folder.frames, self.hashes, [index for index in missing if index < first_asked])
        self.taken_back.update(taken)
        missing = [index for index in missing if index not in taken]
        sources.states(self.states, self.hashes, range(*self.scope.own))
        if taken:  # no new states will take the place of those of what the schedule was before
            self._drop_stale_states()
        return missing

    def _drop_stale_states(self) -> None:
        for index in self.states.kept():
            if self.scope.own[0] <= index and not self._may_start_from(index):
                self.states.path(index).unlink(missing_ok=True)

    def _base(self) -> list[RunFolder]:
        """The folder of the same schedule without what a trial changes, and its history."""
        origin = self.origin
        found = base_of(self.folder.path, Path(origin.file), origin.draft, origin.overrides)
        if found is None:
            return []
        base = RunFolder(found)
        return [base, *(entry.folder for entry in History(base).entries())]

    def _may_start_from(self, index: int) -> bool:
        """Whether a state is of this schedule, as far as can be seen: damage is reported on use."""
        note = self.states.note(index)
        return note is None or note.index != index or [note.frame_hash] == list(self.hashes[index : index + 1])

    def _is_current(self, index: int) -> bool:
        record = self.folder.frames.record(index)
        return record is not None and record.hash == self.hashes[index]
