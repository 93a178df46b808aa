"""How codes are drawn: the distribution, top-k and top-p against the published rules."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from render.priors.transformer.sampling import Sampling, draw

LOGITS = torch.tensor([[0.0, 2.0, -1.0, 1.0, 0.5], [3.0, 3.0 - 1e-3, -50.0, 1.0, 0.5]])


def published_shares(logits: Tensor, sampling: Sampling) -> Tensor:
    """The probabilities of taming's sampling, with `top_k_top_p_filtering` as transformers 4 had it."""
    logits = logits / sampling.temperature
    if sampling.top_k is not None:
        logits = logits.masked_fill(logits < logits.topk(sampling.top_k)[0][..., -1, None], -float("inf"))
    if sampling.top_p < 1:
        ordered, places = logits.sort(descending=True)
        removed = ordered.softmax(-1).cumsum(-1) > sampling.top_p
        removed[..., 1:] = removed[..., :-1].clone()
        removed[..., 0] = False
        logits = logits.masked_fill(removed.scatter(1, places, removed), -float("inf"))
    return logits.softmax(-1)


SETTINGS = [
    Sampling(),
    Sampling(temperature=0.5),
    Sampling(temperature=2.0, top_k=3),
    Sampling(top_k=100),
    Sampling(top_p=0.8),
    Sampling(top_k=4, top_p=0.9),
    Sampling(top_k=2, top_p=0.01),
]


@pytest.mark.parametrize("sampling", SETTINGS)
def test_codes_come_as_often_as_published(sampling: Sampling) -> None:
    """With evenly spaced numbers instead of random ones, shares are exact to the spacing."""
    wanted = LOGITS.softmax(-1) if sampling.top_k == 100 else published_shares(LOGITS, sampling)
    uniforms = (torch.arange(20_000) / 20_000)[:, None]
    for row in range(2):
        drawn = draw(LOGITS[row].expand(20_000, -1), uniforms, sampling)
        shares = F.one_hot(drawn, 5).float().mean(dim=0)
        torch.testing.assert_close(shares, wanted[row], atol=2e-4, rtol=0)


def test_the_ends_of_the_range_draw_codes_that_are_possible() -> None:
    below_one = torch.tensor([[0.0], [1 - 2**-24]])
    likely = torch.tensor([0.0, -1e4, 0.0, -1e4]).expand(2, -1)
    assert set(draw(likely, below_one, Sampling()).tolist()) == {0, 2}
    assert draw(LOGITS, below_one, Sampling(top_p=0.1)).tolist() == [1, 0]
    assert draw(LOGITS, below_one, Sampling(top_k=1)).tolist() == [1, 0]


def test_a_row_does_not_depend_on_the_others() -> None:
    generator = torch.Generator().manual_seed(0)
    logits, uniforms = torch.randn(6, 40, generator=generator), torch.rand(6, 1, generator=generator)
    sampling = Sampling(top_k=20, top_p=0.9)
    alone = [int(draw(logits[row, None], uniforms[row, None], sampling)) for row in range(6)]
    assert draw(logits, uniforms, sampling).tolist() == alone
