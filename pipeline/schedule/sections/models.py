"""The section `models:`: models by name, by path, or random; and those of their properties that change a pixel."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.files import file
from pipeline.schedule.fields.readers import read_entry, section_reader
from pipeline.schedule.fields.segmenters import DEFAULT as DEFAULT_SEGMENTER
from pipeline.schedule.fields.segmenters import segmenter
from pipeline.schedule.fields.shapes import described, map_of, one_of, section, setting, settings
from pipeline.schedule.footage import finders
from pipeline.schedule.sections import Reading, Section
from pipeline.schedule.sections.models_perceptors import (
    MAX_PERCEPTORS,
    Perceptor,
    file_shape,
    join_perceptors,
    name_shape,
    named,
    read_perceptors,
    require_readable,
)
from render.models import registry
from render.models.downloads import Progress
from render.models.model import Model
from render.renderer.loading.located_models import DrawingModel, LocatedModels
from render.renderer.loading.weights import locate
from render.spec import PRECISIONS

MAX_LATENTS = 4  # of all shots
_LATENT = "the name of a latent model, or {config: model.yaml, checkpoint: last.ckpt}"
_LATENT_SHAPE = one_of(
    name_shape("latent", registry.latents),
    map_of(
        {"config": file_shape("a VQGAN's config as written by taming"), "checkpoint": file_shape("its weights")},
        required=("config", "checkpoint"),
    ),
)


@described(_LATENT_SHAPE, shown=lambda model: model.name)
def _latent(value: Value, clock: Clock) -> Model:
    if not value.is_map:
        return named(value, _LATENT, registry.find_latent)
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
    require_readable(value, model)
    return model


@dataclass(frozen=True, kw_only=True)
class Models:
    """The latent model, which draws, and the perceptors, which compare pictures with prompts."""

    latent: Model = setting(
        _latent, registry.find_latent("embedded"), "the model that draws: `embedded` (a VQGAN), `pixels` (no weights)"
    )
    perceptors: tuple[Perceptor, ...] = setting(
        read_perceptors,
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
    flow: Model = setting(
        finders.finder,
        finders.DEFAULT,
        "what finds the motion of footage: `dis` (no weights), `raft-small`, `raft-large`, or weights of your own for "
        "one of these: {model: raft-small, checkpoint: raft.pth}",
    )

    finds_texts: bool = False  # whether a region is a text
    finds_motion: bool = False  # whether footage moves anything
    depths: tuple[Model, ...] = ()  # those that estimate depth for the cameras of shots
    priors: tuple[Model, ...] = ()  # those that the section `start:` names, in order of their names
    others: tuple[tuple[Model, tuple[Model, ...]], ...] = ()  # more latent models of shots, each with its priors

    @property
    def latents(self) -> tuple[Model, ...]:
        """The latent models of all shots, in the order of `FrameSpec.latent`."""
        return self.latent, *(latent for latent, _ in self.others)

    @property
    def size_unit(self) -> int:
        """Width and height must be multiples of this: the models' strides, made even for the video's yuv420p."""
        return math.lcm(2, *(latent.stride for latent in self.latents))

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
            quantize=self._quantizes(self.latent),
            precision=self.precision,
            priors=tuple(locate(prior, offline=offline, progress=progress) for prior in self.priors),
            segmenter=locate(self.segmenter, offline=offline, progress=progress) if self.finds_texts else None,
            flow=locate(self.flow, offline=offline, progress=progress) if self.finds_motion else None,
            depths=tuple(locate(model, offline=offline, progress=progress) for model in self.depths),
            others=tuple(
                DrawingModel(
                    latent=locate(latent, offline=offline, progress=progress),
                    quantize=self._quantizes(latent),
                    priors=tuple(locate(prior, offline=offline, progress=progress) for prior in priors),
                )
                for latent, priors in self.others
            ),
        )

    def _quantizes(self, latent: Model) -> bool:
        return latent.quantize if self.quantize is None else self.quantize


def _read(reading: Reading) -> Models:
    models: Models = read_entry(section_reader(Models), reading.entries, "models", reading.clock, default=Models())
    _check_size(reading, models)
    _check_shared(reading)
    return models


def _check_shared(reading: Reading) -> None:
    """Report what a shot sets although it is the same for the whole video."""
    top = reading.document.entries().get("models") if reading.document.is_map else None
    known = top.entries() if top is not None and top.is_map else {}
    own = reading.entries["models"].entries() if "models" in reading.entries else {}
    for name in sorted(own.keys() & {"quantize", "precision", "flow"}):
        if name not in known or known[name].node is not own[name].node:
            message = "is the same for all shots: write it under models: at the top of the schedule"
            reading.document.problems.add(InvalidError(own[name], message))


def require_few(models: Models, shots: Value) -> None:
    """Raise `InvalidError` at the shots if they name more models than should be loaded at once."""
    for found, most, kind in (
        (models.perceptors, MAX_PERCEPTORS, "perceptors"),
        (models.latents, MAX_LATENTS, "latent models"),
    ):
        if len(found) > most:
            raise InvalidError(shots, f"its shots name {len(found)} {kind}, and all are loaded; at most {most}")


def _join(starts: Sequence[float], parts: Sequence[Models]) -> Models:
    perceptors = join_perceptors(starts, [part.perceptors for part in parts])
    others = [latent for latent in dict.fromkeys(part.latent for part in parts) if latent != parts[0].latent]
    return dataclasses.replace(parts[0], perceptors=perceptors, others=tuple((latent, ()) for latent in others))


def _check_size(reading: Reading, models: Models) -> None:
    """Check that the model's stride divides the size; the problem is reported at the size, else at the model."""
    unit = models.size_unit
    width, height = reading.found["output"].size
    problems = reading.document.problems
    wrong = {problem.path.split("[")[0] for problem in problems.found}
    if (width % unit or height % unit) and not wrong & {"output", "output.size", "models.latent"}:
        fitting = [max(1, round(side / unit)) * unit for side in (width, height)]
        message = f"expected multiples of {unit} for the latent model '{models.latent.name}', such as {fitting}"
        whole = {**reading.document.entries(), **reading.entries}
        key, name = ("output", "size") if "output" in whole else ("models", "latent")
        value = whole[key].entries().get(name, whole[key])
        value = dataclasses.replace(value, path=f"{key}.{name}")
        problems.add(InvalidError(value, f"{message}, got [{width}, {height}]"))


SECTION = Section(
    position=40,
    shape=lambda: section("models", "the models that draw and that judge pictures", settings(Models)),
    read=_read,
    needs=("output",),
    join=_join,
    settings=lambda: settings(Models),
    misplaced={**{entry.name: entry.name for entry in settings(Models)}, "model": "latent"},
)
