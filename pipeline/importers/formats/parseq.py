"""Import Parseq's manifest: the rendered frames that it passes to Deforum.

The mode is not in the file: it is 3D if fields move that only 3D has, and none that only 2D has. The manifest has
numbers for every frame, which are used unchanged. As Deforum does by default (`parseq_use_deltas`), the `_delta` of a
field is used for motion.

Source: rewbs/sd-parseq, src/parseq-renderer.ts; deforum-art/sd-webui-deforum, parseq_adapter.py.
    Convention: see `pipeline.importers.formats.deforum`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.importers.diffusion_tools.deforum_flight import MIDAS
from pipeline.importers.diffusion_tools.flight import FIELDS, DepthMap, Flight, Flown, flown
from pipeline.importers.frame import Camera, Screen, pixel_center
from pipeline.importers.imported import Imported
from pipeline.importers.notations.source import Source
from pipeline.importers.notes import Notes
from pipeline.importers.prompts import NEGATIVE, Prompts, layers, split_weight, with_placeholder, without_markup
from pipeline.importers.settings import Settings
from pipeline.importers.values.arithmetic import UnreadableError
from pipeline.importers.values.keys import Keys
from pipeline.importers.values.series import LARGEST, MAX_FRAMES, Series, constant

TOOL = "Parseq"
NEEDS = "rendered_frames"
_SIZE = 512
_MOVES = {"zoom": 1.0, "angle": 0.0, "translation_x": 0.0, "translation_y": 0.0}
_MOVES_3D = dict.fromkeys(FIELDS, 0.0)
_LENS = {"fov": 70.0}
_ONLY_2D, _ONLY_3D = ("zoom", "angle"), tuple(name for name in FIELDS if name not in _MOVES)
_ALSO = {"frame", "deforum_prompt", "seed"}
_CLIPS = {"near", "far"}  # which move nothing in Deforum
_REASONS = {
    "keyframes": "the frames that Parseq rendered from them are converted",
    "prompts": "the prompts that Parseq rendered from them are converted",
    "timeSeries": "the frames that Parseq rendered from them are converted",
}


def recognises(source: Source) -> bool:
    return "rendered_frames" in source.settings or source.settings.keys() >= {"keyframes", "managedFields"}


def convert(source: Source) -> Imported:
    """Convert the settings as described in the module's docstring. Raises `InputError`."""
    settings = Settings(source, TOOL)
    notes = Notes([f"the file has no size and no border; Deforum's defaults, {_SIZE}x{_SIZE} and edge, are used"])
    rows = _rows(settings)
    given = settings.structured("options")
    options = Settings(source, f"{TOOL}: options", given if isinstance(given, Mapping) else {})
    fps = options.number("output_fps", 20, 0.1, 240)
    try:
        screen = Screen(size=(_SIZE, _SIZE), fps=fps, frames=len(rows))
        deep = _is_3d(rows)
        flight = _flight(rows, screen, notes) if deep else Flown()
        motion = {} if deep else _flat(rows, screen)
        prompts = _prompts(rows, notes)
    except UnreadableError as error:
        raise settings.error("rendered_frames", str(error)) from None
    middle = pixel_center(constant(0.5, len(rows)), _SIZE)
    notes.update(_left_out(rows, {*_MOVES_3D, *_LENS, *_CLIPS} if deep else set(_MOVES)))
    return Imported(
        tool=TOOL,
        size=(_SIZE, _SIZE),
        fps=fps,
        frames=len(rows),
        seed=_seed(rows, notes),
        prompts=prompts,
        motion=motion,
        center=(middle, middle) if motion else None,
        border="edge",
        sections=flight.sections,
        notes=(*notes, *settings.not_converted(_REASONS), *(f"options: {line}" for line in options.not_converted({}))),
    )


def _rows(settings: Settings) -> list[Mapping[str, Any]]:
    """The rendered frames in order, one for each frame number; a missing frame repeats the one before it."""
    rendered = settings.structured("rendered_frames")
    settings.read("rendered_frames_meta")
    if not isinstance(rendered, list) or not rendered:
        raise settings.error(
            "rendered_frames", "expected a list of frames; press Render in Parseq and export the result"
        )
    found: dict[int, Mapping[str, Any]] = {}
    for number, row in enumerate(rendered):
        frame = row.get("frame") if isinstance(row, Mapping) else None
        if not isinstance(frame, int) or isinstance(frame, bool) or not 0 <= frame < MAX_FRAMES:
            raise settings.error(f"rendered_frames[{number}]", f"expected a frame from 0 to {MAX_FRAMES:,}")
        found[frame] = row
    if 0 not in found:
        raise settings.error("rendered_frames", "frame 0 is missing")
    last = found[0]
    rows = []
    for frame in range(max(found) + 1):
        last = found.get(frame, last)
        rows.append(last)
    return rows


def _is_3d(rows: list[Mapping[str, Any]]) -> bool:
    def moves(name: str, neutral: float) -> bool:
        return bool((_column(rows, name, neutral).values[1:] != neutral).any())

    return any(moves(name, 0.0) for name in _ONLY_3D) and not any(moves(name, _MOVES[name]) for name in _ONLY_2D)


def _flat(rows: list[Mapping[str, Any]], screen: Screen) -> dict[str, Keys]:
    columns = {name: _column(rows, name, neutral) for name, neutral in _MOVES.items()}
    camera = Camera(
        screen=screen,
        names={},
        zoom=columns["zoom"],
        angle=columns["angle"],
        right=columns["translation_x"],
        down=columns["translation_y"],
    )
    return camera.rates()


def _flight(rows: list[Mapping[str, Any]], screen: Screen, notes: Notes) -> Flown:
    """The camera and its depth, with Deforum's defaults for what is not in the file."""
    flight = Flight(
        moves={name: _column(rows, name, neutral) for name, neutral in _MOVES_3D.items()},
        fov=_column(rows, "fov", _LENS["fov"]),
        aspect=constant(1.0, screen.frames),
        words={},
    )
    told = "the mode 3D is assumed, and that depth warping is on, as by default: Deforum estimates depth by MiDaS"
    return flown(flight, screen, DepthMap(model=MIDAS, near=1.0, far=2.0, told=told), notes)


def _column(rows: list[Mapping[str, Any]], name: str, neutral: float) -> Series:
    """The values that Deforum uses for motion in every frame: the delta if Parseq wrote one."""
    field = f"{name}_delta" if f"{name}_delta" in rows[0] else name
    if field not in rows[0]:
        return constant(neutral, len(rows))
    try:
        values = np.array([_float(row.get(field, neutral)) for row in rows])
    except (TypeError, ValueError, OverflowError):
        raise UnreadableError(f"{field}: expected a number in every frame") from None
    unsound = ~(np.abs(values) <= LARGEST)
    if unsound.any():
        raise UnreadableError(f"{field}: is not a usable number at frame {int(unsound.argmax())}")
    return Series(values=values)


def _float(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    return float(value)


def _prompts(rows: list[Mapping[str, Any]], notes: Notes) -> Prompts:
    frames = [_weights(str(row.get("deforum_prompt") or ""), notes) for row in rows]
    if not any("deforum_prompt" in row for row in rows):
        raise UnreadableError("no deforum_prompt; write the prompts in Parseq and render again")
    blank = next((frame for frame, weights in enumerate(frames) if not weights), None)
    if blank is not None:
        stand_in = with_placeholder({}, 1.0, f"deforum_prompt: frame {blank}", notes)
        frames = [weights or stand_in for weights in frames]
    if any(weight < 0 for weights in frames for weight in weights.values()):
        notes.add(NEGATIVE)
    return layers(frames)


def _weights(prompt: str, notes: Notes) -> dict[str, float]:
    """Map the texts of a frame to weights: parts joined by AND have their own, those after --neg are negative."""
    wanted, _, unwanted = prompt.partition("--neg")
    found: dict[str, float] = {}
    for half, sign in ((wanted, 1.0), (unwanted, -1.0)):
        parts = half.split(" AND ")
        for part in parts:
            text, weight = split_weight(part) if parts[1:] else (part, 1.0)
            words = without_markup(text, notes)
            if words:
                found[words] = found.get(words, 0.0) + sign * weight
    return found


def _seed(rows: list[Mapping[str, Any]], notes: Notes) -> int:
    seed = rows[0].get("seed", 0)
    if len({str(row.get("seed")) for row in rows}) > 1:
        notes.add("seed: changes over time in Parseq; every frame derives its random numbers from the first one")
    return int(seed) if isinstance(seed, int | float) and 0 <= seed < 2**63 else 0


def _left_out(rows: list[Mapping[str, Any]], converted: set[str]) -> list[str]:
    """A line for every rendered field that is not converted."""
    fields = [name for name in rows[0] if not name.endswith(("_delta", "_pc"))]
    left = [name for name in fields if name not in converted | _ALSO]
    return [f"rendered_frames: {name}: a Deforum setting without a counterpart here" for name in left]
