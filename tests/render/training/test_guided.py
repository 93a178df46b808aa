"""Latents that a CLIP guides while the VQGAN is trained, and what they should look like."""

from pathlib import Path

import pytest
import torch

import render
from render.training.judging.measure import Scorer
from render.training.networks.guiding import load_vqgan
from render.training.vqgan import guided
from render.training.vqgan.guided import GuidedPool, flattened

PAIR = Path(render.__file__).parent / "models" / "embedded"
CAPTION = "a golden sunset over the sea"


def test_flattening_removes_ripples_and_keeps_edges() -> None:
    ramp = torch.arange(64.0)
    ripples = 0.03 * torch.sin(ramp * 2 * torch.pi / 6)
    step = torch.where(ramp < 32, 0.2, 0.8)
    picture = (step + ripples).expand(1, 3, 64, 64)
    flat = flattened(picture)[0, 0, 32]
    assert float((flat - step)[8:56].abs().max()) < 0.01
    assert float(flat[32] - flat[31]) > 0.55


def test_guided_latents_become_similar_to_their_captions(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    monkeypatch.setattr(guided, "POOL", 2)
    monkeypatch.setattr(guided, "RESTARTED", 0.0)
    net = load_vqgan(PAIR / "vqgan")
    codes = net.quantize.embedding.weight
    pool = GuidedPool(PAIR / "clip", [CAPTION], 64, seed=0)
    scorer = Scorer(PAIR / "clip")
    alike = []
    for _ in range(12):
        latents = pool.draw(2, net)
        pictures = net.decode(latents) / 2 + 0.5
        alike.append(float((scorer.images(pictures.detach()) @ scorer.texts([CAPTION]).T).mean()))
        pool.climb(latents, pictures, codes)
    assert alike[-1] > alike[0] + 0.2
    assert bool((latents >= codes.amin(0)[None, :, None, None]).all())
