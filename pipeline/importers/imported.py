"""The result of an import, before it is written as YAML."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.importers.files import Entry, File
from pipeline.importers.notes import Note, Notes
from pipeline.importers.prompts import Layer, Prompts, Scene
from pipeline.importers.sound import Sound
from pipeline.importers.values.keys import Keys

_SEPARATE = "guides"  # the section whose entries do not need each other


@dataclass(frozen=True, kw_only=True)
class Imported:
    """Another tool's settings, expressed as the parts of our schedule.

    Attributes:
        size: (width, height) in pixels, multiples of 8.
        frames: the number of frames.
        motion: maps each transform to its rate.
        center: (x, y) as shares of the picture; None for the middle.
        flow: the clip whose motion moves the picture, and how.
        refine: the settings of `refine:` that differ from the defaults.
        sections: other sections by name, each with its entries.
        sound: the soundtrack of the video.
        notes: what was assumed and what is not converted, one line each.
    """

    tool: str
    size: tuple[int, int]
    fps: float
    frames: int
    seed: int
    prompts: Prompts
    motion: Mapping[str, Keys] = field(default_factory=dict)
    center: tuple[Keys, Keys] | None = None
    border: str = "reflect"
    flow: Mapping[str, Entry] = field(default_factory=dict)
    refine: Mapping[str, Keys | str] = field(default_factory=dict)
    sections: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)
    sound: Sound | None = None
    notes: tuple[str, ...] = ()

    def with_files(self, settings: Path, schedule: Path) -> "Imported":
        """Replace the files by their paths in the folder `schedule`; what needs one that cannot be used is left out.

        Args:
            settings: the folder of the settings file.
        """
        notes = Notes(self.notes)

        def placed(entry: Entry) -> Entry | None:
            if isinstance(entry, File):
                path = entry.beside(settings, schedule)
                if isinstance(path, Note):
                    notes.update([path])
                    return None
                return json.dumps(path, ensure_ascii=False)
            if not isinstance(entry, Mapping):
                return entry
            return _without_missing({name: (value, placed(value)) for name, value in entry.items()})

        found = {name: placed(section) for name, section in self.sections.items() if name != _SEPARATE}
        apart = {name: placed(entry) for name, entry in self.sections.get(_SEPARATE, {}).items()}
        found[_SEPARATE] = {name: entry for name, entry in apart.items() if entry is not None} or None
        prompts = tuple(_with_region(prompt, placed) for prompt in self.prompts)
        return replace(
            self,
            sections={name: section for name, section in found.items() if isinstance(section, Mapping)},
            prompts=prompts,
            notes=tuple(notes),
        )


def _without_missing(entries: Mapping[str, tuple[Entry, Entry | None]]) -> Mapping[str, Entry] | None:
    """The entries whose files are there; None if one that is needed is not."""
    found: dict[str, Entry] = {}
    for name, (given, placed) in entries.items():
        if placed is not None:
            found[name] = placed
        elif not (isinstance(given, File) and given.optional):
            return None
    return found


def _with_region(prompt: Scene | Layer, placed: Callable[[Entry], Entry | None]) -> Any:
    if isinstance(prompt, Scene) or prompt.region is None:
        return prompt
    return replace(prompt, region=placed(prompt.region))
