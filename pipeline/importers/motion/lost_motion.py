"""Write the note on motion that is not converted because the tool's animation mode has no counterpart here."""

import re
from collections.abc import Mapping

from pipeline.importers.notes import Effect, Note
from pipeline.importers.settings import Settings, shown, single_line

_KEY = re.compile(r"""\s*["']?[0-9]+["']?\s*:\s*\(*\s*([-+]?[0-9]*\.?[0-9]+)\s*\)*\s*""")
_NUMBER = re.compile(r"\(*\s*([-+]?[0-9]*\.?[0-9]+)\s*\)*")
_VIDEOS = ("Video Input", "Video Source")
_MODES = {
    **{"2d": "2D", "3d": "3D", "interpolation": "Interpolation", "none": "None"},
    **{name.lower(): name for name in _VIDEOS},
}


def animation_mode(settings: Settings, default: str = "2D") -> str:
    """The animation mode, in the tool's own spelling."""
    written = settings.text("animation_mode", default)
    return _MODES.get(" ".join(written.replace("_", " ").lower().split()), written.strip())


def lost_motion(settings: Settings, mode: str, fields: Mapping[str, float], also: str = "") -> Note:
    """Write a note that lists the fields of a mode that move the picture, with their values.

    Args:
        fields: the mode's schedules, each with the value at which it does nothing.
        also: anything else that moves the picture and is not a schedule of numbers.
    """
    if mode == "None":
        frames = settings.read("max_frames")
        instead = f" instead of max_frames = {shown(frames)}" if frames is not None else ""
        return Note(f"animation_mode None makes stills without motion; one frame is rendered{instead}", Effect.MOTION)
    moves = ", ".join(filter(None, (moving_fields(settings, fields), also)))
    what = f"not converted: {moves}" if moves else "nothing moves in these settings"
    return Note(f"animation_mode {single_line(mode)}: only 2D motion can be converted; {what}", Effect.MOTION)


def moving_fields(settings: Settings, fields: Mapping[str, float]) -> str:
    """List the schedules that have an effect, with their values, and mark all of them as read."""
    values = {name: settings.read(name) for name in fields}
    return ", ".join(
        f"{name} = {shown(value)}" for name, value in values.items() if not _stands_still(value, fields[name])
    )


def _stands_still(value: object, neutral: float) -> bool:
    """Whether a schedule is unset or has the neutral value at all of its keys."""
    if value is None or not str(value).strip():
        return True
    if isinstance(value, Mapping):
        return all(_stands_still(inside, neutral) for inside in value.values())
    whole = _NUMBER.fullmatch(str(value).strip())
    keys = [whole] if whole else [_KEY.fullmatch(part) for part in str(value).split(",") if part.strip()]
    return all(key is not None and float(key[1]) == neutral for key in keys)
