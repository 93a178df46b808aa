"""`stereo`, `eyes` and `screen`: pictures for two eyes, in one file of `output.video` or, in `output:`, in all."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError, Problems
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.quantities import number, share_from
from pipeline.schedule.fields.shapes import setting

SIDE_BY_SIDE, ANAGLYPH = "side_by_side", "anaglyph"
LAYOUTS = (SIDE_BY_SIDE, ANAGLYPH)
EYES, SCREEN = 0.063, 4.0
NAMES = ("stereo", "eyes", "screen")
_NO_DEPTH = "pictures for two eyes need depth in every shot: write depth: ground, or another depth, as well"


class HasStereo(Protocol):
    """What has the three settings; None for one that is not given."""

    @property
    def stereo(self) -> str | None: ...

    @property
    def eyes(self) -> float | None: ...

    @property
    def screen(self) -> float | None: ...


def stereo() -> Any:
    """The field of a dataclass that says how pictures for two eyes are laid out."""
    return setting(
        fields.choice(LAYOUTS, "layout"),
        None,
        "pictures for two eyes, made from `depth:`: `side_by_side`, twice as wide, for headsets and 3D screens, or "
        "`anaglyph`, for glasses that are red on the left and cyan on the right",
    )


def eyes() -> Any:
    """The field of a dataclass that says how far apart the eyes are."""
    return setting(
        share_from(0.0, 1.0),
        None,
        f"how far apart the eyes are, as a share of the distance 1; by default {EYES:.1%}: 6.3 cm if 1 is a metre",
    )


def screen() -> Any:
    """The field of a dataclass that says what lies in the screen."""
    return setting(
        number(0.1, 1e6),
        None,
        f"the distance of what seems to lie in the screen, by default {SCREEN:g}; nearer things stand out of it",
    )


def require_depth(
    settings: HasStereo, videos: Collection[HasStereo], deep: bool, entries: Mapping[str, Value], problems: Problems
) -> None:
    """Report settings that have no effect, and pictures for two eyes where a shot has no depth.

    Args:
        settings: those of the section `output:`.
        videos: the files, with these settings filled in.
        deep: whether every shot has depth.
        entries: of the section.
    """
    has_stereo = any(video.stereo for video in videos)
    if has_stereo and not deep:
        problems.add(InvalidError(_place("stereo", entries), _NO_DEPTH))
    for name in NAMES[1:]:
        if getattr(settings, name) is not None and not has_stereo:
            problems.add(InvalidError(entries[name], "has no effect without stereo: side_by_side, or anaglyph"))


def _place(name: str, entries: Mapping[str, Value]) -> Value:
    """Where a setting is given: in the section, or else for a file."""
    return next(_places(name, entries))


def _places(name: str, entries: Mapping[str, Value]) -> Iterator[Value]:
    if name in entries:
        yield entries[name]
    if "video" in entries:
        video = entries["video"]
        for one in video.items("files") if video.is_list else [video]:
            if one.is_map and name in one.entries():
                yield one.entries()[name]
        yield video
