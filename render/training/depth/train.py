"""Train the depth network."""

import logging
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from render.training.checkpoint import Average, load_state, save_state
from render.training.config import DepthConfig
from render.training.depth.losses import gradient_error, normalised, trimmed_error
from render.training.depth.network import DepthNet
from render.training.depth.scenes import DepthScenes
from render.training.depth.views import Views, views

log = logging.getLogger(__name__)

CHECKPOINT = "depth.pt"
_LOG_EVERY = 50
_LEAST = 0.02  # spread of the nearness of a view that says anything
_THINGS = 3  # every third scene at least has no horizon but things before something; of all scenes it is a sixth
_WARM = 100  # steps in which the learning rate rises


class DepthRun:
    """One run; `train` resumes from the last checkpoint. Batch `n` is the same in every run."""

    def __init__(self, scenes: DepthScenes, run: Path, config: DepthConfig) -> None:
        self.config, self.run, self.scenes = config, run, scenes
        self._things = np.flatnonzero(np.isnan(scenes.horizons))
        self._shown = round(config.seen * len(scenes.pictures))
        torch.manual_seed(config.seed)
        self.net = DepthNet(nn.BatchNorm2d).to(memory_format=torch.channels_last)
        self.adam = torch.optim.AdamW(self.net.parameters(), betas=(0.9, 0.99), weight_decay=config.weight_decay)
        self.average = Average(self.net, config.average)
        self.step = 0

    def train(self, until: int | None = None) -> None:
        """Run to the last step, or to an earlier one; a non-finite loss stops the run and names the step."""
        self._resume()
        losses: list[float] = []
        while self.step < (self.config.steps if until is None else until):
            losses.append(self._one_step())
            if not math.isfinite(losses[-1]):
                raise FloatingPointError(f"loss is {losses[-1]} at step {self.step}")
            self.step += 1
            if self.step % _LOG_EVERY == 0:
                log.info("depth step %d loss %.4f", self.step, sum(losses) / len(losses))
                losses = []
            if self.step % self.config.save_every == 0 or self.step == self.config.steps:
                save_state(self.run / CHECKPOINT, self._state())

    def _one_step(self) -> float:
        loss = self._loss(self._batch())
        self.net.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        for group in self.adam.param_groups:
            group["lr"] = self.config.learning_rate * self._share()
        self.adam.step()
        self.average.update(self.net)
        return float(loss.detach())

    def _loss(self, batch: Views) -> Tensor:
        pictures = batch.pictures.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            found = self.net(pictures)
        tells = batch.nearness.flatten(1).std(dim=1) > _LEAST
        found, true = normalised(found.float()[tells]), normalised(batch.nearness[tells])
        return trimmed_error(found, true, self.config.trimmed) + self.config.gradients * gradient_error(found, true)

    def _batch(self) -> Views:
        rng = np.random.default_rng([self.config.seed, self.step])
        rows = rng.integers(len(self.scenes.pictures), size=self.config.batch)
        if len(self._things):
            rows[: self.config.batch // _THINGS] = rng.choice(self._things, self.config.batch // _THINGS)
        return views(self.scenes, rows, self._shown, rng)

    def _share(self) -> float:
        """The learning rate at this step, as a share of the highest: a rise, then half a cosine."""
        along = self.step / max(1, self.config.steps)
        return min(1.0, (self.step + 1) / _WARM) * (0.5 + 0.5 * math.cos(math.pi * along))

    def _state(self) -> dict[str, object]:
        return {
            "step": self.step,
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "adam": self.adam.state_dict(),
        }

    def _resume(self) -> None:
        state = load_state(self.run / CHECKPOINT)
        if state is not None:
            self.step = int(state["step"])
            self.net.load_state_dict(state["net"])
            self.average.load_state_dict(state["average"])
            self.adam.load_state_dict(state["adam"])
