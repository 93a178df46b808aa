"""A small VQGAN+CLIP loop for looking at what was trained: the judge is the eye, then the figures.

Source: embedded/scripts/guide.py of the starter: continuous latents, square cutouts, spherical distance and
total variation.
"""

import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import open_clip
import torch
import yaml
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from .augment import resize, turn
from .towers import encode_image, encode_text, tokenize
from .vq_model import VQ


@dataclass(frozen=True, kw_only=True)
class GuideSettings:
    """How to guide: sizes in pixels, `rate` in units of the codebook's deviation."""

    width: int = 256
    height: int = 144
    steps: int = 80
    cutouts: int = 8
    smallest: float = 0.45
    whole: int = 2
    variation: float = 1.0
    rate: float = 0.15
    seed: int = 0


def load_vqgan(stem: Path) -> VQ:
    """A VQGAN from stem.yaml and stem.safetensors."""
    params = yaml.safe_load(stem.with_suffix(".yaml").read_text())["model"]["params"]
    net = VQ(params["ddconfig"], params["embed_dim"], params["n_embed"], params.get("norm_groups", 32))
    net.load_state_dict({k: v.float() for k, v in load_file(stem.with_suffix(".safetensors")).items()})
    return net.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def load_pair(stem: Path) -> Any:
    """A CLIP pair from stem.json and stem.safetensors, as open_clip loads it."""
    open_clip.add_model_config(stem.with_suffix(".json"))
    pair = open_clip.create_model(stem.name, pretrained=str(stem.with_suffix(".safetensors")))
    pair.visual.to(memory_format=torch.channels_last)
    return pair.eval().requires_grad_(False)


def square_cutouts(image: Tensor, side: int, settings: GuideSettings, rng: random.Random) -> Tensor:
    """Cutouts (N, 3, side, side): the first whole, the others squares of 45 to 100 % of the shorter side."""
    height, width = image.shape[-2:]
    out = []
    for k in range(settings.cutouts):
        size = int(min(height, width) * rng.uniform(settings.smallest, 1))
        y, x = rng.randint(0, height - size), rng.randint(0, width - size)
        cut = resize(image if k < settings.whole else image[:, :, y : y + size, x : x + size], side)
        cut = cut.flip(3) if rng.random() < 0.5 else cut
        out.append(turn(cut, rng.uniform(-10, 10)) if rng.random() < 0.4 else cut)
    return torch.cat(out) + rng.random() * 0.05 * torch.randn(len(out), 3, side, side)


def soft_noise(settings: GuideSettings) -> Tensor:
    """Grey noise (1, 3, H, W) in [0, 1] from a few octaves."""
    noise = 0.35 + 0.3 * torch.rand(1, 1, 1, 1).expand(1, 1, settings.height, settings.width)
    for k in (2, 3, 4, 5):
        octave = torch.randn(1, 1, 2**k, 2**k)
        noise = noise + F.interpolate(octave, size=noise.shape[-2:], mode="bicubic", align_corners=False) * (
            0.18 / (k - 1)
        )
    return noise.clamp(0, 1).expand(-1, 3, -1, -1)


class Guide:
    """A VQGAN and a CLIP pair that paint a prompt."""

    def __init__(self, vqgan: VQ, pair: Any) -> None:
        self.vqgan, self.pair = vqgan, pair
        size = pair.visual.image_size
        self.side = size if isinstance(size, int) else size[0]

    def decode(self, latent: Tensor) -> Tensor:
        """Latents to an image that may leave [0, 1]."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = self.vqgan.decode(latent.contiguous(memory_format=torch.channels_last))
        return out.float() / 2 + 0.5

    def encode(self, image: Tensor) -> Tensor:
        """An image in [0, 1] to continuous latents."""
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            return self.vqgan.pre((image * 2 - 1).contiguous(memory_format=torch.channels_last)).float()

    def text(self, prompts: list[str]) -> Tensor:
        """Unit vectors of the prompts."""
        with torch.no_grad():
            return encode_text(self.pair, tokenize(prompts))

    def paint(self, prompt: str, settings: GuideSettings, start: Tensor | None = None) -> tuple[Tensor, float]:
        """A picture (1, 3, H, W) in [0, 1] after `steps` Adam steps, and the last mean cosine."""
        torch.manual_seed(settings.seed)
        rng = random.Random(settings.seed)
        target = self.text([prompt])
        spread = float(self.vqgan.quantize.embedding.weight.std())
        low, high = (v[None, :, None, None] for v in self.vqgan.quantize.embedding.weight.aminmax(dim=0))
        latent = self.encode(soft_noise(settings) if start is None else start).requires_grad_()
        optimizer = torch.optim.Adam([latent], settings.rate * spread, betas=(0.9, 0.99))
        cosine = math.nan
        for _ in range(settings.steps):
            image = self.decode(latent)
            seen = image.clamp(0, 1) + 0.02 * (image - image.clamp(0, 1))
            made = encode_image(self.pair.visual, square_cutouts(seen, self.side, settings, rng))
            loss = 2 * ((made - target).norm(dim=1).div(2).clamp(max=0.9999).arcsin().pow(2) * 2).mean()
            tall, wide = (
                (image[..., 1:, :] - image[..., :-1, :]).abs().mean(),
                (image[..., 1:] - image[..., :-1]).abs().mean(),
            )
            loss = loss + 2 * settings.variation * (tall + wide)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                latent.copy_(latent.maximum(low).minimum(high))
            cosine = float((made.detach() @ target.T).mean())
        with torch.no_grad():
            return self.decode(latent).clamp(0, 1), cosine
