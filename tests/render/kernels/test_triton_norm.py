"""The Triton norm: interpreted on the CPU, compiled for GPUs that are not here, counted on tensors without memory."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from render.device import memory
from render.kernels.norm import FrozenNorm
from render.kernels.triton_norm import operators, support
from render.latents.vqgan import VQGAN

needs_triton = pytest.mark.skipif(not support.is_installed(), reason="this build of torch comes without triton")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


@needs_triton
@pytest.mark.parametrize("speed", ["not slow", pytest.param("slow", marks=pytest.mark.slow)])
def test_interpreted_kernels_agree_with_the_plain_norm(speed: str) -> None:
    file = Path(__file__).with_name("interpreted_triton_norm.py")
    lean = ["--noconftest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
    command = [sys.executable, "-m", "pytest", *lean, "-m", speed, str(file)]
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run(command, cwd=Path(__file__).parents[3], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-8000:]


class Elsewhere:
    """A GPU that is not here, as triton's driver sees it: kernels are compiled for it; launching them does nothing."""

    def __init__(self, capability: int) -> None:
        self.capability = capability
        self.utils, self.launcher_cls = self, lambda source, metadata: lambda *arguments: None

    def get_current_target(self) -> Any:
        from triton.backends.compiler import GPUTarget

        return GPUTarget("cuda", self.capability, 32)

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, device: int) -> int:
        return 0

    def get_device_properties(self, device: int) -> dict[str, int]:
        return {"max_shared_mem": 48 << 10}

    def load_binary(self, *binary: Any) -> tuple[int, ...]:
        return 1, 1, 0, 0, 1024  # module, function, registers, spills, threads

    def unload_module(self, module: int) -> None:
        pass


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], dict[str, list[str]]]]:
    """The assembler's text of all variants of each kernel that were compiled so far."""
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    from render.kernels.triton_norm import backward, forward

    found = [value for module in (forward, backward) for name, value in vars(module).items() if "_kernel" in name]
    yield lambda: {k.fn.__name__: [one.asm["ptx"] for one in k.device_caches[0][0].values()] for k in found}
    for kernel in found:
        kernel.device_caches.clear()


def launch(channels: int, groups: int, sides: tuple[int, int], batch: int, dtype: torch.dtype) -> None:
    x = torch.zeros(batch, channels, *sides, dtype=dtype).contiguous(memory_format=torch.channels_last)
    weight = torch.ones(channels, dtype=dtype)
    made = operators.norm(x.requires_grad_(), weight, weight, weight, groups, 1e-6, silu=True)
    torch.autograd.grad(made.sum(), x)


@needs_triton
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a driver")
@pytest.mark.parametrize(
    ("capability", "dtype"), [pytest.param(75, torch.float16, marks=pytest.mark.slow), (90, torch.bfloat16)]
)
def test_kernels_compile_once_for_all_sizes_and_read_16_bytes_at_a_time(
    capability: int,
    dtype: torch.dtype,
    kernels: Callable[[], dict[str, list[str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The interpreter accepts what the compiler does not. What is compiled at load is all that a step launches."""
    from triton.runtime import driver

    monkeypatch.setattr(driver, "_active", Elsewhere(capability))
    launch(128, 32, (5, 7), 2, dtype)
    compiled = kernels()
    assert {name: len(variants) for name, variants in compiled.items()} == dict.fromkeys(compiled, 1)
    for name in ("moments_kernel", "norm_kernel", "slopes_kernel", "gradient_kernel"):
        assert "ld.global.v4.b32" in compiled[name][0]
    for sides, batch in (((1, 1), 1), ((16, 32), 1), ((63, 33), 3)):
        launch(128, 32, sides, batch, dtype)
    assert kernels() == compiled
    with pytest.raises(RuntimeError, match="differs from the plain one"):  # nothing has really run
        support._check(torch.device("cpu"), dtype, 128, 32, True, True)


@needs_triton
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a driver, and the kernels build")
def test_where_they_do_not_build_the_plain_path_is_taken_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    support._builds.cache_clear()
    support._report.cache_clear()
    with caplog.at_level(logging.WARNING):
        for channels in (8, 16):
            assert not support._builds(torch.device("cpu"), torch.float32, channels, 4, True)
    (said,) = caplog.messages
    assert "plain" in said
    assert "active drivers" in said


def test_a_cpu_never_asks_for_them() -> None:
    assert not FrozenNorm(nn.GroupNorm(4, 12)).fused


@pytest.mark.parametrize("dtype", support.TYPES)
def test_on_tensors_without_memory_it_keeps_its_input_and_the_layout(dtype: torch.dtype) -> None:
    """So the memory of a picture can be counted, and `torch.compile` can trace it, without running a kernel."""
    kept: dict[int, torch.UntypedStorage] = {}

    def count(tensor: Tensor) -> None:
        kept[id(tensor.untyped_storage())] = tensor.untyped_storage()

    with FakeTensorMode(), torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        norm = FrozenNorm(nn.GroupNorm(8, 32, device="cuda", dtype=dtype), silu=True)
        norm.fused = True
        x = torch.empty((2, 32, 48, 64), device="cuda", dtype=dtype, memory_format=torch.channels_last)
        made = norm(x.requires_grad_())
        assert made.is_contiguous(memory_format=torch.channels_last)
        assert norm(x.detach()).is_contiguous(memory_format=torch.channels_last)
        assert norm(x.detach().contiguous()).is_contiguous()  # the plain path
    sizes = [tensor.numel() * tensor.element_size() for tensor in (x, *norm.buffers())]
    assert sum(storage.nbytes() for storage in kept.values()) == sum(sizes) + 2 * 2 * 8 * 4


def test_every_norm_of_a_vqgan_gets_channels_last_and_keeps_less(
    embedded_vqgan: VQGAN, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted on the CPU, where tensors without memory may have a gradient."""
    plain = memory.decode_bytes(embedded_vqgan, (256, 144), torch.device("cpu"))
    layouts: list[bool] = []

    def fuses(norm: FrozenNorm, x: Tensor) -> bool:
        layouts.append(x.is_contiguous(memory_format=torch.channels_last))
        return layouts[-1]

    monkeypatch.setattr(FrozenNorm, "_fuses", fuses)
    norms = [module for module in embedded_vqgan._model.modules() if isinstance(module, FrozenNorm)]
    for norm in norms:
        monkeypatch.setattr(norm, "fused", True)
    kept = memory.decode_bytes(embedded_vqgan, (256, 144), torch.device("cpu"))  # it also encodes
    assert layouts == [True] * len(norms)
    assert 0.5 * plain < kept < 0.8 * plain  # no normed picture before its SiLU


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize("dtype", support.TYPES)
@pytest.mark.parametrize("shape", [(2, 96, 37, 53), (1, 512, 16, 16), (1, 128, 288, 512)])
def test_on_a_gpu_they_agree_with_the_plain_norm(
    shape: tuple[int, ...], dtype: torch.dtype, generator: torch.Generator
) -> None:
    reference = nn.GroupNorm(32, shape[1], eps=1e-6).requires_grad_(False)
    for parameter in reference.parameters():
        parameter.copy_(torch.randn(shape[1], generator=generator))
    x = torch.randn(shape, generator=generator).add(5).to("cuda", dtype).contiguous(memory_format=torch.channels_last)
    weights = torch.randn(shape, generator=generator).to("cuda", dtype)
    fused = FrozenNorm(reference.to("cuda", dtype), silu=True)
    assert fused.fused, "see the warning"
    x.requires_grad_()
    made = fused(x)
    (gradient,) = torch.autograd.grad(made, x, weights)
    again = torch.autograd.grad(fused(x), x, weights)[0]
    assert torch.equal(gradient, again)
    exact = x.detach().double().contiguous().requires_grad_()
    wanted = F.silu(reference.double()(exact))
    (wanted_gradient,) = torch.autograd.grad(wanted, exact, weights.double())
    tolerance = {torch.float32: 1e-5, torch.float16: 2e-3, torch.bfloat16: 0.015}[dtype]
    for ours, theirs in ((made, wanted), (gradient, wanted_gradient)):
        assert ours.is_contiguous(memory_format=torch.channels_last)
        scale = float(theirs.detach().abs().max())
        torch.testing.assert_close(ours.double() / scale, theirs / scale, atol=tolerance, rtol=0)


@pytest.mark.gpu
@needs_gpu
def test_on_a_gpu_a_graph_captures_them(generator: torch.Generator) -> None:
    fused = FrozenNorm(nn.GroupNorm(8, 64).requires_grad_(False).cuda(), silu=True)
    x = torch.randn(1, 64, 24, 20, generator=generator).cuda().contiguous(memory_format=torch.channels_last)
    x.requires_grad_()
    for _ in range(2):
        (wanted,) = torch.autograd.grad(fused(x).square().sum(), x)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        (found,) = torch.autograd.grad(fused(x).square().sum(), x)
    graph.replay()
    assert torch.equal(found, wanted)
