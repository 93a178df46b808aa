"""Propose pictures from a bank: those whose captions and embeddings are nearest to the prompts."""

from collections.abc import Sequence

import numpy as np
import torch

from render.errors import UnfitPriorError
from render.guidance.perceptors import Perceptor
from render.guidance.prompts import Targets
from render.latents import CodedLatent, Latent
from render.priors import Candidates, Wanted
from render.priors.bank.file import Array, Bank
from render.priors.bank.identity import codebook_digest, place_of_alike
from render.spec.prompts import PromptWeight

NEAREST = 4  # times as many pictures are drawn from as candidates are wanted
WORDS = 1.5  # what a word's weight counts, in standard deviations of the perceptor's scores
USUAL_SHARE = 0.5  # of the mean text that is taken off a prompt
TEMPERATURE = 0.25  # of the draw, in standard deviations of all scores


class BankPrior:
    """A bank, and which of the perceptors it was made with."""

    def __init__(self, bank: Bank, latents: CodedLatent, which: int) -> None:
        self._bank, self._latents, self._which = bank, latents, which
        self._components = (bank.embeddings * bank.scale).astype(np.float32)

    @classmethod
    def fitting(
        cls, bank: Bank, name: str, latents: Latent, perceptors: Sequence[Perceptor], device: torch.device
    ) -> "BankPrior":
        """Return the bank with the perceptor that it was made with.

        Raises:
            UnfitPriorError: it was made with another VQGAN or with none of the perceptors; `name` is in the message.
        """
        if not isinstance(latents, CodedLatent) or codebook_digest(latents) != bank.header.codebook:
            raise UnfitPriorError(
                f"{name}: its codes are of another VQGAN than models.latent: it was made with '{bank.header.latent}'"
            )
        which = place_of_alike(perceptors, torch.from_numpy(bank.probes), device)
        if which is None:
            raise UnfitPriorError(
                f"{name}: its embeddings are of none of models.perceptors: it was made with '{bank.header.perceptor}'"
            )
        return cls(bank, latents, which)

    def propose(self, wanted: Wanted, generator: torch.Generator) -> Candidates:
        """Draw pictures from the nearest ones without putting back, and mirror each with probability one half.

        The setting `temperature` (0 or more, 1 if not set) says how freely: 0 gives the nearest in order.
        """
        seen = self._scores(wanted.targets[self._which])
        scores = seen + WORDS * seen.std() * self._mentions(wanted.prompts)
        order = np.argsort(-scores, kind="stable")[: NEAREST * wanted.count]
        chance = torch.rand(2, len(order), generator=generator, device=generator.device).cpu().numpy()
        temperature = wanted.settings.get("temperature", 1.0)
        assert isinstance(temperature, int | float)
        warmth = float(temperature) * TEMPERATURE * float(seen.std())
        chosen = order[_drawn(scores[order], warmth, chance[0])[: wanted.count]]
        chosen = chosen[np.argsort(-scores[chosen], kind="stable")]
        device = self._latents.codebook.device
        codes = torch.from_numpy(self._bank.unpacked(chosen)).to(device)
        return Candidates(
            latents=self._latents.entries(codes),
            scores=torch.from_numpy(scores[chosen]).to(device),
            mirrored=torch.from_numpy(chance[1][: len(chosen)] < 0.5).to(device),
        )

    def _scores(self, targets: Targets | None) -> Array:
        """How well every picture fits the prompts, (N,) float32: its cosine to the prompts, less a part of its cosine
        to texts of every kind, without which a few pictures are near to all texts.

        Source: hubness; Radovanović et al., "Hubs in Space" (2010).
        """
        if targets is None:
            return np.zeros(len(self._bank), np.float32)
        bank = self._bank
        weights = (targets.weights / targets.weights.abs().sum()).float().cpu()
        asked = (weights @ targets.embeddings.float().cpu()).numpy() - USUAL_SHARE * bank.usual
        found: Array = self._components @ (bank.basis @ asked) + np.float32(bank.centre @ asked)
        return found

    def _mentions(self, prompts: Sequence[PromptWeight]) -> Array:
        """How much of the prompts every picture's captions mention, (N,) float32; see `Words.match`."""
        total = np.zeros(len(self._bank), np.float32)
        for prompt in prompts:
            if prompt.image is None:
                total += np.float32(prompt.weight) * self._bank.words.match(prompt.text)
        return total / np.float32(sum(abs(prompt.weight) for prompt in prompts) or 1.0)


def _drawn(scores: Array, warmth: float, chance: Array) -> Array:
    """Order numbers as drawn with probabilities softmax(scores / warmth), one after the other.

    Source: the Gumbel-max trick for samples without replacement, Vieira (2014).
    """
    if warmth <= 0:
        return np.arange(len(scores))
    noise = -np.log(-np.log(np.clip(chance, 1e-7, 1 - 1e-7)))
    return np.argsort(-(scores / warmth + noise), kind="stable")
