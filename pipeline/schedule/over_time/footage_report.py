"""What can be told of a schedule's footage before it is rendered: what is shown, what is cut off, where it ends."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.rates import exact
from pipeline.schedule.footage.clip import Clip
from pipeline.schedule.footage.playing import Playing
from pipeline.schedule.footage.still import largest_part
from pipeline.schedule.over_time.played import Played, played_in
from pipeline.schedule.sections.shots import Shot


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Footage of a schedule, and what is shown of it.

    Attributes:
        key: where it stands: "source" or "motion.flow".
        name: as the schedule writes it.
        size: (width, height) in pixels, as shown.
        seconds, pictures, fps: of a clip; None for a still.
        first, last: the lowest and the highest number of the pictures that are shown; None for a still.
        cut_off: the shares of its width and height that `fit: crop` cuts off.
        sound: whether the clip has sound.
        remarks: what is special about it.
    """

    key: str
    name: str
    size: tuple[int, int]
    seconds: float | None = None
    pictures: int | None = None
    fps: float | None = None
    first: int | None = None
    last: int | None = None
    cut_off: tuple[float, float] = (0.0, 0.0)
    sound: bool = False
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = ["×".join(map(str, self.size))]
        if self.seconds is not None and self.fps is not None:
            rate = exact(self.fps)
            fps = str(rate) if rate.denominator == 1 else f"{self.fps:.6g}"
            parts.append(f"{self.seconds:.4g} s, {self.pictures} pictures at {fps} per second")
            parts += ["with sound"] if self.sound else []
            parts.append(f"shows picture {self.first} to {self.last}" if self.first is not None else "not shown")
        for side, share in zip(("width", "height"), self.cut_off, strict=True):
            parts += [f"crop cuts off {share:.0%} of its {side}"] if round(share, 2) else []
        return f"{self.key}: {self.name}: {', '.join(parts)}"


def footage(shots: Sequence[Shot], times: Array, size: tuple[int, int]) -> list[Shown]:
    """All footage of a schedule, each clip and still once, in the order in which they are shown.

    Args:
        times: of the frames, in seconds.
        size: (width, height) of the frame.
    """
    found: dict[tuple[str, str], Shown] = {}
    for key, own in _all(shots, times):
        shown = _shown(key, own, size)
        known = found.get((key, shown.name))
        found[key, shown.name] = shown if known is None else _both(known, shown)
    return list(found.values())


def endings(shots: Sequence[Shot], times: Array) -> Iterator[tuple[str, int, str]]:
    """Yield the key of each clip that ends before its shot, the shot's number, and what to say."""
    for key, own in _all(shots, times):
        over, shows = own.over_at, own.part.shows
        if over is None or not isinstance(shows, Playing):
            continue
        then = "its last picture is held" if key == "source" else "nothing moves any more"
        where = f"{over:.4g} s" if len(shots) == 1 else f"{over:.4g} s of shot {own.number + 1}"
        yield key, own.number, f"'{shows.clip.name}' is over: {then} from {where} on; end: repeat or bounce goes on"


def _all(shots: Sequence[Shot], times: Array) -> Iterator[tuple[str, Played]]:
    starts = [shot.start for shot in shots]
    numbers = np.clip(np.searchsorted(starts, times, side="right") - 1, 0, None)
    sources = [shot.sections["source"] for shot in shots]
    motions = [shot.sections["motion"].flow for shot in shots]
    for key, parts in (("source", sources), ("motion.flow", motions)):
        for own in played_in(shots, parts, times, numbers):
            yield key, own


def _shown(key: str, own: Played, size: tuple[int, int]) -> Shown:
    shows = own.part.shows
    if not isinstance(shows, Playing):
        return Shown(key=key, name=shows.name, size=shows.size)
    clip: Clip = shows.clip
    numbers = own.numbers
    used = numbers if numbers is not None and len(numbers) else None
    wide, high = largest_part(clip.size, size) if own.part.fit == "crop" else (1.0, 1.0)
    return Shown(
        key=key,
        name=clip.name,
        size=clip.size,
        seconds=clip.length,
        pictures=len(clip),
        fps=float(clip.fps),
        first=None if used is None else int(used.min()),
        last=None if used is None else int(used.max()),
        cut_off=(1 - wide, 1 - high),
        sound=clip.has_sound,
        remarks=clip.remarks,
    )


def _both(one: Shown, other: Shown) -> Shown:
    """The same footage in two shots."""
    firsts = [shown.first for shown in (one, other) if shown.first is not None]
    lasts = [shown.last for shown in (one, other) if shown.last is not None]
    return replace(one, first=min(firsts, default=None), last=max(lasts, default=None))
