"""The Triton kernels of the norm, run by triton's interpreter on the CPU, against the plain norm in float64.

test_triton_norm.py runs this file in a process of its own: triton decides at its import whether it interprets.
"""

from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from render.kernels.norm import FrozenNorm
from render.kernels.triton_norm import launch, operators, support

# The interpreter also computes SiLU of what lies outside the picture, which nobody reads.
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in exp")


@pytest.fixture
def generator() -> torch.Generator:
    """No conftest is read here: what those import takes longer than these tests."""
    return torch.Generator().manual_seed(0)


@dataclass(frozen=True, kw_only=True)
class Case:
    shape: tuple[int, ...]
    groups: int
    dtype: torch.dtype = torch.float32
    silu: bool = True
    added: bool = False
    mean: float = 0.0
    tolerance: float = 1e-5  # of the largest number


CASES = {  # a group is a program: few groups are fast
    "a batch, an odd size": Case(shape=(3, 16, 7, 5), groups=2),
    "one channel in a group, no silu": Case(shape=(1, 5, 3, 3), groups=5, silu=False),
    "channels that no tile divides": Case(shape=(1, 72, 9, 5), groups=3, added=True),
    "all channels in one group": Case(shape=(1, 24, 10, 11), groups=1),
    "320 channels, 32 in a group": Case(shape=(1, 320, 3, 3), groups=10),
    "one pixel": Case(shape=(2, 32, 1, 1), groups=2),
    "a mean of 1000": Case(shape=(1, 32, 9, 15), groups=2, mean=1000.0, tolerance=2e-4),
    "bf16": Case(shape=(2, 32, 7, 9), groups=2, dtype=torch.bfloat16, added=True, tolerance=0.01),
    "fp16": Case(shape=(1, 64, 5, 5), groups=2, dtype=torch.float16, tolerance=1e-3),
}


def plain(x: Tensor, added: Tensor | None, weight: Tensor, bias: Tensor, case: Case) -> Tensor:
    x = x if added is None else x + added.double()[:, None, None]
    normed = F.group_norm(x, case.groups, weight.double(), bias.double(), 1e-6)
    return F.silu(normed) if case.silu else normed


@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_are_those_of_the_plain_norm(name: str, generator: torch.Generator) -> None:
    case = CASES[name]

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).to(case.dtype)

    x = (drawn(*case.shape) + case.mean).contiguous(memory_format=torch.channels_last).requires_grad_()
    weight, bias, shift = (drawn(case.shape[1]) for _ in range(3))
    added, gradient = shift if case.added else None, drawn(*case.shape)  # the gradient comes as NCHW
    made = operators.norm(x, added, weight, bias, case.groups, 1e-6, silu=case.silu)
    found = made, *torch.autograd.grad(made, x, gradient)
    exact = x.detach().double().requires_grad_()
    value = plain(exact, added, weight, bias, case)
    wanted = value, *torch.autograd.grad(value, exact, gradient.double())
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.dtype == case.dtype
        assert ours.is_contiguous(memory_format=torch.channels_last)
        scale = float(theirs.detach().abs().max()) or 1.0  # one pixel of one channel has no gradient
        torch.testing.assert_close(ours.double() / scale, theirs / scale, atol=case.tolerance, rtol=0)


def test_a_picture_is_split_and_its_result_does_not_depend_on_the_batch(
    generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "_MOST_SPLITS", 3)
    monkeypatch.setattr(launch, "_split", launch._split.__wrapped__)  # without what it remembers
    shape = (2, 16, 33, 31)  # three programs of 384 pixels, the last with fewer; tiles of 128 pixels
    x = torch.randn(shape, generator=generator).contiguous(memory_format=torch.channels_last)
    weight, bias = torch.randn(16, generator=generator), torch.randn(16, generator=generator)
    split = launch._split(2, 16, 33 * 31, 4)
    assert (split.parts, split.chunk, split.tile["rows"]) == (3, 384, 128)
    made, stats = launch.norm(x, None, weight, bias, 4, 1e-6, True)
    torch.testing.assert_close(made, F.silu(F.group_norm(x, 4, weight, bias, 1e-6)), atol=1e-5, rtol=0)
    alone, _ = launch.norm(x[1:], None, weight, bias, 4, 1e-6, True)
    assert torch.equal(made[1:], alone)
    torch.testing.assert_close(stats[0], x.reshape(2, 4, -1).mean(dim=-1), atol=1e-6, rtol=0)


def test_the_check_at_load_finds_nothing_wrong() -> None:
    with torch.inference_mode():  # a caller's own mode does not matter
        support._check(torch.device("cpu"), torch.bfloat16, 8, 2, True, True)


@pytest.fixture
def block(monkeypatch: pytest.MonkeyPatch) -> tuple[nn.Conv2d, nn.GroupNorm, FrozenNorm]:
    """A convolution, the norm after it, and the norm as kernels, which it takes on the CPU as well."""
    monkeypatch.setattr(FrozenNorm, "_fuses", lambda norm, x: norm.fused)
    conv, norm = nn.Conv2d(8, 8, 3, padding=1).requires_grad_(False), nn.GroupNorm(2, 8).requires_grad_(False)
    fused = FrozenNorm(norm, silu=True)
    fused.fused = True
    return conv, norm, fused


def test_a_norm_after_a_convolution_takes_its_bias(
    block: tuple[nn.Conv2d, nn.GroupNorm, FrozenNorm], generator: torch.Generator
) -> None:
    conv, norm, fused = block
    x = torch.randn(1, 8, 4, 3, generator=generator).contiguous(memory_format=torch.channels_last).requires_grad_()
    weights = torch.randn(1, 8, 4, 3, generator=generator)
    for made, wanted in ((fused.after(conv, x), F.silu(norm(conv(x)))), (fused(x), F.silu(norm(x)))):
        torch.testing.assert_close(made, wanted, atol=1e-5, rtol=0)
        of_made, of_wanted = (torch.autograd.grad(value, x, weights)[0] for value in (made, wanted))
        torch.testing.assert_close(of_made, of_wanted, atol=1e-5, rtol=0)


@pytest.mark.slow
def test_the_compiler_of_torch_sees_one_graph_and_the_same_gradient(
    block: tuple[nn.Conv2d, nn.GroupNorm, FrozenNorm], generator: torch.Generator
) -> None:
    conv, _, fused = block
    x = torch.randn(1, 8, 4, 3, generator=generator).contiguous(memory_format=torch.channels_last).requires_grad_()

    def squares(x: Tensor) -> Tensor:
        return fused.after(conv, fused(x)).square().sum()

    (wanted,) = torch.autograd.grad(squares(x), x)
    (found,) = torch.autograd.grad(torch.compile(squares, fullgraph=True, backend="aot_eager")(x), x)
    torch.testing.assert_close(found, wanted, atol=1e-6, rtol=1e-6)
