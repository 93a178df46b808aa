"""Train the image tower against the teacher's caption vectors, under attack, then both towers together."""

import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from render.training.augment import augment
from render.training.checkpoint import Average, load_state, save_state
from render.training.clip.attack import Attack, random_start
from render.training.clip.data import CaptionedImages
from render.training.clip.decoys import Decoys, worth_faking
from render.training.clip.looks import load_targets
from render.training.clip.phases import Phase, phase_at
from render.training.config import Recipe
from render.training.data.blends import blend
from render.training.networks.guiding import load_pair
from render.training.networks.towers import (
    cosine_rate,
    create_pair,
    encode_image,
    encode_text,
    soft_contrast,
    text_parameters,
    tokenize,
    tower_config,
)

log = logging.getLogger(__name__)

LOG_EVERY = 25


class ClipRun:
    """One run: data, towers, optimisers, decoys; `train` resumes from the last checkpoint.

    With `start`, an exported pair (path without ending), the run refines its image tower, in the space that it knows.
    With `vqgan`, an exported VQGAN, some decoys are painted by it.
    """

    def __init__(
        self, data: Path, run: Path, recipe: Recipe, start: Path | None = None, vqgan: Path | None = None
    ) -> None:
        self.config, self.run = recipe.clip, run
        torch.manual_seed(self.config.seed)
        self.rng = np.random.default_rng(self.config.seed)
        self.corpus = load_targets(data, run, self.config.looks, start)
        self.tokens = tokenize(self.corpus.texts)
        others = {name: getattr(self.config, name) for name in ("photos", "artwork", "reconstructed", "skies")}
        weights = {"scenes": 1 - sum(others.values()), **others}
        self.images = CaptionedImages(data, weights, self.corpus.lookup())
        self.text_ready = False
        self.pair: Any = self._begin(recipe, start)
        visual = list(self.pair.visual.parameters())
        groups = [
            {"params": [p for p in visual if p.ndim > 1], "weight_decay": self.config.weight_decay},
            {"params": [p for p in visual if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self.image_optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98))
        self.text = text_parameters(self.pair)
        self.text_optimizer = torch.optim.Adam(self.text.values(), betas=(0.9, 0.98))
        self.average = Average(self.pair.visual, self.config.average)
        self.decoys = Decoys(self.config, vqgan)
        # Unrelated captions are not at 0 in every space: the teacher's own mean is not taken out of all.
        some = self.corpus.vectors[torch.from_numpy(self.rng.integers(0, len(self.tokens), 1000))]
        self.floor = float((some @ some.T).mean())
        self.step = 0
        self.pending: Attack | None = None

    def _begin(self, recipe: Recipe, start: Path | None) -> Any:
        pair = create_pair(self.run / "clip.json", tower_config(recipe.clip, recipe.text, self.corpus.dim))
        if start:
            pair.visual.load_state_dict(load_pair(start).visual.state_dict())
        return pair

    def train(self) -> None:
        """Run to the last step; a non-finite loss stops the run and names the step."""
        self._resume()
        seen: dict[str, list[float]] = {}
        while self.step < self.config.steps:
            figures = self._one_step()
            if not math.isfinite(figures["loss"]):
                raise FloatingPointError(f"loss is {figures['loss']} at step {self.step}")
            for name, value in figures.items():
                seen.setdefault(name, []).append(value)
            self.step += 1
            if self.step % LOG_EVERY == 0:
                log.info(
                    "clip step %d %s",
                    self.step,
                    " ".join(f"{k} {sum(v) / len(v):.3f}" for k, v in seen.items()),
                )
                seen = {}
            if self.step % self.config.save_every == 0 or self.step == self.config.steps:
                self.images.load_new_sets()
                self._save()

    def _one_step(self) -> dict[str, float]:
        """A batch is used `replays` more times, attacked along the gradient of its own training pass."""
        phase = phase_at(self.step, self.config)
        use = self.pending or self._fresh(phase)
        targets = use.mix(self.corpus.vectors[use.rows])
        decoys, fakes = self._decoys(phase, use)
        seen = torch.cat([use.seen, decoys]).requires_grad_()
        made = encode_image(self.pair.visual.train(), seen)
        real, fake = made[: len(targets)], made[len(targets) :]
        cosine = (real * targets).sum(1)
        loss = 2 * soft_contrast(real, targets, targets, self.config.temperature) + 2 * (1 - cosine).mean()
        figures = {"attacked" if self.pending else "clean": float(cosine.detach().mean()), "radius": phase.radius}
        if len(decoys):
            loss = loss + self.config.decoy_weight * self._reject(real, fake, targets, fakes)
            figures["decoy"] = float((fake.detach() * fakes).sum(1).mean())
        if phase.joint:
            loss = loss + self._text_loss(real, use, targets)
        self._update(loss, phase, cosine_rate(self.step, self.config.steps, self.config.learning_rate, 60))
        assert seen.grad is not None
        if len(decoys):
            self.decoys.climb(seen.grad[len(targets) :])
        self.pending = use.again(seen.grad[: len(targets)], phase.radius)
        return {"loss": float(loss.detach()), **figures}

    def _fresh(self, phase: Phase) -> Attack:
        """Augmented pictures and their caption rows."""
        config = self.config
        pictures, rows = self.images.draw(config.batch, self.rng)
        views = (config.image_size, config.smallest_crop, config.squeezed)
        images = torch.cat([augment(part, *views, self.rng) for part in pictures])
        images, others, share = blend(images, config.blended)
        seen, left = random_start(images, phase.radius), config.replays if phase.radius else 0
        return Attack(images=images, seen=seen, rows=rows, others=others, share=share, left=left)

    def _decoys(self, phase: Phase, use: Attack) -> tuple[Tensor, Tensor]:
        """Decoys of this step and the caption vectors that they were optimised towards."""
        if not phase.decoys:
            return use.images[:0], self.corpus.vectors[:0]
        scenes = [int(r) for r in use.rows if worth_faking(self.corpus.texts[int(r)])]
        pictures, captions = self.decoys.draw(torch.tensor(scenes or use.rows.tolist()), use.images)
        return pictures, self.corpus.vectors[captions]

    def _reject(self, real: Tensor, fake: Tensor, targets: Tensor, fakes: Tensor) -> Tensor:
        """A caption must find its picture among the decoys, and a decoy must not look like its caption."""
        temperature = self.config.temperature
        own = (real * targets).sum(1, keepdim=True)
        choice = torch.cat([own, targets @ fake.T], 1) * temperature
        found = F.cross_entropy(choice, torch.zeros(len(own), dtype=torch.long))
        return found + F.softplus(((fake * fakes).sum(1) - self.floor - 0.15) * 8).mean() / 4

    def _text_loss(self, real: Tensor, use: Attack, targets: Tensor) -> Tensor:
        """Keep the text tower near to the teacher, for captions and other sentences, and align it with the pictures."""
        if not self.text_ready:
            self._take_text_tower()
        rows = torch.cat([use.rows, torch.from_numpy(self.rng.integers(0, len(self.tokens), 96))])
        embedded = encode_text(self.pair, self.tokens[rows])
        taught = 6 * (1 - (embedded * self.corpus.vectors[rows]).sum(1)).mean()
        return taught + soft_contrast(real, use.mix(embedded[: len(real)]), targets, self.config.temperature)

    def _update(self, loss: Tensor, phase: Phase, rate: float) -> None:
        self.image_optimizer.zero_grad()
        self.text_optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.pair.visual.parameters(), 2.0)
        for group in self.image_optimizer.param_groups:
            group["lr"] = rate
        self.image_optimizer.step()
        if phase.joint:
            torch.nn.utils.clip_grad_norm_(self.text.values(), 1.0)
            for group in self.text_optimizer.param_groups:
                group["lr"] = 0.3 * rate
            self.text_optimizer.step()
        self.average.update(self.pair.visual)

    def _take_text_tower(self) -> None:
        state = load_state(self.run / "text.pt")
        if state is None:
            raise ValueError(f"{self.run / 'text.pt'}: the text tower must be trained before step {self.step}")
        self.pair.load_state_dict(state["text"], strict=False)
        self.text_ready = True

    def _save(self) -> None:
        save_state(
            self.run / "clip.pt",
            {
                "step": self.step,
                "pair": self.pair.state_dict(),
                "average": self.average.state_dict(),
                "decoys": self.decoys.state_dict(),
                "image_optimizer": self.image_optimizer.state_dict(),
                "text_optimizer": self.text_optimizer.state_dict(),
                "text_ready": self.text_ready,
                "pending": self.pending,
                "rng": self.rng.bit_generator.state,
                "torch_rng": torch.get_rng_state(),
            },
        )

    def _resume(self) -> None:
        state = load_state(self.run / "clip.pt")
        if state is None:
            return
        self.step, self.text_ready = state["step"], state["text_ready"]
        self.pending = state.get("pending")
        self.pair.load_state_dict(state["pair"])
        self.rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch_rng"])
        for name in ("average", "decoys", "image_optimizer", "text_optimizer"):
            getattr(self, name).load_state_dict(state[name])
        log.info("resumed at step %d", self.step)
