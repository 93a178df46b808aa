"""The Triton norm: interpreted on the CPU, compiled for GPUs that are not here, counted on tensors without memory."""

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from render.kernels.norm import FrozenNorm
from render.kernels.triton_norm import support

needs_triton = pytest.mark.skipif(not support.is_installed(), reason="this build of torch comes without triton")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


@needs_triton
@pytest.mark.parametrize("speed", ["not slow", pytest.param("slow", marks=pytest.mark.slow)])
def test_interpreted_kernels_agree_with_the_plain_norm(speed: str) -> None:
    file = Path(__file__).with_name("interpreted_triton_norm.py")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", speed, str(file)]
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run(command, cwd=Path(__file__).parents[3], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-8000:]


def compiled(kernel: Any, dtype: str, target: Any) -> str:
    """The assembler's text of a kernel with tiles for 128 channels in 32 groups."""
    from triton.compiler import ASTSource
    from triton.compiler import compile as build

    combining = kernel.fn.__name__ in ("statistics_kernel", "means_kernel")
    fixed = {"added": None, "silu": True, "rows": 512 if combining else 32, "width": 4 if combining else 64}
    types = dict.fromkeys(("x", "gradient", "made", "weight", "bias"), f"*{dtype}")
    types |= dict.fromkeys(("partials", "stats", "means"), "*fp32") | {"eps": "fp32"}
    types |= dict.fromkeys(fixed, "constexpr")
    names = list(kernel.arg_names)
    aligned = [name for name in names if types.get(name, "").startswith("*") or name == "channels"]
    source = ASTSource(
        kernel,
        {name: types.get(name, "i32") for name in names},
        {name: value for name, value in fixed.items() if name in names},
        {(names.index(name),): [["tt.divisibility", 16]] for name in aligned},
    )
    return str(build(source, target=target).asm["ptx"])


@needs_triton
@pytest.mark.parametrize(("capability", "dtype"), [(75, "fp16"), (90, "bf16")])
def test_kernels_compile_for_gpus_and_read_16_bytes_at_a_time(
    capability: int, dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interpreter accepts what the compiler does not: this is the only check of that without a GPU."""
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    from triton.backends.compiler import GPUTarget

    from render.kernels.triton_norm import backward, forward

    target = GPUTarget("cuda", capability, 32)
    for kernel in (forward.moments_kernel, forward.norm_kernel, backward.slopes_kernel, backward.gradient_kernel):
        assert "ld.global.v4.b32" in compiled(kernel, dtype, target)
    for kernel in (forward.statistics_kernel, backward.means_kernel):
        assert ".entry" in compiled(kernel, dtype, target)


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
