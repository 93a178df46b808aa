"""Train the transformer: which code follows those before it, in scenes whose captions it is told."""

import logging
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from render.training.checkpoint import Average, load_state, save_state
from render.training.config import TransformerConfig
from render.training.transformer.muon import Muon
from render.training.transformer.network import Learner
from render.training.transformer.scenes import Scenes

log = logging.getLogger(__name__)

LOG_EVERY = 50
CHECKPOINT = "transformer.pt"
_WARM = 100  # steps in which the learning rate rises
_MEASURED = 50  # held-out scenes in a batch


class TransformerRun:
    """One run; `train` resumes from the last checkpoint.

    Args:
        scenes, held_out: what `Coder.scenes` returns.
        codebook: (K, C), the entries that the codes stand for.
    """

    def __init__(
        self, scenes: Scenes, held_out: Scenes, codebook: Tensor, run: Path, config: TransformerConfig
    ) -> None:
        self.config, self.run, self.data, self.held_out = config, run, scenes, held_out
        self._first_text = scenes.first_text
        torch.manual_seed(config.seed)
        self.net = Learner(config, codebook, scenes.texts.shape[1])
        matrices = [p for p in self.net.gpt.blocks.parameters() if p.ndim > 1]
        inside = {id(matrix) for matrix in matrices}
        others = [p for p in self.net.parameters() if id(p) not in inside]
        self.muon = Muon(matrices, config.matrix_rate, decay=config.weight_decay)
        self.adam = torch.optim.AdamW(others, betas=(0.9, 0.95), weight_decay=0.0)
        self.average = Average(self.net, config.average)
        self.generator = torch.Generator().manual_seed(config.seed)
        self.step = 0

    def train(self) -> None:
        """Run to the last step; a non-finite loss stops the run and names the step."""
        self._resume()
        losses: list[float] = []
        while self.step < self.config.steps:
            losses.append(self._one_step())
            if not math.isfinite(losses[-1]):
                raise FloatingPointError(f"loss is {losses[-1]} at step {self.step}")
            self.step += 1
            if self.step % LOG_EVERY == 0:
                log.info("transformer step %d loss %.3f", self.step, sum(losses) / len(losses))
                losses = []
            if self.step % self.config.save_every == 0 or self.step == self.config.steps:
                save_state(self.run / CHECKPOINT, self._state())
                log.info("transformer step %d held out %.3f nats a code", self.step, self.measure())

    @torch.no_grad()
    def measure(self) -> float:
        """The mean loss on held-out scenes with their first captions by the averaged weights, in nats a code."""
        net = Learner(self.config, self.net.entries, self.held_out.texts.shape[1])
        net.load_state_dict(self.average.state)
        first, total = self.held_out.first_text, 0.0
        for begin in range(0, len(self.held_out.codes), _MEASURED):
            codes = self.held_out.codes[begin : begin + _MEASURED, 0].flatten(1).long()
            texts = self.held_out.texts[first[begin : begin + len(codes)]].float()
            logits = net(texts, torch.zeros(len(codes), dtype=torch.bool), codes)
            total += float(F.cross_entropy(logits.float().flatten(0, 1), codes.flatten(), reduction="sum"))
        return total / self.held_out.codes[:, 0].numel()

    def _one_step(self) -> float:
        codes, texts, absent = self._batch()
        logits = self.net(texts, absent, codes)
        loss = F.cross_entropy(logits.flatten(0, 1), codes.flatten())
        self.net.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_([p for group in self.adam.param_groups for p in group["params"]], 1.0)
        share = self._share()
        for optimizer, rate in ((self.muon, self.config.matrix_rate), (self.adam, self.config.learning_rate)):
            for group in optimizer.param_groups:
                group["lr"] = rate * share
            optimizer.step()
        self.average.update(self.net)
        return float(loss.detach())

    def _share(self) -> float:
        """The learning rate at this step, as a share of the highest."""
        left = (self.config.steps - self.step) / max(1, self.config.cooldown)
        return min(1.0, (self.step + 1) / _WARM, left)

    def _batch(self) -> tuple[Tensor, Tensor, Tensor]:
        """Codes (B, T), the embedding of a caption of each with noise (B, D), and where it is left out (B,)."""
        batch, drawn = self.config.batch, self.generator
        which = torch.randint(len(self.data.codes), (batch,), generator=drawn)
        mirrored = torch.randint(2, (batch,), generator=drawn)
        begin, end = self._first_text[which], self._first_text[which + 1]
        caption = begin + (torch.rand(batch, generator=drawn) * (end - begin)).long()
        texts = self.data.texts[caption].float()
        noise = torch.randn(texts.shape, generator=drawn) * self.config.text_noise / texts.shape[1] ** 0.5
        absent = torch.rand(batch, generator=drawn) < self.config.without_text
        return self.data.codes[which, mirrored].flatten(1).long(), F.normalize(texts + noise, dim=1), absent

    def _state(self) -> dict[str, object]:
        return {
            "step": self.step,
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "muon": self.muon.state_dict(),
            "adam": self.adam.state_dict(),
            "generator": self.generator.get_state(),
        }

    def _resume(self) -> None:
        state = load_state(self.run / CHECKPOINT)
        if state is None:
            return
        self.step = state["step"]
        self.generator.set_state(state["generator"])
        for name in ("net", "average", "muon", "adam"):
            getattr(self, name).load_state_dict(state[name])
        log.info("resumed at step %d", self.step)
