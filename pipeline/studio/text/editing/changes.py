"""Changes of a text: what is replaced by what, and how to take it back."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.studio.text.source import Source
from render.errors import InputError


@dataclass(frozen=True, kw_only=True, order=True)
class Change:
    """Replaces the half-open range from `start` to `end` of a text by `insert`."""

    start: int = field(metadata={"json": "from"})
    end: int = field(metadata={"json": "to"})
    insert: str


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Changes in order of place, which do not overlap, in UTF-16 code units.

    Attributes:
        inverse: the changes of the new text that give the old one again.
        text: the new text.
    """

    changes: tuple[Change, ...]
    inverse: tuple[Change, ...]
    text: str


def changed(source: Source, changes: Iterable[Change]) -> Changes:
    """Apply changes, whose positions count code points of the text's body. Raises `InputError` if two overlap."""
    body, parts, last = source.body, [source.text[: len(source.text) - len(source.body)]], 0
    merged = _merged(changes, body)
    forward, back = [], []
    shift = 0
    for change in merged:
        parts += [body[last : change.start], change.insert]
        last = change.end
        start, end = source.offset(change.start), source.offset(change.end)
        forward.append(Change(start=start, end=end, insert=change.insert))
        size = _units(change.insert)
        back.append(Change(start=start + shift, end=start + shift + size, insert=body[change.start : change.end]))
        shift += size - (end - start)
    return Changes(changes=tuple(forward), inverse=tuple(back), text="".join([*parts, body[last:]]))


def _merged(changes: Iterable[Change], body: str) -> list[Change]:
    """The changes in order; those that touch become one, and those that change nothing are left out."""
    found: list[Change] = []
    for change in sorted(changes, key=lambda change: (change.start, change.end)):
        if found and change.start < found[-1].end:
            raise InputError("two of these edits change the same place")
        if found and change.start == found[-1].end:
            before = found.pop()
            change = Change(start=before.start, end=change.end, insert=before.insert + change.insert)
        found.append(change)
    return [change for change in found if change.insert != body[change.start : change.end]]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2
