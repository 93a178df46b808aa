"""Write an imported schedule as YAML that people can read and edit."""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence

from pipeline.importers.files import Entry, File
from pipeline.importers.imported import Imported
from pipeline.importers.notes import Effect, effect
from pipeline.importers.prompts import Layer, Prompts, Scene
from pipeline.importers.settings import single_line
from pipeline.importers.values.keys import FORMULA, FRAME, Keys, number

_PLAIN = re.compile(r"[-+]?[0-9][0-9.e+-]*(%?/frame)?|true|false")
_WIDTH = 116


def write(imported: Imported, origin: str, track: str | None = None) -> str:
    """Write the text of the schedule.

    Args:
        origin: the name of the settings file, for the comment at the top.
        track: the path of the soundtrack.
    """
    width, height = imported.size
    clock = f"fps: {number(imported.fps)}, length: {imported.frames}"
    details = [notes for notes in imported.notes if effect(notes) >= Effect.DETAIL]
    lines = [
        *_comment(f"Imported by `render import` from {imported.tool}: {single_line(origin)}"),
        *(line for notes in imported.notes if notes not in details for line in _comment(notes, "- ")),
        *(["# - settings that are not converted are listed at the end of this file"] if details else []),
        "version: 1",
        f"output: {{size: [{width}, {height}], {clock}, seed: {imported.seed}}}",
        *_music(imported, track),
        "models: {latent: embedded, perceptors: [embedded]}",
        *(["let:", f"  {FRAME}: {FORMULA}  # the number of the frame being rendered"] if _uses_frame(imported) else []),
        "prompts:",
        *_prompts(imported.prompts),
        *_motion(imported),
        *_section("refine", imported.refine),
        *(line for name, entries in imported.sections.items() for line in _section(name, entries)),
        *(["# Settings that are not converted:"] if details else []),
        *(line for notes in details for line in _comment(notes, "- ")),
    ]
    return "\n".join(lines) + "\n"


def _music(imported: Imported, track: str | None) -> list[str]:
    if track is None or imported.sound is None:
        return []
    start = f", start: {number(imported.sound.start)}s" if imported.sound.start else ""
    return [f"music: {{file: {_quoted(track)}{start}}}"]


def _uses_frame(imported: Imported) -> bool:
    curves = [*imported.motion.values(), *imported.sections.get("camera", {}).values()]
    written = [key.value for keys in curves if isinstance(keys, tuple) for key in keys]
    return any(re.search(rf"\b{FRAME}\b", text) for text in written)


def _comment(text: str, bullet: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=f"# {bullet}",
        subsequent_indent=f"# {' ' * len(bullet)}",
        break_on_hyphens=False,
    )


def _prompts(prompts: Prompts) -> Iterator[str]:
    for prompt in prompts:
        if isinstance(prompt, Scene):
            yield f"  {prompt.frame}: {_scene(prompt)}"
        else:
            yield from _layer(prompt)


def _scene(scene: Scene) -> str:
    if scene.fades or scene.frame == 0:
        return _quoted(scene.text)
    return f"{{text: {_quoted(scene.text)}, ease: hold}}"


def _layer(layer: Layer) -> Iterator[str]:
    yield f"  - text: {_quoted(layer.text)}"
    yield from _entry("weight", layer.weight, indent="    ")
    if layer.stop is not None:
        yield from _entry("stop", layer.stop, indent="    ")
    if layer.region is not None:
        yield from _entry("region", layer.region, indent="    ")


def _motion(imported: Imported) -> Iterator[str]:
    moves = imported.motion or imported.flow or "camera" in imported.sections
    if not moves and imported.center is None:
        return
    yield "motion:"
    for name, keys in imported.motion.items():
        yield from _entry(name, keys)
    if imported.center is not None:
        yield f"  center: [{', '.join(_flow(keys) for keys in imported.center)}]"
    if imported.flow:
        yield from _entry("flow", imported.flow)
    yield f"  border: {imported.border}"


def _section(name: str, entries: Mapping[str, Entry]) -> Iterator[str]:
    if entries:
        yield f"{name}:"
    for key, value in entries.items():
        yield from _entry(key, value)


def _entry(name: str, value: Entry, indent: str = "  ") -> Iterator[str]:
    """Write a setting: a word, a number, or a map of frames below its name."""
    if not isinstance(value, tuple):
        yield f"{indent}{name}: {_flow(value)}"
    elif len(value) == 1:
        yield f"{indent}{name}: {_value(value[0].value)}"
    else:
        yield f"{indent}{name}:"
        yield from (f"{indent}  {entry}" for entry in _entries(value))


def _entries(keys: Keys) -> Sequence[str]:
    return [
        f"{key.frame}: {{to: {_value(key.value)}, ease: hold}}" if key.hold else f"{key.frame}: {_value(key.value)}"
        for key in keys
    ]


def _flow(entry: Entry) -> str:
    """Write an entry on one line."""
    assert not isinstance(entry, File)
    if isinstance(entry, str):
        return entry
    if isinstance(entry, Mapping):
        return f"{{{', '.join(f'{name}: {_flow(value)}' for name, value in entry.items())}}}"
    return _value(entry[0].value) if len(entry) == 1 else f"{{{', '.join(_entries(entry))}}}"


def _value(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
