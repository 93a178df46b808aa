"""Read Deforum's settings of the mode 3D.

Source: deforum-art/sd-webui-deforum, scripts/deforum_helpers/animation.py and depth.py. near_schedule and far_schedule
    are planes that clip nothing there, so they move nothing.
"""

from collections.abc import Callable, Mapping

from pipeline.importers.diffusion_tools.flight import DepthMap, Flight, Flown, flown, read_moves
from pipeline.importers.frame import Screen, read_series
from pipeline.importers.notes import Effect, Notes
from pipeline.importers.settings import Settings, shown
from pipeline.importers.values.series import Series, constant

MIDAS, OTHERS = "midas-small", "depth-anything-v2-small"
BORDERS = {"border": "edge", "reflection": "reflect", "zeros": "black"}
_OLD_FAR = 50 / 19  # from Disco: MiDaS' number is taken from 50 and divided by 19


def read_flight(
    settings: Settings, screen: Screen, read: Callable[[str], Series], words: Mapping[str, str], notes: Notes
) -> Flown:
    """Read the camera and its depth.

    Args:
        read: reads one of Deforum's keyframe strings.
        words: maps the names of numbers in its expressions to ours.
    """
    flight = Flight(
        moves=read_moves(settings, read, notes),
        fov=read_series(settings, "fov_schedule", "0: (70)", read, notes),
        aspect=_aspect(settings, screen, read, notes),
        words=words,
    )
    return flown(flight, screen, _depth_map(settings), notes)


def border(settings: Settings, notes: Notes) -> str:
    """Read the border of the mode 3D."""
    word = settings.text("padding_mode", "border").strip().lower()
    settings.read("border")
    if word not in BORDERS:
        notes.add(f"padding_mode {shown(word)}: expected one of {', '.join(BORDERS)}; edge is used", Effect.MOTION)
    return BORDERS.get(word, "edge")


def old_depth_map(weight: float, told: str) -> DepthMap:
    """The depth of Disco, and of Deforum before it had others: MiDaS and AdaBins, averaged."""
    model = MIDAS if weight > 0 else OTHERS
    return DepthMap(model=model, near=1.0, far=_OLD_FAR, told=told)


def _aspect(settings: Settings, screen: Screen, read: Callable[[str], Series], notes: Notes) -> Series:
    if settings.flag("aspect_ratio_use_old_formula"):
        settings.read("aspect_ratio_schedule")
        return constant(screen.size[0] / screen.size[1], screen.frames)
    if "aspect_ratio_schedule" not in settings:
        return constant(1.0, screen.frames)
    return read_series(settings, "aspect_ratio_schedule", "0: (1)", read, notes)


def _depth_map(settings: Settings) -> DepthMap | None:
    on = settings.flag("use_depth_warping", True)
    written = settings.text("depth_algorithm", "Midas-3-Hybrid").strip()
    weight = settings.number("midas_weight", 0.2)
    if not on:
        return None
    told = f"use_depth_warping: Deforum estimates depth by {shown(written)}"
    if "(old)" in written.lower():
        return old_depth_map(weight, told)
    return DepthMap(model=MIDAS if written.lower().startswith("midas") else OTHERS, near=1.0, far=2.0, told=told)
