"""The transformer from texts to codes: its fast pass, its optimiser, that it learns, resumes, and can be drawn with."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from render.priors.transformer.gpt import GPT
from render.training.checkpoint import load_state
from render.training.config import TransformerConfig
from render.training.transformer.muon import Muon, orthogonal
from render.training.transformer.network import Learner, shape_of
from render.training.transformer.scenes import Scenes, k_means
from render.training.transformer.train import CHECKPOINT, TransformerRun

TINY = TransformerConfig(
    grid=3, codes=12, scenes=0, width=16, heads=2, layers=2, positions=2, steps=40, cooldown=10, batch=8, save_every=20
)
DIM = 8


def codebook() -> Tensor:
    return torch.randn(TINY.codes, 4, generator=torch.Generator().manual_seed(0))


def toy(count: int) -> Scenes:
    """Scenes whose text says which code they have everywhere; the mirrored ones have the next."""
    kinds = torch.arange(count) % 6
    codes = torch.stack((kinds, kinds + 6), dim=1)[:, :, None, None].expand(-1, -1, 3, 3).to(torch.int16)
    texts = torch.eye(DIM)[kinds].repeat_interleave(2, dim=0).half()
    return Scenes(codes=codes, texts=texts, owners=torch.arange(count).repeat_interleave(2))


def run(folder: Path, config: TransformerConfig = TINY) -> TransformerRun:
    return TransformerRun(toy(24), toy(6), codebook(), folder, config)


def test_the_fast_pass_is_the_renderers_transformer() -> None:
    net = Learner(TINY, codebook(), DIM)
    for parameter in net.parameters():  # what starts at 0 must count, too
        torch.nn.init.normal_(parameter, std=0.3)
    gpt = GPT(shape_of(TINY))
    gpt.load_state_dict(net.plain())
    texts, codes = torch.randn(2, DIM), torch.randint(12, (2, 9))
    found = net(texts, torch.tensor([False, True]), codes, torch.float32)
    before = net.stage(torch.stack((texts[0], net.stage.null)))
    wanted = gpt(codes[:, :-1], before)[:, TINY.positions - 1 :]
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


def test_the_update_of_muon_is_nearly_orthogonal() -> None:
    for shape in ((16, 16), (64, 16), (16, 64)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape, generator=torch.Generator().manual_seed(2))))
        assert values.min() > 0.4
        assert values.max() < 1.4


def test_muon_finds_the_minimum_of_a_quadratic() -> None:
    wanted = torch.randn(8, 4, generator=torch.Generator().manual_seed(1))
    matrix = torch.nn.Parameter(torch.zeros(8, 4))
    optimizer = Muon([matrix], lr=0.05)
    for step in range(300):
        optimizer.zero_grad()
        torch.autograd.backward((matrix - wanted).square().sum())
        optimizer.param_groups[0]["lr"] = 0.05 * (1 - step / 300)
        optimizer.step()
    assert float((matrix - wanted).detach().abs().max()) < 0.05


def test_rounds_of_k_means_bring_centres_nearer() -> None:
    points = torch.randn(500, 3, generator=torch.Generator().manual_seed(1))
    off = [float(torch.cdist(points, k_means(points, 20, rounds, 3)).amin(dim=1).square().mean()) for rounds in (0, 25)]
    assert off[1] < 0.8 * off[0]
    found = k_means(points[:20], 20, 5, seed=3)
    assert float(torch.cdist(points[:20], found).amin(dim=1).max()) < 0.01


def test_the_captions_of_a_scene_are_found_by_its_number() -> None:
    scenes = Scenes(codes=torch.zeros(3, 2, 1, 1), texts=torch.zeros(6, 2), owners=torch.tensor([0, 0, 1, 2, 2, 2]))
    assert scenes.first_text.tolist() == [0, 2, 3, 6]


def test_it_learns_what_the_texts_say(tmp_path: Path) -> None:
    learning = run(tmp_path, replace(TINY, steps=250, average=0.9, save_every=250, batch=16))
    before = learning.measure()
    learning.train()
    # The text says which of two codes, mirrored or not; after the first, all the others are known.
    assert before > 2.3
    assert learning.measure() < 0.3


def test_a_resumed_run_is_the_same_to_the_bit(tmp_path: Path) -> None:
    run(tmp_path / "whole").train()
    run(tmp_path / "parts", replace(TINY, steps=20, cooldown=1)).train()
    run(tmp_path / "parts").train()
    whole, parts = (load_state(tmp_path / name / CHECKPOINT) for name in ("whole", "parts"))
    assert whole is not None
    assert parts is not None
    for key, value in whole["net"].items():
        assert torch.equal(value, parts["net"][key]), key
    for key, value in whole["average"]["state"].items():
        assert torch.equal(value, parts["average"]["state"][key]), key


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    learning = run(tmp_path)
    with torch.no_grad():
        learning.net.gpt.ln_f.weight.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="at step 0"):
        learning.train()
