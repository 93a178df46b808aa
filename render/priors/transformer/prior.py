"""Propose pictures that a transformer draws."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from render.errors import InputError, RunError, UnfitPriorError
from render.guidance.perceptors import Perceptor
from render.guidance.prompts import Targets
from render.latents import CodedLatent, Latent
from render.latents.vqgan import VQGAN
from render.models.class_names import class_number, imagenet_classes
from render.models.model import sha256
from render.priors import Candidates, Wanted
from render.priors.bank.identity import codebook_digest, place_of_alike
from render.priors.transformer.checkpoint import SecondStage
from render.priors.transformer.coarse import CoarseCodes
from render.priors.transformer.conditions import Condition, coordinates, map_codes, tokens
from render.priors.transformer.continuing import continued
from render.priors.transformer.sampling import Sampling
from render.priors.transformer.texts import Guided
from render.priors.transformer.windows import UNKNOWN, Drawing, fill
from render.spec.pictures import ImageFile

TOP_K = 100
GUIDANCE = 3.0
AT_ONCE = 8  # candidates that are drawn together
_NEAREST = 4  # classes that candidates are drawn of, if the schedule names none
_SENTENCE = "a photo of a {}."


class TransformerPrior:
    """A transformer, the VQGAN whose codes it draws, and the VQGAN that it draws for.

    If both have one codebook, or its own has entries for the other's decoder, its codes are the latents. If not, its
    pictures are decoded by its own and encoded.
    """

    def __init__(self, second: SecondStage, latents: Latent, perceptors: Sequence[Perceptor]) -> None:
        self._second, self._latents, self._perceptors = second, latents, perceptors
        self._shares_latents = isinstance(second.first_stage, CoarseCodes) or (
            isinstance(latents, CodedLatent) and _equal(latents.codebook, second.first_stage.codebook)
        )
        self._classes: list[Tensor] | None = None
        self._which = 0

    @classmethod
    def fitting(
        cls, second: SecondStage, name: str, latents: Latent, perceptors: Sequence[Perceptor], device: torch.device
    ) -> "TransformerPrior":
        """Return the prior; a transformer of texts must be one for these models.

        Raises:
            UnfitPriorError: it was made for another VQGAN, or for none of the perceptors; `name` is in the message.
        """
        prior = cls(second, latents, perceptors)
        if second.texts is not None:
            if not isinstance(latents, CodedLatent) or codebook_digest(latents) != second.read.codebook:
                raise UnfitPriorError(f"{name}: it draws codes of another VQGAN than models.latent")
            which = place_of_alike(perceptors, second.texts.probes.cpu(), device)
            if which is None:
                raise UnfitPriorError(f"{name}: it was trained on embeddings of none of models.perceptors")
            prior._which = which
        return prior

    @torch.no_grad()
    def propose(self, wanted: Wanted, generator: torch.Generator) -> Candidates:
        """Draw candidates without scores, so that the perceptors rank them.

        A candidate does not depend on how many others there are. Settings:

        - `temperature`, `top_k` (0 for all), `top_p`: see `sampling.Sampling`;
        - `guidance`: of a transformer of texts, see `texts.Guided`;
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
            codes = self._drawn(wanted, conditions[part], [int(seeds[each]) for each in part], rows, columns)
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

    def _drawn(self, wanted: Wanted, condition: Tensor, seeds: Sequence[int], rows: int, columns: int) -> Tensor:
        read, gpt = self._second.read, self._second.gpt
        device = gpt.pos_emb.device
        told, drawing = self._told(wanted, len(seeds))
        return fill(
            drawing,
            torch.full((len(seeds), rows, columns), UNKNOWN, device=device),
            Condition(codes=condition.to(device), side=read.side),
            read.side,
            _sampling(wanted),
            tuple(torch.Generator(device=device).manual_seed(seed) for seed in seeds),
            num_codes=read.num_codes,
            embeddings=told,
        )

    def _told(self, wanted: Wanted, count: int) -> tuple[Tensor | None, Drawing]:
        """Return what a transformer of texts is told of the prompts, (count, E, n_embd), and what draws by it."""
        stage, gpt = self._second.texts, self._second.gpt
        if stage is None:
            return None, gpt
        nothing = stage(stage.null[None])
        targets = wanted.targets[self._which] if wanted.targets else None
        if targets is None:
            return nothing.expand(count, -1, -1), gpt
        mixed = targets.weights.float() @ targets.embeddings.float()
        told = stage(F.normalize(mixed, dim=0).to(nothing.device)[None]).expand(count, -1, -1)
        strength = _number(wanted, "guidance", GUIDANCE)
        return told, gpt if strength == 1 else Guided(gpt, nothing, strength)

    def _grid(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return rows and columns of codes for a picture of (width, height).

        A model of maps or coordinates draws the picture at its own size, by a sliding window. Others have seen whole
        pictures only: the shorter side is as long as theirs, so that a large picture is not made of several small ones.
        One of texts draws a whole picture, of which the frame is cut, as of a bank's.
        """
        read = self._second.read
        if read.condition == "text":
            return read.side, read.side
        columns, rows = (side / read.stride for side in size)
        scale = read.side / min(rows, columns)
        scale = max(1.0, scale) if read.is_spatial else scale
        return max(read.side, round(rows * scale)), max(read.side, round(columns * scale))

    def _conditions(self, wanted: Wanted, rows: int, columns: int) -> Tensor:
        """Return the codes of the condition for every candidate: (N, P) or (N, rows, columns)."""
        read, count = self._second.read, wanted.count
        if read.condition == "none":
            return tokens(torch.full((count,), read.sos_token))
        if read.condition == "text":
            return torch.empty(count, 0, dtype=torch.long)
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
        if self._shares_latents:
            return entries
        assert isinstance(first, VQGAN)
        stride = self._latents.stride
        pictures = torch.cat([first.decode(entry[None]).float() for entry in entries])
        size = [max(1, round(side / stride)) * stride for side in pictures.shape[-2:]]
        if size != list(pictures.shape[-2:]):
            pictures = F.interpolate(pictures, size=size, mode="bicubic", antialias=True).clamp(0.0, 1.0)
        return torch.cat([self._latents.encode(picture[None]) for picture in pictures])


def _number(wanted: Wanted, name: str, default: float) -> float:
    found = wanted.settings.get(name, default)
    assert isinstance(found, int | float)
    return float(found)


def _sampling(wanted: Wanted) -> Sampling:
    return Sampling(
        temperature=_number(wanted, "temperature", 1.0),
        top_k=int(_number(wanted, "top_k", TOP_K)) or None,
        top_p=_number(wanted, "top_p", 1.0),
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
