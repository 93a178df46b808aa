"""`models.perceptors`: the models that judge pictures, and their weights over time and from shot to shot."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.curve import Curve
from pipeline.curves.joined import joined
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.files import file
from pipeline.schedule.fields.keyframes import curve
from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.readers import Reader
from pipeline.schedule.fields.shapes import Shape, about, described, list_of, map_of, one_of
from render.errors import UnknownNameError, WeightsError
from render.models import registry
from render.models.model import Model
from render.models.tokenizers import require_usable

MAX_PERCEPTORS = 8
_PERCEPTOR = "the name of a perceptor, or {model: ViT-B-32-quickgelu, checkpoint: clip.safetensors, weight: 1}"
_WEIGHT = curve(number(0, 1000))


def name_shape(title: str, known: Callable[[], Iterable[str]]) -> Shape:
    """The shape of a model's name; which architectures exist besides these depends on the installed open_clip."""
    return {"title": title, **one_of({"enum": known}, {"type": "string", "pattern": f"^{registry.RANDOM}."})}


def file_shape(description: str) -> Shape:
    return about(fields.TEXT, f"{description}: its path beside the schedule")


_PERCEPTOR_SHAPE = one_of(
    name_shape("perceptor", registry.perceptors),
    map_of(
        {
            "model": about(
                fields.TEXT, "a perceptor's name; with a checkpoint, open_clip's name of the architecture, or a config"
            ),
            "checkpoint": file_shape("its weights"),
            "weight": {
                **about(_WEIGHT.shape, "its weight relative to the other perceptors; 0 leaves it out"),
                "default": 1,
            },
        },
        required=("model",),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Perceptor:
    """A model that compares pictures with prompts, and its weight relative to the other perceptors.

    Attributes:
        over_time: the weight if it changes, and `weight` is 1; it is in the specs of the frames, so models are equal
            without it.
    """

    model: Model
    weight: float = 1.0
    over_time: Curve | None = field(default=None, compare=False)

    @property
    def curve(self) -> Curve:
        return Curve.constant(self.weight) if self.over_time is None else self.over_time


@described(
    list_of(_PERCEPTOR_SHAPE, MAX_PERCEPTORS),
    shown=lambda perceptors: [perceptor.model.name for perceptor in perceptors],
)
def read_perceptors(value: Value, clock: Clock) -> tuple[Perceptor, ...]:
    """Read a list of names and maps; warns of frames in which none of them has a weight."""
    items = value.items("a list of perceptors such as [embedded]")
    if not items:
        raise value.invalid("at least one perceptor")
    if len(items) > MAX_PERCEPTORS:
        raise value.invalid(f"at most {MAX_PERCEPTORS} perceptors")
    perceptors = tuple(fields.read_each(_perceptor, items, clock))
    if clock.known:
        blind = np.flatnonzero(~weights(perceptors, clock.frames).any(axis=0))
        if len(blind):
            clock.warn(value, f"no perceptor has a weight in frame {blind[0]}, so no prompt has an effect there")
    return perceptors


def weights(perceptors: Sequence[Perceptor], times: Array) -> Array:
    """The weights at `times` in seconds: (perceptors, times), none below 0."""
    return np.maximum(np.stack([perceptor.curve.sample(times) for perceptor in perceptors]), 0.0)


def changing_weights(perceptors: Sequence[Perceptor], times: Array) -> Array:
    """The weights at `times`: (perceptors, times); (0, times) if none of them changes."""
    return weights(perceptors, times) if perceptors[0].over_time else np.zeros((0, len(times)))


def _perceptor(value: Value, clock: Clock) -> Perceptor:
    if not value.is_map:
        return Perceptor(model=named(value, _PERCEPTOR, registry.find_perceptor))
    readers: Mapping[str, Reader] = {"model": lambda value, clock: value, "checkpoint": file, "weight": _WEIGHT}
    read = fields.read_map(readers, value, clock)
    if "model" not in read:
        raise InvalidError(value, f"'model' is missing; expected {_PERCEPTOR}")
    weight = read.get("weight", Curve.constant(1.0))
    if "checkpoint" not in value.entries():
        return _weighted(named(read["model"], _PERCEPTOR, registry.find_perceptor), weight)
    architecture = _architecture(read["model"], clock)
    checkpoint = read.get("checkpoint", Path())
    published = registry.architecture_of(checkpoint.name)
    if isinstance(architecture, str) and published not in (None, architecture):
        raise InvalidError(
            read["model"], f"'{checkpoint.name}' contains the weights of {published}, not of {architecture}"
        )
    model = Model(name=checkpoint.name, entry="clip", architecture=architecture, checkpoint=checkpoint)
    if "checkpoint" in read:
        require_readable(read["model"], model)
    return _weighted(model, weight)


def _weighted(model: Model, weight: Curve) -> Perceptor:
    first = weight.keys[0].value
    if weight.is_constant and first > 0:
        return Perceptor(model=model, weight=first)
    return Perceptor(model=model, over_time=weight)


def _architecture(value: Value, clock: Clock) -> Path | str:
    """open_clip's name of an architecture, or the path of a JSON config."""
    name = fields.text(value, clock)
    if name.endswith(".json"):
        return file(value, clock)
    if name not in registry.clip_architectures():
        raise InvalidError(value, str(UnknownNameError("CLIP architecture", name, registry.clip_architectures())))
    return name


def named(value: Value, expected: str, find: Any) -> Model:
    """The model that `find` knows by the name in `value`."""
    name = value.scalar(expected)
    if not isinstance(name, str):
        raise value.invalid(expected)
    try:
        model: Model = find(name)
    except UnknownNameError as error:
        raise InvalidError(value, str(error)) from error
    return model


def require_readable(value: Value, model: Model) -> None:
    """Read a model's configs now, while errors can be located in the schedule; a VQGAN's determine valid sizes."""
    try:
        if model.entry == "vqgan":
            _ = model.stride
        else:
            require_usable(model)
    except WeightsError as error:
        raise InvalidError(value, str(error)) from error


def join_perceptors(starts: Sequence[float], parts: Sequence[tuple[Perceptor, ...]]) -> tuple[Perceptor, ...]:
    """The perceptors of all shots, each once; if any weight changes, all are over time, 0 in shots without them."""
    shots = [_numbered(part) for part in parts]
    if all(part == parts[0] for part in parts) and not any(each.over_time for part in parts for each in part):
        return parts[0]
    nothing = Curve.constant(0.0)
    return tuple(
        Perceptor(
            model=key[0],
            over_time=joined(starts, [shot[key].curve if key in shot else nothing for shot in shots]),
        )
        for key in dict.fromkeys(key for shot in shots for key in shot)
    )


def _numbered(perceptors: Sequence[Perceptor]) -> dict[tuple[Model, int], Perceptor]:
    """The perceptors by their model, and a number if the same one is listed twice."""
    found: dict[tuple[Model, int], Perceptor] = {}
    for perceptor in perceptors:
        same = sum(model == perceptor.model for model, _ in found)
        found[perceptor.model, same] = perceptor
    return found
