"""The section `models:`: models by name, by path, or random; and those of their properties that change a pixel."""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.files import file
from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.readers import Reader, read_entry, section_reader
from pipeline.schedule.fields.segmenters import DEFAULT as DEFAULT_SEGMENTER
from pipeline.schedule.fields.segmenters import segmenter
from pipeline.schedule.fields.shapes import Shape, about, described, list_of, map_of, one_of, section, setting, settings
from pipeline.schedule.sections import Reading, Section
from render.errors import UnknownNameError, WeightsError
from render.models import registry
from render.models.downloads import Progress
from render.models.model import Model
from render.models.tokenizers import require_usable
from render.renderer.located_models import LocatedModels
from render.renderer.weights import locate
from render.spec import PRECISIONS

MAX_PERCEPTORS = 8
_LATENT = "the name of a latent model, or {config: model.yaml, checkpoint: last.ckpt}"
_PERCEPTOR = "the name of a perceptor, or {model: ViT-B-32-quickgelu, checkpoint: clip.safetensors, weight: 1}"
_WEIGHT = number(0.001, 1000)


def _name_of(title: str, known: Callable[[], Iterable[str]]) -> Shape:
    """The shape of a model's name; which architectures exist besides these depends on the installed open_clip."""
    return {"title": title, **one_of({"enum": known}, {"type": "string", "pattern": f"^{registry.RANDOM}."})}


def _file(description: str) -> Shape:
    return about(fields.TEXT, f"{description}: its path beside the schedule")


_LATENT_SHAPE = one_of(
    _name_of("latent", registry.latents),
    map_of(
        {"config": _file("a VQGAN's config as written by taming"), "checkpoint": _file("its weights")},
        required=("config", "checkpoint"),
    ),
)
_PERCEPTOR_SHAPE = one_of(
    _name_of("perceptor", registry.perceptors),
    map_of(
        {
            "model": about(
                fields.TEXT, "a perceptor's name; with a checkpoint, open_clip's name of the architecture, or a config"
            ),
            "checkpoint": _file("its weights"),
            "weight": {**about(_WEIGHT.shape, "its weight relative to the other perceptors"), "default": 1},
        },
        required=("model",),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Perceptor:
    """A model that compares pictures with prompts, and its weight relative to the other perceptors."""

    model: Model
    weight: float = 1.0


@described(_LATENT_SHAPE, shown=lambda model: model.name)
def _latent(value: Value, clock: Clock) -> Model:
    if not value.is_map:
        return _named(value, _LATENT, registry.find_latent)
    read = fields.read_map({"config": file, "checkpoint": file}, value, clock)
    missing = {"config", "checkpoint"} - value.entries().keys()
    if missing:
        raise InvalidError(value, f"'{min(missing)}' is missing; expected {_LATENT}")
    if len(read) < 2:  # the problem has already been reported
        return registry.find_latent("embedded")
    model = Model(
        name=read["checkpoint"].name,
        entry="vqgan",
        architecture=read["config"],
        checkpoint=read["checkpoint"],
        quantize=True,
    )
    _readable(value, model)
    return model


def _readable(value: Value, model: Model) -> None:
    """Read a model's configs now, while errors can be located in the schedule; a VQGAN's determine valid sizes."""
    try:
        if model.entry == "vqgan":
            _ = model.stride
        else:
            require_usable(model)
    except WeightsError as error:
        raise InvalidError(value, str(error)) from error


@described(
    list_of(_PERCEPTOR_SHAPE, MAX_PERCEPTORS),
    shown=lambda perceptors: [perceptor.model.name for perceptor in perceptors],
)
def _perceptors(value: Value, clock: Clock) -> tuple[Perceptor, ...]:
    items = value.items("a list of perceptors such as [embedded]")
    if not items:
        raise value.invalid("at least one perceptor")
    if len(items) > MAX_PERCEPTORS:
        raise value.invalid(f"at most {MAX_PERCEPTORS} perceptors")
    return tuple(fields.read_each(_perceptor, items, clock))


def _perceptor(value: Value, clock: Clock) -> Perceptor:
    if not value.is_map:
        return Perceptor(model=_named(value, _PERCEPTOR, registry.find_perceptor))
    readers: Mapping[str, Reader] = {"model": lambda value, clock: value, "checkpoint": file, "weight": _WEIGHT}
    read = fields.read_map(readers, value, clock)
    if "model" not in read:
        raise InvalidError(value, f"'model' is missing; expected {_PERCEPTOR}")
    weight = read.get("weight", 1.0)
    if "checkpoint" not in value.entries():
        return Perceptor(model=_named(read["model"], _PERCEPTOR, registry.find_perceptor), weight=weight)
    architecture = _architecture(read["model"], clock)
    checkpoint = read.get("checkpoint", Path())
    published = registry.architecture_of(checkpoint.name)
    if isinstance(architecture, str) and published not in (None, architecture):
        raise InvalidError(
            read["model"], f"'{checkpoint.name}' contains the weights of {published}, not of {architecture}"
        )
    model = Model(name=checkpoint.name, entry="clip", architecture=architecture, checkpoint=checkpoint)
    if "checkpoint" in read:
        _readable(read["model"], model)
    return Perceptor(model=model, weight=weight)


def _architecture(value: Value, clock: Clock) -> Path | str:
    """open_clip's name of an architecture, or the path of a JSON config."""
    name = fields.text(value, clock)
    if name.endswith(".json"):
        return file(value, clock)
    if name not in registry.clip_architectures():
        raise InvalidError(value, str(UnknownNameError("CLIP architecture", name, registry.clip_architectures())))
    return name


def _named(value: Value, expected: str, find: Any) -> Model:
    name = value.scalar(expected)
    if not isinstance(name, str):
        raise value.invalid(expected)
    try:
        model: Model = find(name)
    except UnknownNameError as error:
        raise InvalidError(value, str(error)) from error
    return model


@dataclass(frozen=True, kw_only=True)
class Models:
    """The latent model, which draws, and the perceptors, which compare pictures with prompts."""

    latent: Model = setting(
        _latent, registry.find_latent("embedded"), "the model that draws: `embedded` (a VQGAN), `pixels` (no weights)"
    )
    perceptors: tuple[Perceptor, ...] = setting(
        _perceptors,
        (Perceptor(model=registry.find_perceptor("embedded")),),
        "the models that judge pictures, one or several: `embedded` (a CLIP), `toy` (no weights)",
    )
    quantize: bool | None = setting(
        fields.flag,
        None,
        "snap latents to the codebook with a straight-through gradient; by default as it was trained, off for embedded",
    )
    precision: str = setting(
        fields.choice(PRECISIONS, "precision"),
        "auto",
        "precision of the networks; `auto` is the fastest that is safe on this machine",
    )

    segmenter: Model = setting(
        segmenter,
        DEFAULT_SEGMENTER,
        "what finds the texts that regions name, or {config: config.json, checkpoint: model.safetensors} of your own",
    )

    finds_texts: bool = False  # whether a region is a text
    priors: tuple[Model, ...] = ()  # those that the section `start:` names, in order of their names

    @property
    def size_unit(self) -> int:
        """Width and height must be multiples of this: the model's stride, made even for the video's yuv420p."""
        return math.lcm(2, self.latent.stride)

    @property
    def augment(self) -> str:
        """How strongly cutouts are augmented if the schedule does not say: one of `render.spec.AUGMENTS`."""
        return "light" if all(perceptor.model.robust for perceptor in self.perceptors) else "full"

    def locate(self, *, offline: bool, progress: Progress) -> LocatedModels:
        """Find every model file, downloading those that are not on this machine. Raises `WeightsError`."""
        return LocatedModels(
            latent=locate(self.latent, offline=offline, progress=progress),
            perceptors=tuple(
                (locate(perceptor.model, offline=offline, progress=progress), perceptor.weight)
                for perceptor in self.perceptors
            ),
            quantize=self.latent.quantize if self.quantize is None else self.quantize,
            precision=self.precision,
            priors=tuple(locate(prior, offline=offline, progress=progress) for prior in self.priors),
            segmenter=locate(self.segmenter, offline=offline, progress=progress) if self.finds_texts else None,
        )


def _read(reading: Reading) -> Models:
    models: Models = read_entry(section_reader(Models), reading.entries, "models", reading.clock, default=Models())
    _check_size(reading, models)
    return models


def _check_size(reading: Reading, models: Models) -> None:
    """Check that the model's stride divides the size; the problem is reported at the size, else at the model."""
    unit = models.size_unit
    width, height = reading.found["output"].size
    problems = reading.document.problems
    wrong = {problem.path.split("[")[0] for problem in problems.found}
    if (width % unit or height % unit) and not wrong & {"output", "output.size", "models.latent"}:
        fitting = [max(1, round(side / unit)) * unit for side in (width, height)]
        message = f"expected multiples of {unit} for the latent model '{models.latent.name}', such as {fitting}"
        key, name = ("output", "size") if "output" in reading.entries else ("models", "latent")
        value = reading.entries[key].entries().get(name, reading.entries[key])
        value = dataclasses.replace(value, path=f"{key}.{name}")
        problems.add(InvalidError(value, f"{message}, got [{width}, {height}]"))


SECTION = Section(
    position=40,
    shape=lambda: section("models", "the models that draw and that judge pictures", settings(Models)),
    read=_read,
    needs=("output",),
    settings=lambda: settings(Models),
    misplaced={**{entry.name: entry.name for entry in settings(Models)}, "model": "latent"},
)
