"""Read another tool's settings file within size limits. The file is not trusted: nothing in it is run."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.importers.notations import notations
from pipeline.importers.notations.encodings import EncodingError, decoded
from pipeline.importers.notations.notations import MAX_SCRIPT, Found, NotationError
from pipeline.storage.did_you_mean import unreadable
from render.errors import InputError
from render.files.bounded import TooLargeError, read_bounded, read_stream

__all__ = ["MAX_BYTES", "MAX_SCRIPT", "STANDARD_INPUT", "Source", "read_source"]
MAX_BYTES = 16_000_000  # a rendered Parseq manifest of some ten minutes
STANDARD_INPUT = Path("-")
_TOO_DEEP = (RecursionError, MemoryError)


class TrackedSettings(Mapping[str, Any]):
    """Settings that record which names were looked up."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)
        self.names: dict[str, None] = {}

    @property
    def unseen(self) -> Mapping[str, Any]:
        """The values, to be read without a record of it."""
        return self._values

    def __getitem__(self, name: str) -> Any:
        self.names[name] = None
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A settings file.

    Attributes:
        name: the name of the file, for messages.
        text: the whole text.
        settings: the values by name; empty if the file is a command line or anything else.
        script: the part that could be shell commands: the whole text, or what a notebook's cells run.
        notebook: whether `script` comes from a notebook's cells, whose variables are Python's.
        notes: what was assumed while reading it.
        lacking: why the text could not be read in some notations.
        caveats: notes by name of the setting, reported only if a format asks for it.
        folder: where the schedule will be written.
    """

    name: str
    text: str
    settings: Mapping[str, Any]
    script: str = ""
    notebook: bool = False
    notes: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    caveats: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path()

    @property
    def own_folder(self) -> Path:
        """Where the settings file is."""
        return Path(self.name).parent

    def error(self, message: str) -> InputError:
        return InputError(f"{self.name}: {message}")

    @property
    def known(self) -> Mapping[str, Any]:
        """The settings, to be read without a record of which were looked up."""
        return self.settings.unseen if isinstance(self.settings, TrackedSettings) else self.settings

    def relevant_caveats(self) -> tuple[str, ...]:
        """The caveats of the settings that a format has asked for so far."""
        names = self.settings.names if isinstance(self.settings, TrackedSettings) else {}
        return tuple(self.caveats[name] for name in names if name in self.caveats)


def read_source(path: Path) -> Source:
    """Read a settings file; `-` is standard input.

    Raises:
        InputError: it cannot be read, is not text, is broken JSON, or is too large or too deeply nested for settings.
    """
    name = "<stdin>" if path == STANDARD_INPUT else str(path)
    try:
        text = decoded(_bytes(path, name))
        found = notations.read(text, path.suffix.lower())
    except (EncodingError, NotationError) as error:
        raise InputError(f"{name}: {error}") from error
    except _TOO_DEEP:
        raise InputError(f"{name}: nested too deeply") from None
    return _source(name, text, found)


def _source(name: str, text: str, found: Found) -> Source:
    return Source(
        name=name,
        text=text,
        settings=TrackedSettings(found.settings),
        script=found.script[:MAX_SCRIPT],
        notebook=found.notebook,
        notes=found.notes,
        lacking=found.lacking,
        caveats=found.caveats,
    )


def _bytes(path: Path, name: str) -> bytes:
    try:
        if path == STANDARD_INPUT:
            return read_stream(sys.stdin.buffer, MAX_BYTES)
        return read_bounded(path, MAX_BYTES)
    except TooLargeError as error:
        raise InputError(f"{name}: {error}; is this a settings file?") from error
    except OSError as error:
        raise InputError(f"{name}: {unreadable(path, error)}") from error
