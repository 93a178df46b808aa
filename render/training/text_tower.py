"""Distil the projected teacher space into the text tower."""

import logging
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from .checkpoint import load_state, save_state
from .config import Recipe
from .texts import WEIGHTS, load_texts
from .towers import (
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


def train_text_tower(data: Path, run: Path, recipe: Recipe) -> None:
    """Train and write run/text.pt; resumes from it."""
    config = recipe.text
    torch.manual_seed(config.seed)
    corpus = load_texts(data / "texts.pt")
    tokens = tokenize(corpus.texts)
    pair = create_pair(run / "clip.json", tower_config(recipe.clip, config, corpus.dim))
    _forget_unseen(pair.token_embedding.weight, tokens)
    parameters = text_parameters(pair)
    optimizer = torch.optim.Adam(parameters.values(), config.learning_rate, betas=(0.9, 0.98))
    shuffled = torch.randperm(len(tokens), generator=torch.Generator().manual_seed(1))
    held = shuffled[: min(HELD_OUT, len(tokens) // 10)]
    weights = torch.tensor([WEIGHTS[kind] for kind in corpus.kinds])
    weights[held] = 0
    state = load_state(run / "text.pt")
    start = state["step"] if state else 0
    if state:
        pair.load_state_dict(state["text"], strict=False)
        optimizer.load_state_dict(state["optimizer"])
    batches = SentenceBatches(tokens, weights, config.batch, config.seed + start)
    for step in range(start, config.steps):
        for group in optimizer.param_groups:
            group["lr"] = cosine_rate(step, config.steps, config.learning_rate, 60)
        rows = batches.draw()
        made, wanted = encode_text(pair, tokens[rows]), corpus.vectors[rows]
        loss = 3 * (1 - (made * wanted).sum(1)).mean() + 0.3 * soft_contrast(made, wanted, wanted, 20)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        optimizer.step()
        if (step + 1) % LOG_EVERY == 0:
            log.info("text step %d of %d loss %.3f", step + 1, config.steps, loss.item())
        if (step + 1) % (5 * LOG_EVERY) == 0 or step + 1 == config.steps:
            log.info(
                "held-out sentences: cosine %.3f, nearest of %d right %.3f",
                *_quality(pair, tokens[held], corpus.vectors[held]),
            )
            text = {k: v for k, v in pair.state_dict().items() if k in parameters}
            save_state(run / "text.pt", {"text": text, "optimizer": optimizer.state_dict(), "step": step + 1})


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
