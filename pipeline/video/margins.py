"""Extra frames at both ends, which minterpolate needs as neighbours of the outermost ones, and their removal."""

from collections.abc import Sequence
from fractions import Fraction

from pipeline.video.recipe import Filter

_MARGIN = 4  # the frames that minterpolate looks ahead, plus one


def with_margins(order: list[int], is_loop: bool, share: Fraction) -> tuple[list[int], int]:
    """The order with extra frames at both ends, and how many interpolated pictures to skip at the start.

    Args:
        order: frame numbers in the order in which they are shown.
        is_loop: take the extra frames from the other end of the loop; otherwise repeat the outermost one.
        share: number of interpolated pictures per frame.
    """
    many = min(range(_MARGIN, _MARGIN + 12), key=lambda count: (abs(count * share - round(count * share)), count))
    rounds = order * (many // len(order) + 1)
    before, after = (rounds[-many:], rounds[:many]) if is_loop else (order[:1] * many, order[-1:] * many)
    return [*before, *order, *after], round(many * share)


def without_margins(filters: Sequence[Filter], skipped: int, count: int) -> tuple[Filter, ...]:
    """The filters, and after the interpolation ones that skip `skipped` pictures and keep the next `count`.

    `-frames:v` cannot be used for this: before version 6, ffmpeg also ends the sound when the last picture enters the
    encoder, seconds before that picture leaves it.
    """
    made = next(place for place, (name, _) in enumerate(filters) if name == "minterpolate") + 1
    first: Filter = ("trim", {"start_frame": skipped})
    last: Filter = ("trim", {"end_frame": count})  # after `setpts`, else the last picture would be shown for longer
    return (*filters[:made], first, ("setpts", {"expr": "PTS-STARTPTS"}), last, *filters[made:])
