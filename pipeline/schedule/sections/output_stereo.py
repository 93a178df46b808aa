"""`stereo`, `eyes` and `screen`: pictures for two eyes, in one file of `output.video` or, in `output:`, in all."""

from collections.abc import Mapping, Sequence
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


class File(HasStereo, Protocol):
    """What has a place, too; None if none is given."""

    @property
    def place(self) -> str | None: ...


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


def check_stereo(
    settings: HasStereo, videos: Sequence[File], deep: bool, entries: Mapping[str, Value], problems: Problems
) -> None:
    """Report settings without effect, and pictures for two eyes where a shot has no depth or a place shows only one.

    Args:
        settings: those of the section `output:`.
        videos: the files, with these settings filled in.
        deep: whether every shot has depth.
        entries: of the section.
    """
    files = [_entries(file) for file in _files(entries)]
    has_stereo = any(video.stereo for video in videos)
    if has_stereo and not deep:
        given = (found["stereo"] for found in (entries, *files) if "stereo" in found)
        problems.add(InvalidError(next(given), _NO_DEPTH))
    unused = [entries[name] for name in NAMES[1:] if getattr(settings, name) is not None and not has_stereo]
    for video, file in zip(videos, files, strict=False):  # without `video:` there is one, and nothing to report
        unused += [file[name] for name in NAMES[1:] if name in file and not video.stereo]
    for value in unused:
        problems.add(InvalidError(value, "has no effect without stereo: side_by_side, or anaglyph"))
    for video, value in zip(videos, _files(entries), strict=False):
        if video.place and video.stereo == SIDE_BY_SIDE:
            message = f"{video.place} shows one picture; remove place, or write anaglyph"
            problems.add(InvalidError(_entries(value).get("stereo", value), message))


def _files(entries: Mapping[str, Value]) -> list[Value]:
    """What is written for every file."""
    if "video" not in entries:
        return []
    video = entries["video"]
    return list(video.items("files")) if video.is_list else [video]


def _entries(file: Value) -> Mapping[str, Value]:
    return file.entries() if file.is_map else {}
