"""Work side by side gives what it gives one after the other."""

from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from render.kernels.parts import SMALL, encode_in_parts
from render.kernels.side_by_side import run_side_by_side


@pytest.fixture(params=[1, 2, 5])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_results_are_in_order_and_each_has_its_share_of_threads(threads: int) -> None:
    works = [lambda number=number: (number, torch.get_num_threads(), torch.is_grad_enabled()) for number in range(2)]
    with torch.no_grad():
        found = run_side_by_side(works)
    assert found == [(number, max(1, threads // 2), False) for number in range(2)]
    assert torch.get_num_threads() == threads


def test_an_error_comes_after_all_have_ended(threads: int) -> None:
    ended = []

    def fail() -> None:
        raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"):
        run_side_by_side([lambda: ended.append(1), fail] if threads == 1 else [fail, lambda: ended.append(1)])
    assert ended == [1]


@pytest.fixture
def network() -> nn.Module:
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(3)
        made = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.SiLU(), nn.Flatten(1), nn.LazyLinear(5))
        made(torch.randn(2, 3, 8, 8))
    return made.eval().requires_grad_(False)


@pytest.mark.parametrize("count", [1, 4, 9, 13])
def test_embeddings_and_gradient_of_parts_are_those_of_all(
    count: int, threads: int, network: nn.Module, generator: torch.Generator
) -> None:
    images = torch.randn(count, 3, 8, 8, generator=generator).requires_grad_()
    weights = torch.randn(count, 5, generator=generator)
    sizes: list[int] = []

    def encode(part: Tensor) -> Tensor:
        sizes.append(len(part))
        return F.normalize(network(part), dim=-1)

    wanted = F.normalize(network(images), dim=-1)
    found = encode_in_parts(encode, images)
    torch.testing.assert_close(found, wanted)
    given = [torch.autograd.grad((made * weights).sum(), images)[0] for made in (found, wanted)]
    torch.testing.assert_close(*given)
    assert sum(sizes) == count
    assert len(sizes) == max(1, min(threads, count // 4))
    with torch.no_grad():
        torch.testing.assert_close(encode_in_parts(encode, images), wanted)


def test_large_cutouts_stay_together(threads: int) -> None:
    seen: list[int] = []
    encode_in_parts(lambda images: seen.append(len(images)) or images, torch.zeros(8, 3, 1, SMALL + 1))
    assert seen == [8]
