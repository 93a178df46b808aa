"""Plans which frames of a run to render, and from which states, using frame numbers alone.

A missing frame is rendered from the nearest state before it. Frames after it that are already there are left alone.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from render.errors import InputError

Range = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The frames that a run covers, as half-open ranges.

    Attributes:
        own: frames whose files the run may read and write: those of its part, else all up to the last one wanted.
        requested: frames requested with `--frames`, rendered even if they are there; None renders what is missing.
    """

    own: Range
    requested: Range | None = None

    @classmethod
    def of(cls, frames: tuple[int | None, int | None] | None, part: Range | None, count: int) -> "Scope":
        """The scope of a run of a schedule with `count` frames, given the requested `frames` or the run's `part`.

        Raises:
            InputError: a range is empty or lies outside the schedule.
        """
        wanted = frame_range(part or frames, count)
        return cls(own=wanted) if frames is None else cls(own=(0, wanted[1]), requested=wanted)

    @property
    def wanted(self) -> Range:
        """The frames that must be there when the run ends."""
        return self.requested or self.own

    @property
    def describes_folder(self) -> bool:
        """Whether this run writes the files that describe the folder: of several parts, only the first does."""
        return self.own[0] == 0


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Frames that are rendered one after the other.

    Attributes:
        shot: the first frame of their shot, which starts from noise.
        after: the frame to begin at if none of `states` is usable: the one after the previous stretch, whose last state
            is in memory, or `shot`.
        states: the frames whose states it can start from, nearest first; none lies before `after`.
        missing: the frames that it is rendered for, ascending; those between them are rendered on the way.
    """

    shot: int
    after: int
    states: tuple[int, ...]
    missing: tuple[int, ...]

    @property
    def first(self) -> int:
        """The first frame to render if the nearest state is sound; `end` if that state already is the last one."""
        return self.states[0] + 1 if self.states else self.after

    @property
    def end(self) -> int:
        """One past the last frame."""
        return self.missing[-1] + 1

    def first_after(self, state: int | None) -> int:
        """The first frame to render from the state after frame `state`; None stands for noise."""
        return self.shot if state is None else state + 1


def plan(
    shots: Iterable[Range], missing: Collection[int], states: Collection[int], requested_from: int | None
) -> list[Stretch]:
    """The stretches that render the missing frames, in order; each ends with a missing frame.

    Args:
        shots: half-open ranges of frames, each of which starts from noise; ascending.
        missing: the frames to render.
        states: the frames after which there is a usable state.
        requested_from: the first frame requested with `--frames`, else None; states from there on are not used.
    """
    stretches: list[Stretch] = []
    wanted, kept = sorted(missing), sorted(states, reverse=True)
    for begin, end in shots:
        after, found = begin, len(stretches)
        for index in (index for index in wanted if begin <= index < end):
            newest = index if requested_from is None else min(index, requested_from - 1)
            usable = tuple(state for state in kept if after <= state <= newest)
            if usable or len(stretches) == found:
                stretches.append(Stretch(shot=begin, after=after, states=usable, missing=(index,)))
            else:
                last = stretches.pop()
                stretches.append(
                    Stretch(shot=begin, after=last.after, states=last.states, missing=(*last.missing, index))
                )
            after = index + 1
    return stretches


def missing_frames(current: Sequence[bool], scope: Scope, fresh: bool) -> list[int]:
    """The frames that a run must render.

    Args:
        current: for every frame, whether its file is there and matches the schedule.
        fresh: render all frames, whatever is there.
    """
    first, last = scope.requested or (0, 0)
    return [index for index in range(*scope.own) if fresh or first <= index < last or not current[index]]


def frame_range(frames: tuple[int | None, int | None] | None, count: int) -> Range:
    """The half-open range that `--frames A:B` means in a schedule of `count` frames.

    Raises:
        InputError: the range is empty or lies outside the schedule.
    """
    begin, end = frames or (None, None)
    begin, end = begin or 0, count if end is None else end
    if not 0 <= begin < end <= count:
        raise InputError(f"--frames {begin}:{end}: expected A:B with 0 <= A < B <= {count}, the number of frames")
    return begin, end
