"""Distil the projected teacher space into the text tower."""

import logging
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from render.training.checkpoint import load_state, save_state
from render.training.clip.looks import load_targets
from render.training.config import Recipe
from render.training.data.texts import WEIGHTS
from render.training.networks.towers import (
    cosine_rate,
    create_pair,
    encode_text,
    soft_contrast,
    text_parameters,
    tokenize,
    tower_config,
)

log = logging.getLogger(__name__)

HELD_OUT = 1500
LOG_EVERY = 100
SAVE_EVERY = 500


class SentenceBatches:
    """Batches of sentences of similar length, drawn by the weight of their kind."""

    def __init__(self, tokens: Tensor, weights: Tensor, batch: int, seed: int) -> None:
        self._weights, self._batch = weights, batch
        self._lengths = (tokens > 0).sum(1)
        self._generator = torch.Generator().manual_seed(seed)
        self._queue: list[Tensor] = []

    def draw(self) -> Tensor:
        """Rows of the next batch."""
        if not self._queue:
            rows = torch.multinomial(self._weights, 40 * self._batch, replacement=True, generator=self._generator)
            rows = rows[self._lengths[rows].argsort()]
            chunks = torch.split(rows, self._batch)
            self._queue = [chunks[k] for k in torch.randperm(len(chunks), generator=self._generator)]
        return self._queue.pop()


class TextRun:
    """One run; `train` resumes from the last checkpoint, run/text.pt. `start` is as in `ClipRun`."""

    def __init__(self, data: Path, run: Path, recipe: Recipe, start: Path | None = None) -> None:
        self.config, self.run = recipe.text, run
        torch.manual_seed(self.config.seed)
        self.corpus = load_targets(data, run, recipe.clip.looks, start)
        self.tokens = tokenize(self.corpus.texts)
        self.pair = create_pair(run / "clip.json", tower_config(recipe.clip, self.config, self.corpus.dim))
        _forget_unseen(self.pair.token_embedding.weight, self.tokens)
        self.parameters = text_parameters(self.pair)
        self.optimizer = torch.optim.Adam(self.parameters.values(), betas=(0.9, 0.98))
        shuffled = torch.randperm(len(self.tokens), generator=torch.Generator().manual_seed(1))
        self.held = shuffled[: min(HELD_OUT, len(self.tokens) // 10)]
        self.step = 0

    def train(self) -> None:
        """Run to the last step."""
        self._resume()
        weights = torch.tensor([WEIGHTS[kind] for kind in self.corpus.kinds])
        weights[self.held] = 0
        batches = SentenceBatches(self.tokens, weights, self.config.batch, self.config.seed + self.step)
        while self.step < self.config.steps:
            loss = self._one_step(batches.draw())
            self.step += 1
            if self.step % LOG_EVERY == 0:
                log.info("text step %d of %d loss %.3f", self.step, self.config.steps, loss)
            if self.step % SAVE_EVERY == 0 or self.step == self.config.steps:
                self._save()

    def _one_step(self, rows: Tensor) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = cosine_rate(self.step, self.config.steps, self.config.learning_rate, 60)
        made, wanted = encode_text(self.pair, self.tokens[rows]), self.corpus.vectors[rows]
        loss = 3 * (1 - (made * wanted).sum(1)).mean() + 0.3 * soft_contrast(made, wanted, wanted, 20)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.parameters.values(), 1.0)
        self.optimizer.step()
        return float(loss.detach())

    def _save(self) -> None:
        quality = _quality(self.pair, self.tokens[self.held], self.corpus.vectors[self.held])
        log.info("held-out sentences: cosine %.3f, nearest of %d right %.3f", *quality)
        text = {k: v for k, v in self.pair.state_dict().items() if k in self.parameters}
        save_state(self.run / "text.pt", {"text": text, "optimizer": self.optimizer.state_dict(), "step": self.step})

    def _resume(self) -> None:
        state = load_state(self.run / "text.pt")
        if state is None:
            return
        self.step = state["step"]
        self.pair.load_state_dict(state["text"], strict=False)
        self.optimizer.load_state_dict(state["optimizer"])
        log.info("resumed at text step %d", self.step)


@torch.no_grad()
def _forget_unseen(table: Tensor, tokens: Tensor) -> None:
    """Zero the rows of tokens that no sentence has, in place; they get no gradient and stay zero."""
    unseen = torch.ones(len(table), dtype=torch.bool)
    unseen[torch.unique(tokens).long()] = False
    table[unseen] = 0


@torch.no_grad()
def _quality(pair: torch.nn.Module, tokens: Tensor, wanted: Tensor) -> tuple[float, int, float]:
    made = torch.cat([encode_text(pair, part) for part in torch.split(tokens, 250)])
    right = ((made @ wanted.T).argmax(1) == torch.arange(len(wanted))).float().mean()
    return float(F.cosine_similarity(made, wanted).mean()), len(wanted), float(right)
