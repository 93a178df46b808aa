"""The section `depth:`: how far away things are, so that near ones move faster than far ones when the camera drives."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.files import picture, video
from pipeline.schedule.fields.quantities import number, share_from
from pipeline.schedule.fields.readers import read_entry
from pipeline.schedule.fields.regions import VIDEOS
from pipeline.schedule.fields.shapes import Setting, about, described, one_of, section
from pipeline.schedule.sections import Reading, Section
from pipeline.schedule.sections.camera import DEFORUM, Camera
from render.errors import InputError, UnknownNameError, suggestion
from render.models import registry
from render.models.model import Model
from render.spec.camera import Depth
from render.spec.pictures import ImageFile

FLAT, GROUND = "flat", "ground"
_WORDS = (FLAT, GROUND)
_EXPECTED = "flat, ground, a model's name, or the path of a picture or video of depth"
_EVERY, _SMOOTH = 4, 0.5
_OF_MODELS = ("every", "smooth")
_UNUSED = {
    FLAT: ("horizon", "near", "far", *_OF_MODELS),
    GROUND: ("near", "far", *_OF_MODELS),
    "picture": _OF_MODELS,
    "video": _OF_MODELS,
}
_LIKE = 1.02  # factor between two shapes that count as the same
_ENOUGH = 512  # rows and columns in which colour is looked for
_COLOURED = 0.04  # mean difference between channels; JPEG and video colour grey by less


@dataclass(frozen=True, kw_only=True)
class _From:
    kind: str
    file: ImageFile | None = None
    model: str | None = None


@described(one_of({"enum": [*_WORDS, *registry.depths()]}, fields.TEXT), shown=lambda found: found.kind)
def _from(value: Value, clock: Clock) -> _From:
    name = fields.text(value, clock)
    if name in _WORDS:
        return _From(kind=name)
    if name in registry.depths() or name.startswith(registry.RANDOM):
        return _From(kind="model", model=_model(value, name))
    suffix = PurePath(name).suffix.lower()
    if not suffix:
        known = (*_WORDS, *registry.depths())
        raise InvalidError(
            value, f"unknown depth '{name}'; {suggestion(name, known, otherwise=f'expected {_EXPECTED}')}"
        )
    if suffix in VIDEOS:
        return _From(kind="video", file=video(value, clock))
    return _From(kind="picture", file=picture(value, clock))


def _model(value: Value, name: str) -> str:
    try:
        return registry.find_depth(name).name
    except UnknownNameError as error:
        raise InvalidError(value, str(error)) from error


SETTINGS = (
    Setting(
        name="from",
        read=_from,
        default=_From(kind=FLAT),
        about="`flat`: everything is equally far away; `ground`: a floor below the camera up to the horizon, and "
        "above it the sky; the path of a grey picture or video, where white is near; or a model that estimates it in "
        f"the frames: {', '.join(f'`{name}`' for name in registry.depths())}",
    ),
    Setting(
        name="horizon",
        read=share_from(0.02, 0.98),
        default=0.5,
        about="where the camera drives to, from the top: there is the horizon of the ground",
    ),
    Setting(
        name="near",
        read=number(1e-3, 1e6),
        default=1.0,
        about="the distance of what is white in a picture or video, or of the nearest thing that a model sees at first",
    ),
    Setting(
        name="far",
        read=number(1e-3, 1e6),
        default=10.0,
        about="the distance of what is black, or of the farthest thing that a model sees at first",
    ),
    Setting(
        name="every",
        read=fields.integer(1, 10_000),
        default=_EVERY,
        about="the frames after which a model estimates it again; in between it moves with the picture",
    ),
    Setting(
        name="smooth",
        read=share_from(0.0, 1.0),
        default=_SMOOTH,
        about="how much of what was known stays when a model estimates it again; 1 keeps its first estimate",
    ),
)
_SHAPE = one_of(fields.TEXT, section("depth", "how far away things are", SETTINGS))


def _read(reading: Reading) -> Depth | None:
    def read(value: Value, clock: Clock) -> Depth | None:
        return _depth(value, clock, reading.found["output"].size)

    found: Depth | None = read_entry(read, reading.entries, "depth", reading.clock, default=None)
    if found is not None and reading.found["camera"].projection == DEFORUM:
        reading.clock.warn(reading.entries["depth"], "camera.projection deforum has no effect with it")
    return found


def _depth(value: Value, clock: Clock, size: tuple[int, int]) -> Depth | None:
    if not value.is_map and value.scalar(_EXPECTED) is None:
        raise value.invalid(_EXPECTED)
    read: dict[str, Any] = _entries(value, clock) if value.is_map else {"from": _from(value, clock)}
    entries = value.entries() if value.is_map else {}
    source: _From = read.pop("from", _From(kind=FLAT))
    unused = _UNUSED.get(source.kind, ())
    for name in unused:
        if name in entries:
            clock.warn(entries[name], f"has no effect: depth is {source.kind}")
    if source.kind == FLAT:
        return None
    if source.kind == "model":
        read = {"every": _EVERY, "smooth": _SMOOTH, **read}
    else:
        read = {name: found for name, found in read.items() if name not in _OF_MODELS}
    depth = Depth(kind=source.kind, file=source.file, model=source.model, **{"far": 10.0, **read})
    if depth.far <= depth.near:
        message = f"far must be farther than near ({depth.near:g}), got {depth.far:g}"
        raise InvalidError(entries.get("far", entries.get("near", value)), message)
    if source.file is not None and clock.known:
        _require_depth(entries.get("from", value), source, size)
    return depth


def estimating(filmed: Iterable[tuple[Camera, Depth | None]], for_eyes: bool) -> tuple[Model, ...]:
    """Return the models that estimate depth for the cameras of shots, each once.

    Args:
        for_eyes: whether the video has pictures for two eyes, which need it where a camera rests as well.
    """
    names = [
        depth.model for camera, depth in filmed if depth is not None and depth.model and (camera.moves or for_eyes)
    ]
    return tuple(registry.find_depth(name) for name in dict.fromkeys(names))


def _entries(value: Value, clock: Clock) -> dict[str, Any]:
    return fields.read_map({entry.name: entry.read for entry in SETTINGS}, value, clock)


def _require_depth(value: Value, source: _From, size: tuple[int, int]) -> None:
    """Reject a picture or video in colour, or not in the shape of the frames; its size does not matter."""
    assert source.file is not None
    try:
        pixels = _pixels(source)
    except InputError as error:
        raise InvalidError(value, str(error)) from error
    height, width = pixels.shape[:2]
    if not 1 / _LIKE < width / height * size[1] / size[0] < _LIKE:
        message = f"expected the shape of the frames, {size[0]}×{size[1]}, got {width}×{height}; crop or pad it"
        raise InvalidError(value, message)
    some = pixels[:: 1 + height // _ENOUGH, :: 1 + width // _ENOUGH]
    if (some.max(axis=-1) - some.min(axis=-1)).mean() > _COLOURED:
        message = (
            f"expected grey, where white is near; this {source.kind} is in colour, which does not say how far away "
            "things are; export depth in grey, without a colour map"
        )
        raise InvalidError(value, message)


def _pixels(source: _From) -> NDArray[np.float32]:
    """The picture, or the first frame of the video: (height, width, 3) in [0, 1]."""
    assert source.file is not None
    if source.kind == "video":
        from render.files.videos.clips import Clip  # imports PyAV, only if a video is named

        return Clip(source.file.path).frame(0).astype(np.float32) / np.float32(255)
    from render.files.images import load_image  # imports Pillow, only if a picture is named

    return load_image(source.file.path)


def _join(starts: Sequence[float], parts: Sequence[Depth | None]) -> tuple[Depth | None, ...]:
    return tuple(parts)


SECTION = Section(
    position=64,
    is_merged=False,
    shape=lambda: about(_SHAPE, "how far away things are, for the camera"),
    read=_read,
    needs=("output", "camera"),
    join=_join,
    settings=lambda: SETTINGS,
    misplaced={},
)
