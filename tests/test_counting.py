"""What a step and a frame ask of a GPU does not grow unnoticed; and the way in which it is counted is right.

If a change lowers a count, lower its bound here; if one has to grow, raise it, and say why in the commit.
"""

from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from bench.counts import SETTINGS, Found, counts_of
from render.kernels.gradients import clamp_with_gradient, straight_through
from tests.backward import gradient
from tests.counting import Counting, gpu_to_count
from tests.fake_gpu import CUDA

# operators forward, backward, copies between layouts, elementwise operators of mixed layouts, convolutions with a bias
STEP = {"embedded": (250, 235, 4, 5, 20), "published": (449, 401, 6, 4, 34)}
FRAME = {"embedded": (814, 236, 10, 10, 108), "published": (964, 402, 11, 7, 95)}  # of one step
FRAME_WAITS = {"embedded": 0, "published": 0}


@pytest.fixture(scope="module", params=list(SETTINGS))
def counted(request: pytest.FixtureRequest) -> tuple[str, Found]:
    return request.param, counts_of(SETTINGS[request.param])


def test_no_count_of_a_step_or_a_frame_grows(counted: tuple[str, Found]) -> None:
    name, found = counted
    for counts, most in ((found.step, STEP[name]), (found.frame, FRAME[name])):
        operators = counts.forward.total(), counts.backward.total()
        now = *operators, counts.layouts.total(), counts.mixed.total(), counts.biases
        assert all(have <= bound for have, bound in zip(now, most, strict=True)), (
            f"{now} are more than {most}: {counts}"
        )


def test_a_step_never_waits_and_a_frame_no_more_than_now(counted: tuple[str, Found]) -> None:
    name, found = counted
    assert not found.step.waits
    assert found.frame.waits.total() <= FRAME_WAITS[name], found.frame.waits


@pytest.fixture
def counting() -> Iterator[Counting]:
    with gpu_to_count() as found:
        yield found


def test_copies_between_layouts_are_seen_also_inside_operators(counting: Counting) -> None:
    picture = torch.empty(1, 8, 6, 4, device=CUDA).contiguous(memory_format=torch.channels_last)
    with counting.counted() as counts:
        picture.contiguous()
        picture.clone()
        F.group_norm(picture, 2)
        F.conv2d(picture.contiguous(), torch.empty(3, 8, 3, 3, device=CUDA).to(memory_format=torch.channels_last))
        picture + picture.contiguous()
    assert counts.layouts == {
        "aten::clone": 3,
        "aten::_to_copy": 1,  # the convolution's weights
        "aten::native_group_norm": 1,
        "aten::convolution": 1,
    }
    assert counts.mixed == {"aten::add": 1}


def test_arithmetic_and_traffic_are_those_of_the_shapes(counting: Counting) -> None:
    left, right = torch.empty(3, 5, device=CUDA), torch.empty(5, 7, device=CUDA)
    with counting.counted() as counts:
        left @ right
    assert counts.flops == 2 * 3 * 5 * 7
    assert counts.traffic == 4 * (3 * 5 + 5 * 7 + 3 * 7)


def test_the_gradient_in_python_is_that_of_torch() -> None:
    """Also its operators: what it would miss would not be counted."""
    latent = torch.randn(1, 4, 6, 6, requires_grad=True)
    weight = torch.randn(8, 4, 3, 3)

    def loss() -> Tensor:
        seen = F.silu(F.group_norm(F.conv2d(latent, weight), 2)).bfloat16().float()
        first, second = clamp_with_gradient(seen, -0.5, 0.5).chunk(2, dim=1)
        return (straight_through(first, first.round()) * second[:, :1] + latent.mean()).square().sum()

    (ours,), (theirs,) = gradient(loss(), latent), torch.autograd.grad(loss(), latent)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)
