"""Read WarpFusion's schedules: a list with a number for each frame, or a map of frames to numbers.

Source: Sxela/WarpFusion, get_scheduled_arg and get_sched_from_json: the last number of a list holds; the numbers of a
    map hold until the next, or blend if `blend_json_schedules` is on; before its first frame a map gives 0.
"""

from collections.abc import Mapping

import numpy as np

from pipeline.curves.array import Array
from pipeline.importers.settings import Settings, shown
from pipeline.importers.values.arithmetic import UnreadableError
from pipeline.importers.values.series import frame_keys, number_in


def scheduled(settings: Settings, name: str, default: float, frames: int, most: float) -> Array:
    """The number in every frame.

    Args:
        most: the largest number; the smallest is 0.

    Raises:
        InputError: it is neither a list nor a map of numbers, or a number is out of range.
    """
    written = settings.structured(name)
    blend = settings.flag("blend_json_schedules")
    try:
        values = _values(default if written is None else written, default, frames, blend)
    except UnreadableError as error:
        raise settings.error(name, str(error)) from None
    if not ((values >= 0) & (values <= most)).all():
        raise settings.error(name, f"expected numbers from 0 to {most:g}, got {shown(written)}")
    return values


def _values(written: object, default: float, frames: int, blend: bool) -> Array:
    if isinstance(written, Mapping):
        return _from_map(frame_keys({_frame(frame): value for frame, value in written.items()}), frames, blend)
    numbers = [number_in(value) for value in (written if isinstance(written, list | tuple) else [written])] or [default]
    held = numbers[:frames] + numbers[-1:] * (frames - len(numbers))
    return np.array(held, dtype=np.float64)


def _from_map(written: Mapping[int, float], frames: int, blend: bool) -> Array:
    keys = dict(sorted(written.items()))
    if not keys:
        raise UnreadableError("expected a frame and a number such as {0: 0.8}")
    at = np.arange(frames, dtype=np.float64)
    known, values = np.array(list(keys), dtype=np.float64), np.array(list(keys.values()))
    if blend:
        found = np.interp(at, known, values)
    else:
        found = values[np.maximum(np.searchsorted(known, at, side="right") - 1, 0)]
    return np.where(at < known[0], 0.0, found)


def _frame(written: object) -> object:
    text = str(written).strip()
    return int(text) if text.isdigit() and len(text) < 10 else written
