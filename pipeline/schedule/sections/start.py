"""The section `start:`: what the first frame and cuts start from: noise, a picture file, or what a prior proposes."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.files import file
from pipeline.schedule.fields.priors import TRANSFORMER_SETTINGS, TRANSFORMER_SHAPE, require_settings, transformer
from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.readers import read_entry
from pipeline.schedule.fields.shapes import Setting, Shape, about, described, map_of, one_of
from pipeline.schedule.sections import Reading, Section
from pipeline.schedule.sections.models import Models
from pipeline.schedule.sections.start_image import IMAGE_SETTINGS, read_image
from render.errors import UnfitPriorError, UnknownNameError
from render.models import registry
from render.models.model import Model, read_vqgan_config, sha256, vqgan_stride
from render.priors.bank.file import SUFFIX, read_facts
from render.priors.bank.header import Header
from render.spec.pictures import ImageFile, PictureStart, PriorStart

NOISE = "noise"
MAX_CANDIDATES = 256
_EXPECTED = f"`{NOISE}`, or a map such as {{prior: bank, candidates: 4}} or {{image: start.png, strength: 0.8}}"
_PRIOR = f"the name of a prior, or the path of a bank beside the schedule, such as mine{SUFFIX}"


@dataclass(frozen=True, kw_only=True)
class Start:
    """What a frame without a predecessor starts from.

    Attributes:
        prior: proposes pictures; None for noise or a picture file.
        settings: those of the prior itself, as far as they are set.
        image: the picture file; None without one.
    """

    prior: Model | None = None
    candidates: int = 4
    pick: int = 1
    settings: Mapping[str, float | str | ImageFile] = field(default_factory=dict)
    image: PictureStart | None = None

    @property
    def is_noise(self) -> bool:
        """Whether nothing is there to begin with; so it is with a picture of strength 0."""
        return self.prior is None and (self.image is None or self.image.strength == 0)

    @property
    def spec(self) -> PriorStart | PictureStart | None:
        """For a frame spec; None for noise."""
        if self.is_noise:
            return None
        if self.prior is None:
            return self.image
        return PriorStart(
            prior=self.prior.name, candidates=self.candidates, pick=self.pick, settings=dict(self.settings)
        )

    def steps(self, first_frame: int | None) -> int | None:
        """How many of the `first_frame` steps it takes: the more a picture is to stay, the fewer."""
        return (
            first_frame if self.image is None or first_frame is None else round(first_frame * (1 - self.image.strength))
        )


DEFAULT = Start()
"""Of a schedule without `start:`."""


@described(one_of(about(fields.TEXT, "a prior"), TRANSFORMER_SHAPE), shown=lambda model: model.name)
def _prior(value: Value, clock: Clock) -> Model:
    if value.is_map:
        return transformer(value, clock)
    written = fields.text(value, clock)
    if not written.endswith(SUFFIX) and "/" not in written:
        try:
            return registry.find_prior(written)
        except UnknownNameError as error:
            raise InvalidError(value, f"{error} (the path of a bank of your own ends in {SUFFIX})") from error
    path = file(value, clock)
    try:
        read_facts(path)  # before it is hashed, whatever its length
    except UnfitPriorError as error:
        raise InvalidError(value, str(error)) from error
    return Model(name=f"{path.name} {sha256(path)[:8]}", entry="bank", checkpoint=path)


@described({"anyOf": [{"const": "best"}, {"type": "integer", "minimum": 1, "maximum": MAX_CANDIDATES}]})
def _pick(value: Value, clock: Clock) -> int:
    expected = f"`best`, or the number of a candidate, from 1 for the best to {MAX_CANDIDATES}"
    scalar = value.scalar(expected)
    if scalar == "best":
        return 1
    if isinstance(scalar, bool) or not isinstance(scalar, int) or not 1 <= scalar <= MAX_CANDIDATES:
        raise value.invalid(expected)
    return scalar


SETTINGS = (
    Setting(
        name="prior",
        read=_prior,
        default=None,
        about="what proposes pictures for the frame's prompts: `bank`, which ships with the package, the path of one "
        "made by `render bank`, a published transformer, or {config: model.yaml, checkpoint: last.ckpt} of your own",
    ),
    Setting(
        name="candidates",
        read=fields.integer(1, MAX_CANDIDATES),
        default=DEFAULT.candidates,
        about="how many pictures it proposes; the more, the closer the best is to the prompts",
    ),
    Setting(
        name="pick",
        read=_pick,
        default="best",
        about="which of them is used: `best`, or its rank, from 1",
    ),
    Setting(
        name="temperature",
        read=number(0, 100),
        default=1.0,
        about="how freely it draws; 0 gives every seed the same pictures",
    ),
    *TRANSFORMER_SETTINGS,
)
_OWN = {"prior", "candidates", "pick"}  # every other setting is the prior's
RIVALS = ("prior", "image")
"""Keys of which a map has one."""


def _map(entries: Sequence[Setting], key: str) -> Shape:
    return map_of({entry.name: entry.shape for entry in entries}, required=(key,))


@described(one_of({"const": NOISE}, _map(SETTINGS, "prior"), _map(IMAGE_SETTINGS, "image")))
def read_start(value: Value, clock: Clock) -> Start:
    """Read the word `noise`, or a map with a prior or an image."""
    if not value.is_map:
        if value.scalar(_EXPECTED) != NOISE:
            raise value.invalid(_EXPECTED)
        return Start()
    if "image" in value.entries():
        return Start(image=read_image(value, clock))
    read = fields.read_map({entry.name: entry.read for entry in SETTINGS}, value, clock)
    if "prior" not in value.entries():
        raise InvalidError(value, f"'prior' is missing; expected {_PRIOR}; or an image")
    candidates, pick = read.get("candidates", DEFAULT.candidates), read.get("pick", DEFAULT.pick)
    if pick > candidates:
        raise InvalidError(value, f"pick: {pick} is more than candidates: {candidates}")
    settings = {name: found for name, found in read.items() if name not in _OWN}
    if "prior" in read:
        require_settings(read["prior"], settings, value)
    return Start(prior=read.get("prior"), candidates=candidates, pick=pick, settings=settings)


def _read(reading: Reading) -> Start:
    found: Start = read_entry(read_start, reading.entries, "start", reading.clock, default=DEFAULT)
    if "start" in reading.entries and found.is_noise and reading.found["source"] is not None:
        reading.clock.warn(reading.entries["start"], "has no effect: with a source, a frame begins from its picture")
    if found.prior is not None and "start" in reading.entries:
        entry = reading.entries["start"]
        with entry.problems.collecting():
            place = entry.entries().get("prior", entry)
            try:
                check_fits(found.prior, reading.found["models"])
            except UnfitPriorError as error:
                raise InvalidError(place, str(error)) from error
    return found


def check_fits(prior: Model, models: Models) -> None:
    """Compare a bank with the models as far as that is possible without loading them.

    Raises:
        UnfitPriorError: it is not a bank, or was certainly made with other models.
    """
    if prior.entry != "bank":
        return
    assert prior.checkpoint is not None
    header = read_facts(prior.checkpoint).header
    latent = models.latent
    wrong = latent.entry != "vqgan" or not _same_grid(header, latent)
    if wrong or (header.latent == "embedded") != (latent.name == "embedded"):
        raise UnfitPriorError(
            f"'{prior.name}' was made with the latent model '{header.latent}', which is not models.latent "
            f"'{latent.name}'; `render bank` makes one for it"
        )
    perceptors = [perceptor.model.name for perceptor in models.perceptors]
    if header.perceptor == "embedded" and "embedded" not in perceptors:
        raise UnfitPriorError(
            f"'{prior.name}' was made with the perceptor 'embedded', which is none of models.perceptors "
            f"{perceptors}; `render bank` makes one for the first of them"
        )


def _same_grid(header: Header, latent: Model) -> bool:
    assert isinstance(latent.architecture, Path)
    config = read_vqgan_config(latent.architecture)
    return (header.num_codes, header.stride) == (config["params"]["n_embed"], vqgan_stride(config))


def priors_of(starts: Iterable[Start]) -> tuple[Model, ...]:
    """The priors of all shots, each once, by name."""
    found = {start.prior.name: start.prior for start in starts if start.prior is not None}
    return tuple(found[name] for name in sorted(found))


def _join(starts: Sequence[float], parts: Sequence[Start]) -> tuple[Start, ...]:
    return tuple(parts)


def _shape() -> Shape:
    shape: dict[str, Any] = {"title": "start", **read_start.shape}
    return about(shape, "what the first frame and cuts start from: `noise`, a picture, or one that a prior proposes")


SECTION = Section(
    position=65,
    shape=_shape,
    read=_read,
    needs=("models", "source"),
    join=_join,
    settings=lambda: SETTINGS,
    nested={"start_image": lambda: IMAGE_SETTINGS},
    rivals=RIVALS,
    misplaced={"prior": "prior", "candidates": "candidates", "pick": "pick"},
)


def with_priors(models: Models, starts: Sequence[Start], latents: Sequence[Model] = ()) -> Models:
    """The models with those that the shots start from.

    Args:
        latents: the latent model of each start; the first one of all unless given.
    """
    drawing = latents or [models.latent] * len(starts)

    def of(latent: Model) -> tuple[Model, ...]:
        return priors_of(start for start, own in zip(starts, drawing, strict=True) if own == latent)

    others = tuple((latent, of(latent)) for latent, _ in models.others)
    return dataclasses.replace(models, priors=of(models.latent), others=others)
