"""Reuses frames that were rendered before, in this folder or in the folder of the run that a trial varies."""

from collections.abc import Iterable, Sequence

from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.frames import FrameFolder
from pipeline.run.folder.history import Entry, link
from pipeline.run.folder.states import StateFolder


class Sources:
    """Run folders that may contain frames and states with the hashes that a schedule requires.

    Args:
        entries: of the folder's history.
        base: the folder of the same schedule without a trial's changes.
    """

    def __init__(self, entries: Sequence[Entry], base: Sequence[RunFolder]) -> None:
        self._entries = entries
        self._base = base

    def frames(self, frames: FrameFolder, hashes: Sequence[str], wanted: Iterable[int]) -> set[int]:
        """Put in place the wanted frames that are found; return their numbers."""
        reused = set()
        for index in wanted:
            for folder in self._folders(index, hashes[index]):
                record = folder.frames.record(index)
                if record is not None and record.hash == hashes[index]:
                    link(folder.frames.path(index), frames.path(index))
                    reused.add(index)
                    break
        return reused

    def states(self, states: StateFolder, hashes: Sequence[str], wanted: range) -> None:
        """Put in place the states after the wanted frames, if they are found and not already there."""
        for folder in [*(entry.folder for entry in self._entries), *self._base]:
            others = states.at(folder.path / states.folder.name)
            for index in others.kept():
                if index in wanted and _fits(others, index, hashes) and not _fits(states, index, hashes):
                    link(others.path(index), states.path(index))

    def _folders(self, index: int, hash_: str) -> list[RunFolder]:
        kept = [entry.folder for entry in self._entries if hash_ in entry.hashes[index : index + 1]]
        return [*kept, *self._base]


def _fits(states: StateFolder, index: int, hashes: Sequence[str]) -> bool:
    note = states.note(index)
    return note is not None and note.index == index and index < len(hashes) and note.frame_hash == hashes[index]
