"""The layout of a plot: sizes in inches from the top down, chosen so that no two texts overlap."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.views.plot.overview import Event
from render.errors import one_line

MOST_NAMES = 24  # prompts named in the legend
EVENT_ROW = 0.16
_TITLE, _NAME, _PROMPTS, _PANEL, _GAP, _AXIS, _NOTE = 0.36, 0.21, 1.3, 0.78, 0.1, 0.5, 0.18
_WIDTH, _LEFT, _RIGHT, _LETTER = 11.0, 1.95, 0.25, 0.078
_MOST_EVENT_ROWS = 4
PANEL_SHAPE = (_WIDTH - _LEFT - _RIGHT) / _PANEL  # width / height

Box = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The contents that a plot needs space for: rows of event names, names of prompts, panels and lines of notes."""

    event_rows: int
    names: int
    panels: int
    notes: Sequence[str]

    @property
    def name_rows(self) -> int:
        """The number of rows of prompt names, in two columns; if there are too many, the last entry counts the rest."""
        return math.ceil(min(self.names, MOST_NAMES) / 2)

    @property
    def width(self) -> float:
        return _WIDTH

    @property
    def height(self) -> float:
        return self._top + _PROMPTS + self.panels * (_PANEL + _GAP) + _AXIS + _NOTE * len(self.notes)

    @property
    def _top(self) -> float:
        """The upper edge of the prompts' axes."""
        return _TITLE + _NAME * self.name_rows + EVENT_ROW * self.event_rows + _GAP

    def boxes(self) -> Iterator[Box]:
        """The axes of the prompts, then of each panel: (left, bottom, width, height) as fractions of the figure."""
        bottom = self._top
        for number in range(1 + self.panels):
            height = _PANEL if number else _PROMPTS
            bottom += height + (_GAP if number else 0)
            yield (
                _LEFT / self.width,
                1 - bottom / self.height,
                1 - (_LEFT + _RIGHT) / self.width,
                height / self.height,
            )

    @property
    def title_at(self) -> float:
        return 1 - 0.55 * _TITLE / self.height

    def name_places(self) -> Iterator[tuple[float, float]]:
        """The positions of the prompts' names, column by column."""
        for number in range(min(self.names, MOST_NAMES)):
            column, row = divmod(number, self.name_rows)
            x = _LEFT + column * (self.width - _LEFT - _RIGHT) / 2
            yield x / self.width, 1 - (_TITLE + _NAME * (row + 0.5)) / self.height

    def note_places(self) -> Iterator[tuple[float, str]]:
        """The positions of the lines at the bottom, each with its text."""
        for number, note in enumerate(self.notes):
            yield (len(self.notes) - number - 0.3) * _NOTE / self.height, note


@dataclass(frozen=True, kw_only=True)
class EventName:
    """The name of an event, drawn above the prompts.

    Attributes:
        row: counted upwards.
        leftwards: the name ends at its line instead of starting there, so that it stays inside the picture.
    """

    event: Event
    text: str
    row: int
    leftwards: bool


def event_names(events: Sequence[Event], length: float) -> list[EventName]:
    """Arrange names in rows without overlaps; a name without enough space is left out, but its line is still drawn."""
    inch = length / (_WIDTH - _LEFT - _RIGHT)
    occupied: list[list[tuple[float, float]]] = [[] for _ in range(_MOST_EVENT_ROWS)]
    found = []
    for event in events:
        text = one_line(event.label, 24)
        long = (_LETTER * len(text) + 0.08) * inch
        leftwards = event.time + long > length
        begin = event.time - long if leftwards else event.time
        for row, names in enumerate(occupied):
            if all(begin + long <= other or end <= begin for other, end in names):
                names.append((begin, begin + long))
                found.append(EventName(event=event, text=text, row=row, leftwards=leftwards))
                break
    return found
