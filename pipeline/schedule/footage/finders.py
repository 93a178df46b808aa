"""Reads what finds the motion of footage: a name, or weights of one's own."""

import dataclasses

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.files import file
from pipeline.schedule.fields.shapes import about, described, map_of, one_of
from render.errors import UnknownNameError
from render.models import registry
from render.models.model import Model

DEFAULT = registry.find_flow("dis")
_NETWORKS = [name for name, model in registry.flows().items() if model.download is not None]
_EXPECTED = "dis, raft-small, raft-large, or {model: raft-small, checkpoint: raft.pth}"
_SHAPES = {
    "model": {"enum": _NETWORKS, "description": "the network that they are for"},
    "checkpoint": about(fields.TEXT, "its weights, as torchvision publishes them: their path beside the schedule"),
}


@described(
    one_of(
        {"enum": [*registry.flows()]}, {"type": "string", "pattern": f"^{registry.RANDOM}."}, map_of(_SHAPES, _SHAPES)
    ),
    shown=lambda model: model.name,
)
def finder(value: Value, clock: Clock) -> Model:
    """A name, or {model: raft-small, checkpoint: raft.pth}."""
    if not value.is_map:
        return _named(value)
    read = fields.read_map({"model": _network, "checkpoint": file}, value, clock)
    if missing := _SHAPES.keys() - value.entries().keys():
        raise InvalidError(value, f"'{min(missing)}' is missing; expected {_EXPECTED}")
    if len(read) < len(_SHAPES):  # the problem has already been reported
        return DEFAULT
    network: Model = read["model"]
    return dataclasses.replace(network, name=read["checkpoint"].name, checkpoint=read["checkpoint"], download=None)


def _named(value: Value) -> Model:
    name = value.scalar(_EXPECTED)
    if not isinstance(name, str):
        raise value.invalid(_EXPECTED)
    try:
        return registry.find_flow(name)
    except UnknownNameError as error:
        raise InvalidError(value, str(error)) from error


def _network(value: Value, clock: Clock) -> Model:
    model = _named(value)
    if model.download is None:
        raise value.invalid(" or ".join(_NETWORKS))
    return model
