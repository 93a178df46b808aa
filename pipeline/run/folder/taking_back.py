"""Frames that were rendered before, here or in the folder that a trial is a trial of: taken, not rendered again."""

from collections.abc import Iterable, Sequence

from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.frames import FrameFolder
from pipeline.run.folder.history import Entry, link
from pipeline.run.folder.states import StateFolder


class Sources:
    """Folders of runs that may hold frames and states with the hashes that a schedule asks for.

    Args:
        entries: of the folder's history.
        base: the folder of the same schedule without what a trial has changed.
    """

    def __init__(self, entries: Sequence[Entry], base: Sequence[RunFolder]) -> None:
        self._entries = entries
        self._base = base

    def frames(self, frames: FrameFolder, hashes: Sequence[str], wanted: Iterable[int]) -> set[int]:
        """Put in place those of the wanted frames that are found; which they are."""
        taken = set()
        for index in wanted:
            for folder in self._folders(index, hashes[index]):
                record = folder.frames.record(index)
                if record is not None and record.hash == hashes[index]:
                    link(folder.frames.path(index), frames.path(index))
                    taken.add(index)
                    break
        return taken

    def states(self, states: StateFolder, hashes: Sequence[str], wanted: range) -> None:
        """Put in place the states after the wanted frames that are found and not there yet."""
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
