"""Notes of an import: what was assumed and what is not converted, sorted by how much it changes the picture."""

from collections.abc import Iterable, Iterator
from enum import IntEnum

_LISTED = 4


class Effect(IntEnum):
    """What a note is about, in order of the change to the picture, largest first."""

    READING = 0  # which part of the file was read
    MOTION = 1
    SIZE = 2  # also the number of frames and the frame rate
    PROMPTS = 3
    SOUND = 4
    LOOK = 5
    DETAIL = 6  # settings that are not converted, with a reason
    REST = 7  # settings that are not converted, without one


class Note(str):
    """A line of the report, tagged with its effect; a plain string counts as `Effect.LOOK`.

    Attributes:
        subject: what the note is about, if it can be merged with notes of the same reason; otherwise "".
        reason: what the note says about its subject; notes with the same reason are merged into one line.
    """

    __slots__ = ("effect", "reason", "subject")
    effect: Effect
    subject: str
    reason: str

    def __new__(cls, text: str, effect: Effect) -> "Note":
        note = super().__new__(cls, text)
        note.effect, note.subject, note.reason = effect, "", ""
        return note

    @classmethod
    def of(cls, subject: str, reason: str, effect: Effect) -> "Note":
        """Create a note that is merged with others of the same reason."""
        note = cls(f"'{subject}' {reason}", effect)
        note.subject, note.reason = subject, reason
        return note


class Notes:
    """The notes of one import in the order of adding; a repeated line is kept once."""

    def __init__(self, notes: Iterable[str] = ()) -> None:
        self._notes = dict.fromkeys(notes)

    def __iter__(self) -> Iterator[str]:
        return iter(self._notes)

    def add(self, line: str, effect: Effect | None = None) -> None:
        """Add a line; with an effect, it becomes a `Note` with that effect."""
        self._notes.setdefault(line if effect is None else Note(line, effect))

    def update(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.add(line)


def by_effect(notes: Iterable[str]) -> tuple[str, ...]:
    """Sort notes by effect, the largest change first, and merge those with the same reason. The sort is stable."""
    groups: dict[str, list[str]] = {}
    for note in dict.fromkeys(notes):
        reason = note.reason if isinstance(note, Note) else ""
        groups.setdefault(reason or note, []).append(note)
    return tuple(sorted(map(_joined, groups.values()), key=effect))


def effect(note: str, otherwise: Effect = Effect.LOOK) -> Effect:
    """The effect of a note; `otherwise` for a plain string."""
    return note.effect if isinstance(note, Note) else otherwise


NO_VIDEO = Note("no video is read", Effect.MOTION)
NO_PICTURES = Note("no pictures are read", Effect.PROMPTS)


def _joined(notes: list[str]) -> str:
    first = notes[0]
    if len(notes) == 1 or not isinstance(first, Note):
        return first
    subjects = [f"'{note.subject}'" for note in notes[:_LISTED] if isinstance(note, Note)]
    more = [f"{len(notes) - _LISTED} more"] if len(notes) > _LISTED else []
    return Note(f"{', '.join([*subjects, *more])}: each {first.reason}", first.effect)
