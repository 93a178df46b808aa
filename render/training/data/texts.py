"""Sentences to target vectors: the teacher's space, centred on scene captions, reduced and partly whitened.

The reduction keeps `embed_dim` principal directions of captions and prompts. Partial whitening (a direction
divided by its variance to the power `whitening`) spreads captions that the teacher holds for nearly the same.
"""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from render.training.config import DataConfig
from render.training.data.phrases import compose, wordnet
from render.training.scenes import HELD_OUT, is_held_out

log = logging.getLogger(__name__)

WEIGHTS = {"caption": 3.0, "composed": 2.0, "gloss": 0.7, "lemma": 0.7}
"""How often each kind is drawn when the text tower learns."""


class Teacher(Protocol):
    """Whatever turns sentences into unit vectors (N, 384), such as `teacher.SentenceTeacher`."""

    def embed(self, texts: list[str]) -> Tensor: ...


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Sentences, their unit target vectors (N, D), and the map from the teacher: (v - mean) @ basis."""

    texts: list[str]
    kinds: list[str]
    vectors: Tensor
    mean: Tensor
    basis: Tensor

    @property
    def dim(self) -> int:
        """Length D of a target vector."""
        return int(self.vectors.shape[1])

    def lookup(self) -> dict[str, int]:
        """Row of each sentence."""
        return {text: k for k, text in enumerate(self.texts)}

    def project(self, taught: Tensor) -> Tensor:
        """Teacher vectors (N, 384) to unit target vectors (N, D)."""
        return F.normalize((taught - self.mean) @ self.basis, dim=-1)

    def save(self, path: Path) -> None:
        """To a torch file."""
        torch.save({**self.__dict__, "vectors": self.vectors.half()}, path)


def load_texts(path: Path) -> Texts:
    """What `Texts.save` wrote."""
    raw = torch.load(path)
    return Texts(**{**raw, "vectors": raw["vectors"].float()})


def align(corpus: Texts, embedded: Tensor) -> Texts:
    """Map the corpus to the space of a text tower, given its embeddings (N, E) of the sentences, by least squares."""
    ones = torch.ones(len(embedded), 1)
    known = torch.cat([corpus.vectors, ones], 1)
    moved = known @ torch.linalg.lstsq(known, embedded).solution
    log.info(
        "the tower's own vectors and those moved into its space: cosine %.3f",
        float(F.cosine_similarity(moved, embedded).mean()),
    )
    return replace(corpus, vectors=F.normalize(moved, dim=-1))


def fit_basis(taught: Tensor, weights: Tensor, dim: int, whitening: float) -> tuple[Tensor, Tensor]:
    """Mean (384,) and basis (384, dim) of weighted, centred vectors by principal components."""
    share = (weights / weights.sum())[:, None]
    mean = (taught * share).sum(0)
    centred = taught - mean
    values, directions = torch.linalg.eigh(centred.T @ (centred * share))
    values, directions = values.flip(0)[:dim], directions.flip(1)[:, :dim]
    log.info("basis keeps %.3f of the variance", float(values.sum() / centred.pow(2).mul(share).sum()))
    return mean, directions * (values / values[0]).pow(-whitening)


def make_texts(captions: list[str], folder: Path, teacher: Teacher, lexicon: Path | None, config: DataConfig) -> Texts:
    """Embed captions, composed prompts and WordNet entries; save and return them."""
    groups = {
        "caption": list(dict.fromkeys(captions)),
        "composed": compose(config.composed_texts, config.seed),
    }
    if lexicon:
        groups["gloss"], groups["lemma"] = wordnet(lexicon, config.glosses, config.lemmas, config.seed)
    kinds = {text: kind for kind, texts in reversed(groups.items()) for text in texts if not is_held_out(text)}
    texts = list(kinds)
    log.info("sentences: %s", {kind: len(group) for kind, group in groups.items()})
    taught = teacher.embed(texts)
    weights = torch.tensor([{"caption": 1.0, "composed": 0.5}.get(kinds[text], 0.05) for text in texts])
    mean, basis = fit_basis(taught, weights, config.embed_dim, config.whitening)
    vectors = F.normalize((taught - mean) @ basis, dim=-1)
    made = Texts(texts=texts, kinds=[kinds[text] for text in texts], vectors=vectors, mean=mean, basis=basis)
    made.save(folder / "texts.pt")
    asked = made.project(teacher.embed(list(HELD_OUT)))
    prompts = replace(made, texts=list(HELD_OUT), kinds=["held out"] * len(HELD_OUT), vectors=asked)
    prompts.save(folder / "prompts.pt")
    return made
