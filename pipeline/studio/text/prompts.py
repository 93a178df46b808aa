"""Prompts as bands over time, and the pictures that guide the film, with the times in the text that place them."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from pipeline.schedule.document.document import Value
from pipeline.schedule.fields.clock import Noted
from pipeline.schedule.sections.guides import Guides
from pipeline.schedule.sections.prompts import Prompt, Prompts
from pipeline.studio.text.entries import Entry, entries, id_of
from pipeline.studio.text.opened import Opened
from pipeline.studio.text.view import Edge, GuideView, PromptView

_ALWAYS = "it lasts for the whole film or shot"


def prompts(opened: Opened) -> tuple[PromptView, ...]:
    """All prompts of all shots, in order."""
    return tuple(
        band
        for noted in opened.noted
        if isinstance(noted.result, Prompts)
        for band in (_scenes(opened, noted) if noted.value.is_map else _layers(opened, noted))
    )


def _scenes(opened: Opened, noted: Noted) -> Iterator[PromptView]:
    """Scenes one after the other; those in a row that show the same are one band."""
    begin, length = noted.clock.start, noted.clock.length
    written = sorted(entries(noted.value, noted.clock), key=lambda entry: entry.at)
    scenes = list(zip(written, noted.result.layers, strict=True))
    runs = [list(run) for _, run in groupby(scenes, key=lambda scene: _same(scene[1]))]
    for number, run in enumerate(runs):
        first, last = run[0][0], run[-1][0]
        start = runs[number - 1][-1][0].at if number else 0.0
        end = runs[number + 1][0][0].at if number + 1 < len(runs) else length
        kinds = [("start", first), ("end", last)] if len(run) > 1 else [("start", first)]
        yield PromptView(
            text=run[0][1].text,
            track=0,
            start=begin + start,
            end=begin + end,
            fade_in=first.at - start if number else 0.0,
            fade_out=end - last.at if number + 1 < len(runs) else 0.0,
            weight=1.0,
            span=opened.span(first.value.node),
            edges=tuple(_edge(opened, noted, kind, entry) for kind, entry in kinds),
        )


def _same(prompt: Prompt) -> tuple[object, ...]:
    return prompt.text, prompt.image, id(prompt.region) if prompt.region else None


def _edge(opened: Opened, noted: Noted, kind: str, entry: Entry) -> Edge:
    why = opened.why_fixed(entry.key.node, opened.shot_of(noted.value))
    return Edge(
        id=id_of(noted, entry.number),
        kind=kind,
        time=noted.clock.start + entry.at,
        span=opened.span(entry.key.node),
        editable=not why,
        why=why,
    )


def _layers(opened: Opened, noted: Noted) -> Iterator[PromptView]:
    """Prompts that last throughout, each on a track of its own; the curve of its weight says how much it counts."""
    items = noted.value.items("layers") if noted.value.is_list else [noted.value]
    begin, end = noted.clock.start, noted.clock.start + noted.clock.length
    for track, (prompt, item) in enumerate(zip(noted.result.layers, items, strict=True)):
        yield PromptView(
            text=prompt.text,
            track=track,
            start=begin,
            end=end,
            fade_in=0.0,
            fade_out=0.0,
            weight=max((key.value for key in prompt.weight.keys), key=abs),
            span=opened.span(_text(item).node),
            edges=tuple(
                Edge(id=f"{item.path}.{kind}", kind=kind, time=at, span=None, editable=False, why=_ALWAYS)
                for kind, at in (("start", begin), ("end", end))
            ),
        )


def _text(item: Value) -> Value:
    inner = item.entries()
    return inner.get("text") or inner.get("image") or item


def guides(opened: Opened, folder: Path) -> tuple[GuideView, ...]:
    """The pictures that the film goes towards; paths are relative to `folder`."""
    return tuple(
        _guide(opened, noted, entry, folder)
        for noted in opened.noted
        if isinstance(noted.result, Guides)
        for entry in entries(noted.value, noted.clock)
    )


def _guide(opened: Opened, noted: Noted, entry: Entry, folder: Path) -> GuideView:
    guide = min(noted.result.images, key=lambda guide: abs(guide.time - entry.at))
    why = opened.why_fixed(entry.key.node)
    keys = guide.presence.keys
    return GuideView(
        id=id_of(noted, entry.number),
        path=relative(guide.picture.file.path, folder),
        time=guide.time,
        start=keys[0].time if keys[0].value == 0 else guide.time,
        end=keys[-1].time if keys[-1].value == 0 else noted.clock.length,
        span=opened.span(entry.key.node),
        editable=not why,
        why=why,
    )


def relative(path: Path, folder: Path) -> str:
    """A path relative to the opened folder, with `/`; only its name if it is elsewhere."""
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return path.name
