"""Draws the path of a camera from above: ahead is to the right of the page, and the camera's right is down."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from pipeline.curves.array import Array
from pipeline.schedule.schedule import Schedule

_ROOM = 0.12  # of the path's size, left around it


def draw_flight(axis: Axes, paths: Sequence[Array], schedule: Schedule) -> None:
    """Draw the path of every shot in the part of the time in which it lasts, all in one scale.

    Args:
        paths: see `pipeline.schedule.flight.paths`.
    """
    axis.set_yticks([])
    axis.set_facecolor("0.96")
    starts = [*(shot.start for shot in schedule.shots), schedule.output.length]
    for path, start, end in zip(paths, starts[:-1], starts[1:], strict=True):
        left, right = start / schedule.output.length, end / schedule.output.length
        inset = axis.inset_axes((left, 0.0, right - left, 1.0))
        _draw_path(inset, path, round(schedule.output.fps))


def _draw_path(axis: Axes, path: Array, each_second: int) -> None:
    ahead, right, heading = path[:, 2], path[:, 0], np.radians(path[:, 3])
    axis.plot(ahead, right, color="tab:blue", linewidth=1.2)
    dots = np.arange(0, len(path), max(1, each_second))
    axis.plot(ahead[dots], right[dots], "o", color="tab:blue", markersize=3)
    axis.quiver(
        ahead[dots],
        right[dots],
        np.cos(heading[dots]),
        -np.sin(heading[dots]),
        color="0.35",
        width=0.0022,
        scale=45,
        headwidth=4,
        zorder=3,
    )
    axis.set_aspect("equal", adjustable="datalim")
    axis.margins(_ROOM)
    axis.invert_yaxis()
    axis.tick_params(labelsize=6, length=2, direction="in", pad=-10)
    axis.set_yticks([])
