"""The transformer against mingpt's formula, with and without its cache."""

import pytest
import torch

from tests.mingpt import logits, tiny


def codes(batch: int, length: int, vocabulary: int = 12) -> torch.Tensor:
    return torch.randint(vocabulary, (batch, length), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("n_unmasked", [0, 5])
def test_the_logits_are_those_of_the_published_formula(n_unmasked: int) -> None:
    gpt, state = tiny(n_unmasked=n_unmasked)
    torch.testing.assert_close(gpt(codes(3, 16)), logits(state, 2, codes(3, 16), n_unmasked), atol=1e-10, rtol=0)


def test_in_single_precision_too() -> None:
    gpt, state = tiny()
    torch.testing.assert_close(gpt.float()(codes(3, 16)).double(), logits(state, 2, codes(3, 16)), atol=1e-3, rtol=1e-4)


def test_the_published_names_are_those_of_the_module() -> None:
    gpt, state = tiny()
    assert gpt.state_dict().keys() == state.keys()
    assert {"tok_emb.weight", "pos_emb", "blocks.1.attn.query.bias", "blocks.0.mlp.2.weight", "head.weight"} < {*state}


@pytest.mark.parametrize("parts", [[1] * 16, [7, 1, 5, 3], [16]])
def test_the_cache_changes_nothing_however_the_sequence_is_cut(parts: list[int]) -> None:
    gpt, _ = tiny(n_unmasked=min(parts[0], 4))
    whole = codes(2, 16)
    cache = gpt.cache(2, 16)
    pieces = [gpt(piece, cache=cache) for piece in torch.split(whole, parts, dim=1)]
    torch.testing.assert_close(torch.cat(pieces, dim=1), gpt(whole), atol=1e-10, rtol=0)
    assert cache.length == 16
    cache.clear()
    torch.testing.assert_close(gpt(whole[:, :2], cache=cache), gpt(whole[:, :2]), atol=1e-10, rtol=0)


def test_an_embedding_stands_in_the_place_of_a_code() -> None:
    """As a text would be given: with the embedding of code 3, it is as if code 3 came first."""
    gpt, _ = tiny()
    embedding = gpt.tok_emb.weight[3].expand(2, 1, -1)
    rest = codes(2, 9)
    wanted = gpt(torch.cat((torch.full((2, 1), 3), rest), dim=1))
    torch.testing.assert_close(gpt(rest, embedding), wanted, atol=1e-10, rtol=0)
    cache = gpt.cache(2, 10)
    first = gpt(rest[:, :0], embedding, cache)
    torch.testing.assert_close(torch.cat((first, gpt(rest, cache=cache)), dim=1), wanted, atol=1e-10, rtol=0)


def test_it_can_be_trained_through_its_condition() -> None:
    gpt, _ = tiny()
    embedding = torch.zeros(2, 1, 8, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(gpt(codes(2, 4), embedding).logsumexp(-1).sum(), embedding)
    assert (gradient != 0).all()


def test_a_sequence_that_is_too_long_is_refused() -> None:
    gpt, _ = tiny()
    with pytest.raises(ValueError, match="expected at most 16 positions, got 17"):
        gpt(codes(1, 17))
