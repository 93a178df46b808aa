"""What of a run is to be rendered, and from where: worked out of frame numbers alone.

A frame that is missing is reached from the nearest state before it, and nothing after it is rendered that is there.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from render.errors import InputError

Range = tuple[int, int]


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


def plan(shots: Iterable[Range], missing: Collection[int], states: Collection[int], anew: int | None) -> list[Stretch]:
    """The stretches that make the missing frames, in order; each ends with a frame that is missing.

    Args:
        shots: half-open ranges of frames, each of which starts from noise; ascending.
        missing: the frames to be made.
        states: the frames after which there is a state that may be used.
        anew: the first frame that is asked for anew; states from there on are not used.
    """
    stretches: list[Stretch] = []
    wanted, kept = sorted(missing), sorted(states, reverse=True)
    for begin, end in shots:
        after, found = begin, len(stretches)
        for index in (index for index in wanted if begin <= index < end):
            newest = index if anew is None else min(index, anew - 1)
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


def missing_frames(current: Sequence[bool], begin: int, end: int, asked: Range | None, fresh: bool) -> list[int]:
    """Which frames of [begin, end) a run must make.

    Args:
        current: of every frame whether it is there and what the schedule asks for.
        asked: frames that are made anew even so.
        fresh: all are.
    """
    first, last = asked or (end, end)
    return [index for index in range(begin, end) if fresh or first <= index < last or not current[index]]


def frame_range(frames: tuple[int | None, int | None] | None, count: int) -> Range:
    """The half-open range that `--frames` means, within the schedule.

    Raises:
        InputError: it is empty or lies outside.
    """
    begin, end = frames or (None, None)
    begin, end = begin or 0, count if end is None else end
    if not 0 <= begin < end <= count:
        raise InputError(f"--frames {begin}:{end}: expected A:B with 0 <= A < B <= {count}, the number of frames")
    return begin, end
