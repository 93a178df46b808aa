"""Reads the settings of priors that are transformers over a VQGAN, and checks that a prior has what is set."""

from collections.abc import Mapping
from pathlib import Path

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.files import file, picture
from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.shapes import Setting, about, described, map_of
from render.errors import InputError, WeightsError, suggestion
from render.models.class_names import class_number
from render.models.model import Model
from render.models.net2net import Net2Net, read_net2net

_OF_BANKS = ("temperature",)
_CLASSES = 1000  # of ImageNet, the only ones that have names
_FILES = {"config": file, "checkpoint": file}

TRANSFORMER_SETTINGS = (
    Setting(
        name="top_k",
        read=fields.integer(0, 1 << 20),
        default=100,
        about="a transformer draws each code from so many of the likeliest; 0 from all",
    ),
    Setting(
        name="top_p",
        read=number(0.001, 1),
        default=1.0,
        about="and of these from the likeliest that together have this probability",
    ),
    Setting(
        name="guidance",
        read=number(0, 20),
        default=3.0,
        about="how closely a transformer of texts follows the prompts; 1 as it was trained, more with less variety",
    ),
    Setting(
        name="class",
        read=fields.text,
        default=None,
        about="what a transformer of classes draws: the name of an ImageNet class or a number; those nearest to the "
        "prompts if unset",
    ),
    Setting(
        name="map",
        read=described(about(fields.TEXT, "a picture: its path beside the schedule"))(picture),
        default=None,
        about="what a transformer of maps follows: a picture whose grey values are labels, or depths",
    ),
)

TRANSFORMER_SHAPE = map_of(
    {
        "config": about(fields.TEXT, "the config of a transformer over a VQGAN as taming writes it, its path"),
        "checkpoint": about(fields.TEXT, "its weights, their path"),
    },
    required=("config", "checkpoint"),
)


def transformer(value: Value, clock: Clock) -> Model:
    """A transformer of the user's own: {config: model.yaml, checkpoint: last.ckpt}."""
    read = fields.read_map(_FILES, value, clock)
    missing = _FILES.keys() - value.entries().keys()
    if missing:
        raise InvalidError(value, f"'{min(missing)}' is missing; expected config and checkpoint of a transformer")
    name = read["checkpoint"].name if "checkpoint" in read else ""
    model = Model(name=name, entry="transformer", architecture=read.get("config"), checkpoint=read.get("checkpoint"))
    if len(read) == len(_FILES):  # any problem with a path has already been reported
        try:
            read_net2net(read["config"])
        except WeightsError as error:
            raise InvalidError(value, str(error)) from error
    return model


def require_settings(prior: Model, settings: Mapping[str, object], value: Value) -> None:
    """Check that `prior` has the settings that are set, as far as its files are on this machine.

    Raises:
        InvalidError: it has no such setting, or needs one that is not set.
    """
    own = (*_OF_BANKS, *(entry.name for entry in TRANSFORMER_SETTINGS)) if prior.entry == "transformer" else _OF_BANKS
    for name in settings:
        if name not in own:
            raise InvalidError(value.entries()[name], f"'{prior.name}' has no such setting; {suggestion(name, own)}")
    if prior.entry != "transformer":
        return
    known = read_net2net(prior.architecture) if isinstance(prior.architecture, Path) else None
    if known is not None:
        _require_condition(prior, known, settings, value)
    elif "guidance" in settings:
        raise InvalidError(value.entries()["guidance"], f"'{prior.name}' is no transformer of texts: no guidance")
    if "class" in settings:
        try:
            class_number(str(settings["class"]), _CLASSES if known is None else known.num_classes)
        except InputError as error:
            raise InvalidError(value.entries()["class"], str(error)) from error


def _require_condition(prior: Model, known: Net2Net, settings: Mapping[str, object], value: Value) -> None:
    needs = {"class": known.condition == "class", "map": known.channels > 0, "guidance": known.condition == "text"}
    for name, has in needs.items():
        if name in settings and not has:
            raise InvalidError(value.entries()[name], f"'{prior.name}' is conditioned on {known.condition}: no {name}")
    if needs["map"] and "map" not in settings:
        raise InvalidError(value, f"'map' is missing; '{prior.name}' needs a picture of {known.condition}")
