"""Frames around those that are shown, for ffmpeg's minterpolate, which needs neighbours; they are cut off again."""

from collections.abc import Sequence
from fractions import Fraction

from pipeline.video.recipe import Filter

_MARGIN = 4  # frames that minterpolate looks ahead, and one more


def with_margins(order: list[int], closed: bool, share: Fraction) -> tuple[list[int], int]:
    """Frames around those that are shown, since what makes up others needs neighbours, and how many to skip.

    Args:
        closed: they are those from the other end of a loop; else the outermost one stands.
        share: how many pictures become of one.
    """
    many = min(range(_MARGIN, _MARGIN + 12), key=lambda count: (abs(count * share - round(count * share)), count))
    round_ = order * (many // len(order) + 1)
    before, behind = (round_[-many:], round_[:many]) if closed else (order[:1] * many, order[-1:] * many)
    return [*before, *order, *behind], round(many * share)


def kept(filters: Sequence[Filter], skipped: int, count: int) -> tuple[Filter, ...]:
    """The filters, of which the one that makes up pictures is followed by keeping `count` after the first `skipped`.

    Not by `-frames:v`: until version 6, ffmpeg ends the sound, too, where the last picture goes into its encoder,
    seconds before that picture comes out.
    """
    made = next(place for place, (name, _) in enumerate(filters) if name == "minterpolate") + 1
    first: Filter = ("trim", {"start_frame": skipped})
    last: Filter = ("trim", {"end_frame": count})  # on the file's own clock, or the last picture is held for longer
    return (*filters[:made], first, ("setpts", {"expr": "PTS-STARTPTS"}), last, *filters[made:])
