"""Reads the model that finds texts in pictures, for regions that are texts."""

import dataclasses
from collections.abc import Iterable

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.files import file
from pipeline.schedule.fields.regions import RegionCurves
from pipeline.schedule.fields.shapes import about, described, map_of, one_of
from render.errors import UnknownNameError
from render.models import registry
from render.models.model import Model

DEFAULT = registry.find_segmenter("clipseg-rd64-refined")
_EXPECTED = f"{DEFAULT.name}, or {{config: config.json, checkpoint: model.safetensors}}"
_FILES = {"config": file, "checkpoint": file}
_SHAPES = {
    "config": about(fields.TEXT, "a CLIPSeg's config as transformers writes it: its path beside the schedule"),
    "checkpoint": about(fields.TEXT, "its weights: their path beside the schedule"),
}


@described(
    one_of({"enum": [*registry.segmenters()]}, map_of(_SHAPES, required=_SHAPES)), shown=lambda model: model.name
)
def segmenter(value: Value, clock: Clock) -> Model:
    """A name, or {config: config.json, checkpoint: model.safetensors}."""
    if not value.is_map:
        name = value.scalar(_EXPECTED)
        if not isinstance(name, str):
            raise value.invalid(_EXPECTED)
        try:
            return registry.find_segmenter(name)
        except UnknownNameError as error:
            raise InvalidError(value, str(error)) from error
    read = fields.read_map(_FILES, value, clock)
    if missing := _FILES.keys() - value.entries().keys():
        raise InvalidError(value, f"'{min(missing)}' is missing; expected {_EXPECTED}")
    if len(read) < len(_FILES):  # the problem has already been reported
        return DEFAULT
    return dataclasses.replace(
        DEFAULT,
        name=read["checkpoint"].name,
        architecture=read["config"],
        checkpoint=read["checkpoint"],
        config=None,
        download=None,
    )


def has_texts(regions: Iterable[RegionCurves | None]) -> bool:
    """Whether one of the regions is, or contains, a text."""
    return any(True for region in regions if region is not None for _ in region.texts)
