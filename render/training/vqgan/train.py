"""Train the VQGAN: reconstruction in colour, noise on latents, steadiness under repeated passes."""

import logging
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from render.training.checkpoint import Average, load_state, save_state
from render.training.config import VQGANConfig
from render.training.data.pictures import load_set
from render.training.networks.guiding import load_vqgan
from render.training.networks.towers import cosine_rate
from render.training.networks.vqgan import DD_CONFIG, VQ
from render.training.vqgan.codebook import CodebookLearner
from render.training.vqgan.data import Crops, Cycles
from render.training.vqgan.guided import GuidedPool, flattened
from render.training.vqgan.initial import colour_identity_init

log = logging.getLogger(__name__)

LOG_EVERY = 100
POOLED = 90
"""Batches whose latents start the codebook."""

CAPTIONS = 2000
"""Captions that pictures are painted towards."""

CODES = "quantize.embedding.weight"

YCC = torch.tensor([[0.299, 0.587, 0.114], [-0.338, -0.662, 1.0], [1.0, -0.838, -0.162]])
"""Luma and doubled chroma."""


def reconstruction_loss(made: Tensor, wanted: Tensor) -> Tensor:
    """L1 and squared error in chroma-weighted channels, at three scales, and of slopes; images in [-1, 1]."""
    d = made - wanted
    c = torch.einsum("ij,bjhw->bihw", YCC, d)
    slopes = (d[..., 1:] - d[..., :-1]).abs().mean() + (d[..., 1:, :] - d[..., :-1, :]).abs().mean()
    scales = F.avg_pool2d(c, 4).abs().mean() + F.avg_pool2d(c, 16).abs().mean()
    return 0.5 * d.abs().mean() + 0.5 * c.abs().mean() + 2 * c.pow(2).mean() + 0.5 * scales + 0.35 * slopes


class VQGANRun:
    """One run; `train` resumes from the last checkpoint.

    With `start`, an exported VQGAN (path without ending), the run refines it and quantises from step 0, or, where
    the config wants another number of codes, as soon as there are latents enough to start them. With `guide`, an
    exported CLIP pair, what it guides is to look like what the start makes of the same latent, but flattened.
    """

    def __init__(
        self, data: Path, run: Path, config: VQGANConfig, start: Path | None = None, guide: Path | None = None
    ) -> None:
        self.config, self.run = config, run
        torch.manual_seed(self.config.seed)
        self.rng = np.random.default_rng(self.config.seed)
        found = {"photos": self.config.photos, "artwork": self.config.artwork}
        made = 1 - sum(found.values())
        self.crops = Crops(data, {**found, "large": 0.6 * made, "scenes": 0.4 * made}, self.config.crop)
        shape = {**DD_CONFIG, "ch_mult": list(self.config.ch_mult)}
        self.net = VQ(shape, self.config.embed_dim, self.config.codes)
        first = load_vqgan(start) if start else None
        self.quantise_from = self._begin(first)
        self.learner = CodebookLearner(self.net.quantize, self.config.code_decay)
        self.parameters = [p for name, p in self.net.named_parameters() if "embedding" not in name]
        self.optimizer = torch.optim.Adam(self.parameters, betas=(0.9, 0.98))
        self.average = Average(self.net, self.config.average)
        self.cycles = Cycles(64, 10)
        self.guided: tuple[GuidedPool, VQ] | None = None
        if guide is not None and first is not None and self.config.guided:
            self.guided = self._guided_by(guide, data), first
        self.pool: list[Tensor] = []
        self.step = 0

    def _begin(self, first: VQ | None) -> int:
        """Initialise or load the net; return the step from which it quantises."""
        if first is None:
            colour_identity_init(self.net)
            return self.config.quantise_from
        weights = first.state_dict()
        same = len(weights[CODES]) == self.config.codes
        if not same:
            weights[CODES] = self.net.state_dict()[CODES]
        self.net.load_state_dict(weights)
        return 0 if same else POOLED

    def _guided_by(self, guide: Path, data: Path) -> GuidedPool:
        captions = [words[0] for words in load_set(data, "scenes")[1][:CAPTIONS]]
        return GuidedPool(guide, captions, self.config.guided_size, self.config.seed)

    def train(self) -> None:
        """Run to the last step; a non-finite loss stops the run and names the step. 0 steps leave the net unchanged."""
        self._resume()
        if not self.config.steps:
            self._save()
        errors: list[float] = []
        while self.step < self.config.steps:
            loss, error = self._one_step()
            if not math.isfinite(loss):
                raise FloatingPointError(f"loss is {loss} at step {self.step}")
            errors.append(error)
            self.step += 1
            if self.step % LOG_EVERY == 0:
                psnr = -10 * math.log10(sum(errors) / len(errors) / 4)
                log.info(
                    "vqgan step %d loss %.4f psnr %.2f codes used %.2f",
                    self.step,
                    loss,
                    psnr,
                    self.learner.used,
                )
                errors = []
            if self.step % self.config.save_every == 0 or self.step == self.config.steps:
                self._save()

    def _one_step(self) -> tuple[float, float]:
        repeated = 2 if len(self.cycles) >= 32 and self.config.cycle_weight else 0
        wanted = self.crops.draw(self.config.batch - repeated, self.rng)
        rows, again = self.cycles.draw(repeated, self.rng) if repeated else ([], wanted[:0])
        fresh = len(wanted)
        made, commitment = self._through(torch.cat([wanted, again]), fresh)
        loss = reconstruction_loss(made[:fresh], wanted) + commitment
        if repeated:
            loss = loss + self.config.cycle_weight * reconstruction_loss(made[fresh:], again)
        if self.guided is not None and self.step > self.quantise_from:
            loss = loss + self.config.guided_weight * self._loss_where_guided(*self.guided)
        if self.step > self.quantise_from:
            self.cycles.put(rows, made[fresh:].detach().clamp(-1, 1), made[:fresh].detach().clamp(-1, 1))
        self._update(loss)
        return float(loss.detach()), float((made[:fresh] - wanted).detach().pow(2).mean())

    def _through(self, images: Tensor, fresh: int) -> tuple[Tensor, Tensor]:
        """Encode, quantise some, add noise to some, decode; cycles stay continuous, as in the renderer."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            latent = self.net.pre(images).float()
        commitment = latent.new_zeros(())
        if self.step < self.quantise_from:
            self.pool = [*self.pool, latent.detach().permute(0, 2, 3, 1).reshape(-1, latent.shape[1])][-POOLED:]
        else:
            if self.step == self.quantise_from and self.pool:
                self.learner.start(torch.cat(self.pool))
                self.pool = []
            codes, commitment = self.learner.quantise(latent)
            continuous = torch.rand(len(latent), 1, 1, 1) < 0.4
            continuous[fresh:] = True
            noise = (
                torch.randn_like(latent)
                * latent.detach().std()
                * self.config.latent_noise
                * torch.rand(len(latent), 1, 1, 1)
            )
            noise[fresh:] = 0
            latent = torch.where(continuous, latent, codes) + noise
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.net.decode(latent).float(), commitment

    def _loss_where_guided(self, guided: GuidedPool, first: VQ) -> Tensor:
        """The loss of guided latents: a decoder that reconstructs well can still draw ripples of its grid there."""
        latents = guided.draw(self.config.guided, self.net)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            made = self.net.decode(latents).float()
            with torch.no_grad():
                shown = first.decode(latents).float()
        guided.climb(latents, made / 2 + 0.5, self.net.quantize.embedding.weight.detach())
        return reconstruction_loss(made, flattened((shown / 2 + 0.5).clamp(0, 1)) * 2 - 1)

    def _update(self, loss: Tensor) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = cosine_rate(self.step, self.config.steps, self.config.learning_rate, 50)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.average.update(self.net, copied=(CODES,))

    def _save(self) -> None:
        save_state(
            self.run / "vqgan.pt",
            {
                "step": self.step,
                "ddconfig": self.net.dd_config,
                "net": self.net.state_dict(),
                "average": self.average.state_dict(),
                "learner": self.learner.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "cycles": self.cycles,
                "pool": self.pool,
                "rng": self.rng.bit_generator.state,
                "torch_rng": torch.get_rng_state(),
            },
        )

    def _resume(self) -> None:
        state = load_state(self.run / "vqgan.pt")
        if state is None:
            return
        self.step, self.cycles, self.pool = state["step"], state["cycles"], state["pool"]
        self.net.load_state_dict(state["net"])
        self.rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch_rng"])
        for name in ("average", "learner", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        log.info("resumed at step %d", self.step)
