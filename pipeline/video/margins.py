"""Extra frames before the first and after the last one, since minterpolate needs neighbours; they are cut off again."""

from collections.abc import Sequence
from fractions import Fraction

from pipeline.video.recipe import Filter

_MARGIN = 4  # frames that minterpolate looks ahead, and one more


def with_margins(order: list[int], closed: bool, share: Fraction) -> tuple[list[int], int]:
    """The order with extra frames at both ends, and how many interpolated pictures to skip at the start.

    Args:
        closed: take the extra frames from the other end of the loop, else repeat the outermost one.
        share: interpolated pictures per frame.
    """
    many = min(range(_MARGIN, _MARGIN + 12), key=lambda count: (abs(count * share - round(count * share)), count))
    rounds = order * (many // len(order) + 1)
    before, after = (rounds[-many:], rounds[:many]) if closed else (order[:1] * many, order[-1:] * many)
    return [*before, *order, *after], round(many * share)


def kept(filters: Sequence[Filter], skipped: int, count: int) -> tuple[Filter, ...]:
    """The filters, where the interpolation is followed by filters that keep `count` pictures after the first `skipped`.

    Not by `-frames:v`: until version 6, ffmpeg ends the sound, too, where the last picture goes into its encoder,
    seconds before that picture comes out.
    """
    made = next(place for place, (name, _) in enumerate(filters) if name == "minterpolate") + 1
    first: Filter = ("trim", {"start_frame": skipped})
    last: Filter = ("trim", {"end_frame": count})  # after `setpts`, or the last picture would be shown for longer
    return (*filters[:made], first, ("setpts", {"expr": "PTS-STARTPTS"}), last, *filters[made:])
