"""What of a run is to be rendered, and from where: worked out of frame numbers alone.

A frame that is missing is reached from the nearest state before it, and nothing after it is rendered that is there.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from render.errors import InputError

Range = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which frames a run is about, as half-open ranges.

    Attributes:
        own: frames whose files it may read and write: those of a part, else all up to the last one that is wanted.
        asked: frames that were asked for, which are rendered even if they are there; None renders what is missing.
    """

    own: Range
    asked: Range | None = None

    @classmethod
    def of(cls, frames: tuple[int | None, int | None] | None, part: Range | None, count: int) -> "Scope":
        """The scope of a run of `count` frames in all, of which `frames` are asked for, or which is this `part`.

        Raises:
            InputError: a range is empty or lies outside.
        """
        wanted = frame_range(part or frames, count)
        return cls(own=wanted) if frames is None else cls(own=(0, wanted[1]), asked=wanted)

    @property
    def wanted(self) -> Range:
        """The frames that are there in the end."""
        return self.asked or self.own

    @property
    def describes_folder(self) -> bool:
        """Whether this run writes what the folder is of: of all parts one must, the first."""
        return self.own[0] == 0


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Frames that are rendered one after the other.

    Attributes:
        shot: the first frame of their shot, which starts from noise.
        after: where to begin without any of `states`: after the stretch before, whose state is at hand, or at `shot`.
        states: the frames whose states it can start from, the nearest one first; each lies from `after` on.
        missing: the frames that it is rendered for, ascending; those between them are rendered on the way.
    """

    shot: int
    after: int
    states: tuple[int, ...]
    missing: tuple[int, ...]

    @property
    def first(self) -> int:
        """The first frame to be rendered if the nearest state is sound; `end` where that state is all it takes."""
        return self.states[0] + 1 if self.states else self.after

    @property
    def end(self) -> int:
        """After the last frame."""
        return self.missing[-1] + 1

    def first_after(self, state: int | None) -> int:
        """The first frame to be rendered from the state after frame `state`; None stands for noise."""
        return self.shot if state is None else state + 1


def plan(
    shots: Iterable[Range], missing: Collection[int], states: Collection[int], asked_from: int | None
) -> list[Stretch]:
    """The stretches that make the missing frames, in order; each ends with a frame that is missing.

    Args:
        shots: half-open ranges of frames, each of which starts from noise; ascending.
        missing: the frames to be made.
        states: the frames after which there is a state that may be used.
        asked_from: the first frame that was asked for, if any were; states from there on are not used.
    """
    stretches: list[Stretch] = []
    wanted, kept = sorted(missing), sorted(states, reverse=True)
    for begin, end in shots:
        after, found = begin, len(stretches)
        for index in (index for index in wanted if begin <= index < end):
            newest = index if asked_from is None else min(index, asked_from - 1)
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
    """The frames that a run must make.

    Args:
        current: of every frame whether it is there and what the schedule asks for.
        fresh: all are made, whatever is there.
    """
    first, last = scope.asked or (0, 0)
    return [index for index in range(*scope.own) if fresh or first <= index < last or not current[index]]


def frame_range(frames: tuple[int | None, int | None] | None, count: int) -> Range:
    """The half-open range that `--frames A:B` means, within the schedule.

    Raises:
        InputError: it is empty or lies outside.
    """
    begin, end = frames or (None, None)
    begin, end = begin or 0, count if end is None else end
    if not 0 <= begin < end <= count:
        raise InputError(f"--frames {begin}:{end}: expected A:B with 0 <= A < B <= {count}, the number of frames")
    return begin, end
