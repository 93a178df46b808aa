"""Filling a grid: against sampling without a cache, against taming's script, and for seams."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from render.models.net2net import GPTShape
from render.priors.transformer.gpt import GPT
from render.priors.transformer.sampling import Sampling, draw
from render.priors.transformer.windows import UNKNOWN, Before, corner, fill
from render.rng import uniform
from tests.mingpt import logits, tiny

SIDE = 4
SAMPLING = Sampling(temperature=0.9, top_k=10, top_p=0.95)


def unknown(batch: int, rows: int, columns: int) -> Tensor:
    return torch.full((batch, rows, columns), UNKNOWN)


def token(code: int, batch: int) -> Before:
    return lambda top, left: torch.full((batch, 1), code)


def condition(grid: Tensor) -> Before:
    return lambda top, left: grid[:, top : top + SIDE, left : left + SIDE].flatten(1)


def generators(*seeds: int) -> tuple[torch.Generator, ...]:
    return tuple(torch.Generator().manual_seed(seed) for seed in seeds)


def slowly(state: dict[str, Tensor], before: Tensor, count: int, seeds: tuple[int, ...]) -> Tensor:
    """Plain sampling as published, by the formula of mingpt over the whole sequence for every code."""
    drawing = generators(*seeds)
    sequence = before
    for _ in range(count):
        code = draw(logits(state, 2, sequence)[:, -1], uniform((len(seeds), 1), drawing), SAMPLING)
        sequence = torch.cat((sequence, code[:, None]), dim=1)
    return sequence[:, before.shape[1] :]


def by_tamings_script(state: dict[str, Tensor], before: Tensor, seeds: tuple[int, ...]) -> Tensor:
    """`run_conditional` of taming's scripts/sample_conditional.py, for a window of `SIDE` instead of 16."""
    half, drawing = SIDE // 2, generators(*seeds)
    batch, rows, columns = before.shape
    codes = torch.zeros_like(before)
    for i in range(rows):
        local_i = i if i <= half else SIDE - (rows - i) if rows - i < half else half
        for j in range(columns):
            local_j = j if j <= half else SIDE - (columns - j) if columns - j < half else half
            place = (slice(None), slice(i - local_i, i - local_i + SIDE), slice(j - local_j, j - local_j + SIDE))
            patch = torch.cat((before[place].reshape(batch, -1), codes[place].reshape(batch, -1)), dim=1)
            scores = logits(state, 2, patch[:, :-1])[:, -SIDE * SIDE :].reshape(batch, SIDE, SIDE, -1)
            codes[:, i, j] = draw(scores[:, local_i, local_j], uniform((batch, 1), drawing), SAMPLING)
    return codes


@pytest.mark.parametrize("seed", range(5))
def test_the_codes_are_those_of_sampling_without_a_cache(seed: int) -> None:
    gpt, state = tiny(seed=seed)
    seeds = (seed, 100 + seed, 200 + seed)
    wanted = slowly(state, torch.full((3, 1), 7), SIDE * SIDE, seeds)
    found = fill(gpt, unknown(3, SIDE, SIDE), token(7, 3), SIDE, SAMPLING, generators(*seeds))
    assert torch.equal(found.flatten(1), wanted)
    assert len(set(found.flatten().tolist())) > 4


@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (4, 9), (7, 4), (6, 11)])
def test_a_sliding_window_gives_the_codes_of_tamings_script(rows: int, columns: int) -> None:
    gpt, state = tiny(block=2 * SIDE * SIDE)
    before = torch.randint(12, (2, rows, columns), generator=torch.Generator().manual_seed(5))
    found = fill(gpt, unknown(2, rows, columns), condition(before), SIDE, SAMPLING, generators(3, 4))
    assert torch.equal(found, by_tamings_script(state, before, (3, 4)))


def test_the_window_is_tamings_at_every_place() -> None:
    for length in range(16, 50):
        for place in range(length):
            local = place if place <= 8 else 16 - (length - place) if length - place < 8 else 8
            assert corner(place, length, 16) == place - local


def test_a_candidate_does_not_depend_on_the_others() -> None:
    gpt, _ = tiny()
    together = fill(gpt, unknown(3, 5, 6), token(1, 3), SIDE, SAMPLING, generators(1, 2, 3))
    alone = fill(gpt, unknown(1, 5, 6), token(1, 1), SIDE, SAMPLING, generators(2))
    assert torch.equal(together[1:2], alone)


def test_known_codes_are_kept_and_those_before_them_do_not_change() -> None:
    gpt, _ = tiny()
    whole = fill(gpt, unknown(1, 6, 6), token(1, 1), SIDE, SAMPLING, generators(8))
    continued = whole.clone()
    continued[:, 3:] = UNKNOWN
    again = fill(gpt, continued, token(1, 1), SIDE, SAMPLING, generators(9))
    assert torch.equal(again[:, :3], whole[:, :3])
    assert not torch.equal(again[:, 3:], whole[:, 3:])
    assert (again != UNKNOWN).all()
    assert torch.equal(fill(gpt, whole, token(1, 1), SIDE, SAMPLING, generators(9)), whole)


def test_an_embedding_in_the_place_of_the_first_code_draws_the_same() -> None:
    gpt, _ = tiny()
    nothing = torch.zeros(2, 0, dtype=torch.long)
    embedding = gpt.tok_emb.weight.detach()[7].expand(2, 1, -1)
    found = fill(
        gpt, unknown(2, 5, 4), lambda top, left: nothing, SIDE, SAMPLING, generators(1, 2), embeddings=embedding
    )
    assert torch.equal(found, fill(gpt, unknown(2, 5, 4), token(7, 2), SIDE, SAMPLING, generators(1, 2)))


def test_codes_of_the_condition_alone_are_never_drawn() -> None:
    gpt, _ = tiny()
    found = fill(gpt, unknown(4, 4, 8), token(11, 4), SIDE, Sampling(), generators(1, 2, 3, 4), num_codes=3)
    assert set(found.flatten().tolist()) == {0, 1, 2}


def test_the_global_generator_is_not_touched() -> None:
    gpt, _ = tiny()
    before = torch.get_rng_state()
    fill(gpt, unknown(1, 4, 4), token(1, 1), SIDE, SAMPLING, generators(1))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_grid_smaller_than_the_window_is_refused() -> None:
    gpt, _ = tiny()
    with pytest.raises(ValueError, match="expected at least 4 rows and columns, got 3 and 8"):
        fill(gpt, unknown(1, 3, 8), token(1, 1), SIDE, SAMPLING, generators(1))


def planted(codes: int, side: int) -> GPT:
    """A transformer without layers that has learned one rule: a code repeats with a probability that it knows.

    Without layers, logits depend on the code before alone: its embedding is read off by the head.
    """
    gpt = GPT(GPTShape(vocab_size=codes + 1, block_size=side * side, n_layer=0, n_head=1, n_embd=codes + 1))
    with torch.no_grad():
        gpt.tok_emb.weight.copy_(torch.eye(codes + 1))
        gpt.pos_emb.zero_()
        gpt.head.weight.copy_(torch.eye(codes + 1))
    return gpt.eval()


def alike(grid: Tensor) -> Tensor:
    """How often neighbours along a row are the same code, for every pair of columns."""
    return (grid[:, :, 1:] == grid[:, :, :-1]).double().mean(dim=(0, 1))


def test_no_seam_where_windows_begin_and_end() -> None:
    """Neighbours are alike as often across the borders of windows as anywhere else, unlike those of two tiles."""
    codes, side, batch, rows, columns = 6, 4, 64, 12, 24
    gpt = planted(codes, side)
    drawing = torch.Generator().manual_seed(0)
    before = token(codes, batch)
    found = fill(gpt, unknown(batch, rows, columns), before, side, Sampling(), drawing, num_codes=codes)
    repeated = F.layer_norm(torch.eye(codes + 1)[0], (codes + 1,))[:codes].softmax(-1)[0].item()
    spread = (repeated * (1 - repeated) / (batch * rows)) ** 0.5
    assert abs(alike(found).mean().item() - repeated) < 4 * spread / (columns - 1) ** 0.5
    assert (alike(found) - repeated).abs().max() < 4.5 * spread
    tiles = [fill(gpt, unknown(batch, side, side), before, side, Sampling(), drawing, num_codes=codes) for _ in "ab"]
    assert alike(torch.cat(tiles, dim=2))[side - 1] < repeated - 10 * spread
