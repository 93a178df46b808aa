"""The Triton kernels of the norm, run by triton's interpreter on the CPU, against the plain norm in float64.

test_triton_norm.py runs this file in a process of its own: triton decides at its import whether it interprets.
"""

import contextlib
import io
from dataclasses import dataclass
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from taming.modules.diffusionmodules.model import ResnetBlock
from torch import Tensor, nn

from render.kernels.norm import FrozenNorm
from render.kernels.triton_norm import launch, operators
from render.kernels.vqgan import FrozenResnetBlock
from tests.render.kernels.conftest import Compare

# The interpreter also computes SiLU of what lies outside the picture, which nobody reads.
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in exp")


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
    "a batch, an odd size": Case(shape=(3, 32, 7, 5), groups=4),
    "one channel in a group, no silu": Case(shape=(1, 9, 3, 3), groups=9, silu=False),
    "channels that no tile divides": Case(shape=(1, 72, 9, 5), groups=3, added=True),
    "all channels in one group": Case(shape=(1, 24, 10, 11), groups=1),
    "512 channels, 32 in a group": Case(shape=(1, 512, 3, 3), groups=16),
    "one pixel": Case(shape=(2, 32, 1, 1), groups=4),
    "a mean of 1000": Case(shape=(1, 32, 9, 15), groups=4, mean=1000.0, tolerance=2e-4),
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
    shape = (2, 16, 33, 31)  # three programs of 384 pixels, the last with fewer; tiles of 128 pixels
    x = torch.randn(shape, generator=generator).contiguous(memory_format=torch.channels_last)
    weight, bias = torch.randn(16, generator=generator), torch.randn(16, generator=generator)
    split = launch._Split.of(x)
    assert (split.parts, split.chunk, split.rows) == (3, 384, 128)
    made, stats = launch.norm(x, None, weight, bias, 4, 1e-6, True)
    torch.testing.assert_close(made, F.silu(F.group_norm(x, 4, weight, bias, 1e-6)), atol=1e-5, rtol=0)
    alone, _ = launch.norm(x[1:], None, weight, bias, 4, 1e-6, True)
    assert torch.equal(made[1:], alone)
    torch.testing.assert_close(stats[0], x.reshape(2, 4, -1).mean(dim=-1), atol=1e-6, rtol=0)


@pytest.fixture
def fused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let norms take the kernels on the CPU as well."""
    monkeypatch.setattr(FrozenNorm, "_fuses", lambda norm, x: x.is_contiguous(memory_format=torch.channels_last))
    monkeypatch.setattr("render.kernels.triton_norm.support.runs", lambda *norm: True)


class WithoutTime(nn.Module):
    def __init__(self, block: Any) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.block(x, None)
        return made


@pytest.mark.usefixtures("fused")
def test_a_block_computes_the_same_with_them(same: Compare, generator: torch.Generator) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        block = ResnetBlock(in_channels=32, out_channels=32, dropout=0.0, temb_channels=0)
    block.norm1.num_groups = block.norm2.num_groups = 4
    block = block.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    for parameter in block.parameters():
        parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    x = torch.randn(1, 32, 4, 3, generator=generator).contiguous(memory_format=torch.channels_last)
    same(FrozenResnetBlock(block), WithoutTime(block), x)


@pytest.mark.slow
def test_the_compiler_of_torch_keeps_the_gradient(generator: torch.Generator) -> None:
    x = torch.randn(1, 8, 4, 3, generator=generator).contiguous(memory_format=torch.channels_last).requires_grad_()
    weight, bias = torch.randn(8, generator=generator), torch.randn(8, generator=generator)

    def squares(x: Tensor) -> Tensor:
        return operators.norm(x, None, weight, bias, 2, 1e-6, silu=True).square().sum()

    (wanted,) = torch.autograd.grad(squares(x), x)
    (found,) = torch.autograd.grad(torch.compile(squares, fullgraph=True, backend="aot_eager")(x), x)
    assert torch.equal(found, wanted)
