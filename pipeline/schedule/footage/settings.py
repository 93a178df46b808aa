"""The keys of a map that plays a clip, in `source:` and in `motion: {flow: ...}`, and their reader."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import PurePath
from typing import Any

from pipeline.curves.curve import Curve
from pipeline.curves.rates import exact
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.colours import colour
from pipeline.schedule.fields.frame_rate import frames_per_second
from pipeline.schedule.fields.keyframes import curve
from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.shapes import Setting, about, described
from pipeline.schedule.footage import files, sequence
from pipeline.schedule.footage.clip import Clip
from pipeline.schedule.footage.moment import Moment, moment
from pipeline.schedule.footage.playing import ENDS, Playing

FASTEST = 100.0
NONE = "none"
"""What a shot writes that does without the footage of the top."""


@described(about(fields.TEXT, sequence.EXPECTED))
def _unread(value: Value, clock: Clock) -> Value:
    return value  # its pictures' times need `fps`


VIDEO = Setting(
    name="video",
    read=described(about(fields.TEXT, "a path beside the schedule"))(files.video),
    default=None,
    about="a video beside the schedule: its path; any container and codec in common use",
)
IMAGES = Setting(
    name="images",
    read=_unread,
    default=None,
    about="numbered pictures instead, such as `frames/*.png` or `frames/%04d.png`, in the order of their numbers",
)
FPS = Setting(
    name="fps",
    read=frames_per_second(),
    default=None,
    about="how many of the numbered pictures are shown per second; by default `output.fps`, so that every frame shows "
    "the next one",
)
FROM = Setting(
    name="from",
    read=moment,
    default=None,
    about="where the clip begins: `2s`, `1:30.5`, `48f` (its picture 48, from 0), `50%`, `end-2s`; by default its "
    "first picture",
)
SPEED = Setting(
    name="speed",
    read=curve(number(-FASTEST, FASTEST)),
    default=Curve.constant(1.0),
    about="how fast it plays: 0 stands still, negative numbers play backwards",
)
END = Setting(
    name="end",
    read=fields.choice(ENDS, "end"),
    default="hold",
    about="what comes after its last picture: `hold` keeps it, `repeat` begins again at `from`, `bounce` plays back "
    "and forth; played backwards, it ends at its first picture",
)
BACKGROUND = Setting(
    name="background",
    read=colour,
    default="#000000",
    about="the colour around it if it is padded, and behind transparency",
)
PLAYING = (VIDEO, IMAGES, FPS, FROM, SPEED, END)
CLIPS = ("video", "images")


def readers(entries: tuple[Setting, ...]) -> dict[str, fields.Reader]:
    """The reader of each setting, by name."""
    return {entry.name: entry.read for entry in entries}


def require_none(value: Value, expected: str, kinds: tuple[str, ...]) -> None:
    """Accept the word `none` alone; of a path, say how it is written as a map.

    Raises:
        InvalidError: it is something else.
    """
    found = value.scalar(expected)
    if found == NONE:
        return
    suffix = PurePath(str(found)).suffix.lower()
    kind = ("images" if "*" in str(found) else "image") if suffix in files.PICTURES else "video"
    if suffix and kind in kinds and isinstance(found, str):
        raise InvalidError(value, f"expected {expected}: write {{{kind}: {found}}}")
    raise value.invalid(expected)


def chosen(value: Value, kinds: tuple[str, ...], example: str) -> str:
    """Which of the kinds of footage a map names. Raises `InvalidError` if it is not exactly one."""
    given = [name for name in value.entries() if name in kinds]
    if len(given) > 1:
        raise InvalidError(value.entries()[given[1]], f"there is '{given[0]}' already; remove one of them")
    if not given:
        raise InvalidError(value, f"expected one of {', '.join(kinds)}, such as {example}")
    return given[0]


def playing(read: Mapping[str, Any], value: Value, clock: Clock, goes_on: bool) -> Playing | None:
    """The clip of a map that was read with `PLAYING`; None if it is invalid, which has been collected."""
    clip = _clip(read, value, clock)
    if clip is None:
        return None
    for remark in clip.remarks:
        clock.warn(value.entries()["images" if clip.numbered else "video"], remark)
    at: Moment | None = read.get("from")
    with value.problems.collecting():
        return Playing(
            clip=clip,
            begin=at.number(clip) if at is not None else 0,
            speed=read.get("speed", SPEED.default),
            end=read.get("end", END.default),
            goes_on=goes_on,
        )
    return None


def _clip(read: Mapping[str, Any], value: Value, clock: Clock) -> Clip | None:
    if "images" not in read:
        found: Clip | None = read.get("video")
        if "fps" in read and found is not None:
            clock.warn(value.entries()["fps"], "has no effect: a video has a rate of its own; see speed")
        return found
    with value.problems.collecting():
        fps: Fraction = exact(read.get("fps", clock.fps))
        return files.images(read["images"], fps)
    return None
