"""`include:` of shared fragments: other YAML files whose entries fill in those that the schedule lacks."""

import copy
from pathlib import Path

import yaml

from pipeline.schedule.document.document import Value, compose
from pipeline.schedule.document.overrides import key_name, merged_under
from pipeline.schedule.document.paths import resolve
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.document.sources import read_text, stamp, with_root
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.shapes import about, list_of, one_of
from pipeline.schedule.sections import Section, replaced_as_a_whole, rivals
from render.errors import InputError

KEY = "include"
MAX_FILES = 32
MAX_LENGTH = 300_000  # in characters, of all included files together


_EXPECTED = "the path of a YAML file beside this one such as look.yaml, or a list of them"
_NO_CLOCK = Clock(fps=1.0, length=0.0, known=False)  # with `known=False`, warnings are dropped


def included(document: Value) -> Value:
    """The document, with missing entries filled in from the files that it includes.

    A section that is a map is merged entry by entry. If several sources set an entry, the schedule takes precedence
    over the files, and a file over those listed before it and over those that it includes itself.

    Raises:
        InputError: a file cannot be read.
        ScheduleError: a file is not YAML.
    """
    if KEY not in document.entries():
        return document
    folder = Path(document.problems.file).parent
    reader = _Reader(folder, Path(document.problems.file))
    return with_root(document, reader.merged(document, ()))


class _Reader:
    """Reads files that include each other, and limits their number and size."""

    def __init__(self, folder: Path, first: Path) -> None:
        self._folder = folder
        self._first = first.resolve()
        self._count = self._length = 0
        self._whole, self._rivals = replaced_as_a_whole(), rivals()

    def merged(self, document: Value, around: tuple[Path, ...]) -> yaml.Node:
        """The root of the document merged with everything it includes; `around` are the files that include it."""
        own = document.node
        with document.problems.collecting():
            for value in reversed(_values(document)):
                with document.problems.collecting():
                    own = merged_under(own, self._fragment(value, around), self._whole, self._rivals)
        changed = copy.copy(own)
        changed.value = [(key, value) for key, value in own.value if key_name(key) != KEY]
        return changed

    def _fragment(self, value: Value, around: tuple[Path, ...]) -> yaml.Node:
        written = fields.text(value, _NO_CLOCK)
        try:
            path = resolve(written, self._folder, value.problems.allow_paths)
            if path in (self._first, *around):
                raise ValueError(f"'{written}' includes itself")
            self._count += 1
            if self._count > MAX_FILES:
                raise ValueError(f"more than {MAX_FILES} files are included")
            text = read_text(path)
            self._length += len(text)
            if self._length > MAX_LENGTH:
                raise ValueError(f"the included files have more than {MAX_LENGTH:,} characters")
        except (ValueError, InputError) as error:
            raise InvalidError(value, str(error)) from None
        name = str(self._folder / written)
        fragment = compose(text, name)
        if not fragment.is_map:
            raise InvalidError(value, f"expected a map of sections in '{written}'")
        stamp(fragment.node, name)
        nested = with_root(value, fragment.node)
        return self.merged(Value(nested.node, "", nested.problems), (*around, path))


def _values(document: Value) -> list[Value]:
    """The nodes of the paths."""
    value = document.entries().get(KEY)
    if value is None:
        return []
    value = Value(value.node, value.path, document.problems)
    if value.is_map or (value.is_list and not value.node.value):
        raise value.invalid(_EXPECTED)
    return value.items(_EXPECTED) if value.is_list else [value]


SECTION: Section[None] = Section(
    position=140,
    is_merged=False,
    can_vary=False,
    shape=lambda: about(
        one_of(fields.TEXT, list_of(fields.TEXT, MAX_FILES)),
        "YAML files whose entries fill in what the schedule does not set",
    ),
)
