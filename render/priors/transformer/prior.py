"""Propose pictures that a transformer draws."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from render.errors import InputError, RunError
from render.guidance.perceptors import Perceptor
from render.guidance.prompts import Targets
from render.latents import CodedLatent, Latent
from render.models.class_names import class_number, imagenet_classes
from render.models.model import sha256
from render.priors import Candidates, Wanted
from render.priors.transformer.checkpoint import SecondStage
from render.priors.transformer.conditions import Condition, coordinates, map_codes, tokens
from render.priors.transformer.continuing import continued
from render.priors.transformer.sampling import Sampling
from render.priors.transformer.windows import UNKNOWN, fill
from render.spec import ImageFile

TOP_K = 100
AT_ONCE = 8  # candidates that are drawn together
_NEAREST = 4  # classes that candidates are drawn of, if the schedule names none
_SENTENCE = "a photo of a {}."


class TransformerPrior:
    """A transformer, the VQGAN whose codes it draws, and the VQGAN that it draws for.

    If both have one codebook, its codes are the latents. If not, its pictures are decoded by its own and encoded.
    """

    def __init__(self, second: SecondStage, latents: Latent, perceptors: Sequence[Perceptor]) -> None:
        self._second, self._latents, self._perceptors = second, latents, perceptors
        self._shares_codebook = isinstance(latents, CodedLatent) and _equal(
            latents.codebook, second.first_stage.codebook
        )
        self._classes: list[Tensor] | None = None

    @torch.no_grad()
    def propose(self, wanted: Wanted, generator: torch.Generator) -> Candidates:
        """Draw candidates without scores, so that the perceptors rank them.

        A candidate does not depend on how many others there are. Settings:

        - `temperature`, `top_k` (0 for all), `top_p`: see `sampling.Sampling`;
        - `class`: the name or number of a class; without it the classes whose names are nearest to the prompts;
        - `map`: the path of a picture of labels or depths, which a model of such maps needs.

        Raises:
            InputError: the condition is missing, cannot be read, or is unknown.
        """
        rows, columns = self._grid(wanted.size)
        conditions = self._conditions(wanted, rows, columns)
        seeds = [torch.randint(2**62, (1,), generator=generator, device=generator.device) for _ in range(wanted.count)]
        latents = []
        for part in _parts(wanted.count):
            codes = self._drawn(conditions[part], [int(seeds[each]) for each in part], rows, columns, _sampling(wanted))
            latents.append(self._as_latents(codes))
        return Candidates(latents=torch.cat(latents))

    @torch.no_grad()
    def continued(self, picture: Tensor, known: Tensor, wanted: Wanted, generator: torch.Generator) -> Tensor | None:
        """See `Continuing`. None for a model of maps, for one of classes that have no names here, and if too small."""
        read = self._second.read
        if read.condition not in ("none", "class", "coordinates"):
            return None
        if read.condition == "class" and not (self._knows_classes and any(wanted.targets)):
            return None
        alone = replace(wanted, count=1)

        def conditions(rows: int, columns: int) -> Condition:
            codes = self._conditions(alone, rows, columns).to(picture.device)
            return Condition(codes=codes, side=read.side)

        return continued(self._second, picture, known, conditions, _sampling(alone), generator)

    def _drawn(self, condition: Tensor, seeds: Sequence[int], rows: int, columns: int, sampling: Sampling) -> Tensor:
        read, gpt = self._second.read, self._second.gpt
        device = gpt.pos_emb.device
        return fill(
            gpt,
            torch.full((len(seeds), rows, columns), UNKNOWN, device=device),
            Condition(codes=condition.to(device), side=read.side),
            read.side,
            sampling,
            tuple(torch.Generator(device=device).manual_seed(seed) for seed in seeds),
            num_codes=read.num_codes,
        )

    def _grid(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return rows and columns of codes for a picture of (width, height).

        A model of maps or coordinates draws the picture at its own size, by a sliding window. Others have seen whole
        pictures only: the shorter side is as long as theirs, so that a large picture is not made of several small ones.
        """
        read = self._second.read
        columns, rows = (side / read.stride for side in size)
        scale = read.side / min(rows, columns)
        scale = max(1.0, scale) if read.is_spatial else scale
        return max(read.side, round(rows * scale)), max(read.side, round(columns * scale))

    def _conditions(self, wanted: Wanted, rows: int, columns: int) -> Tensor:
        """Return the codes of the condition for every candidate: (N, P) or (N, rows, columns)."""
        read, count = self._second.read, wanted.count
        if read.condition == "none":
            return tokens(torch.full((count,), read.sos_token))
        if read.condition == "class":
            return tokens(self._of_classes(wanted))
        if read.condition == "coordinates":
            codes = coordinates(rows, columns, read.stride, read.num_levels)
        else:
            picture = wanted.settings.get("map")
            if not isinstance(picture, ImageFile):
                raise InputError(f"the prior needs a picture of {read.condition}; expected map: PATH")
            assert self._second.encoder is not None
            codes = map_codes(_unchanged(picture), read, self._second.encoder, rows, columns)
        return codes.clamp_max(read.gpt.vocab_size - 1).expand(count, *codes.shape[1:])

    def _of_classes(self, wanted: Wanted) -> Tensor:
        """Return a class for every candidate: the one that is set, or in turn those nearest to the prompts."""
        num_classes = self._second.read.num_classes
        if "class" in wanted.settings:
            return torch.full((wanted.count,), class_number(str(wanted.settings["class"]), num_classes))
        if not self._knows_classes or all(targets is None for targets in wanted.targets):
            raise InputError(f"the prior draws one of {num_classes} classes; expected class: a name or a number")
        nearest = self._similar(wanted.targets).topk(_NEAREST).indices.cpu()
        return nearest[torch.arange(wanted.count) % _NEAREST]

    @property
    def _knows_classes(self) -> bool:
        return self._second.read.num_classes == len(imagenet_classes())

    def _similar(self, targets: Sequence[Targets | None]) -> Tensor:
        """Return how near the name of every class is to the prompts, over all perceptors: (num_classes,)."""
        if self._classes is None:
            sentences = [_SENTENCE.format(name) for name in imagenet_classes()]
            self._classes = [perceptor.encode_text(sentences).float() for perceptor in self._perceptors]
        pairs = zip(targets, self._classes, strict=True)
        return torch.stack([each.similarity(names[:, None]) for each, names in pairs if each is not None]).sum(dim=0)

    def _as_latents(self, codes: Tensor) -> Tensor:
        """Return codes (N, rows, columns) as latents of the schedule's VQGAN."""
        first = self._second.first_stage
        entries = first.entries(codes)
        if self._shares_codebook:
            return entries
        stride = self._latents.stride
        pictures = torch.cat([first.decode(entry[None]).float() for entry in entries])
        size = [max(1, round(side / stride)) * stride for side in pictures.shape[-2:]]
        if size != list(pictures.shape[-2:]):
            pictures = F.interpolate(pictures, size=size, mode="bicubic", antialias=True).clamp(0.0, 1.0)
        return torch.cat([self._latents.encode(picture[None]) for picture in pictures])


def _sampling(wanted: Wanted) -> Sampling:
    def number(name: str, default: float) -> float:
        found = wanted.settings.get(name, default)
        assert isinstance(found, int | float)
        return float(found)

    return Sampling(
        temperature=number("temperature", 1.0), top_k=int(number("top_k", TOP_K)) or None, top_p=number("top_p", 1.0)
    )


def _unchanged(picture: ImageFile) -> Path:
    if sha256(picture.path) != picture.sha256:
        raise RunError(f"{picture.path}: changed since the schedule was read; start the run again")
    return picture.path


def _parts(count: int) -> Iterator[list[int]]:
    for first in range(0, count, AT_ONCE):
        yield list(range(first, min(first + AT_ONCE, count)))


def _equal(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and bool(torch.equal(one, other.to(one.device)))
