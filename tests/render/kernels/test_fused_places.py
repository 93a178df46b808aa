"""The Triton kernel that adds up places: interpreted on the CPU, compiled for GPUs that are not here."""

import importlib.util
import logging
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from render.kernels import fused_places, places

FILE = Path(places.__file__).with_name("triton_places.py")
needs_triton = pytest.mark.skipif(not importlib.util.find_spec("triton"), reason="this build of torch has no triton")


def loaded(name: str) -> ModuleType:
    """The module anew: triton decides when it sees a kernel whether to interpret it."""
    import triton  # noqa: F401  its own functions are not to be interpreted

    spec = importlib.util.spec_from_file_location(name, FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def drawn(generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Numbers of the size that the gradient has in units, and places of which some are outside: 600, two programs."""
    numbers = torch.randn(2, 3, 300, generator=generator) * 2**38
    return numbers, 4 * torch.rand(2, 300, 2, generator=generator) - 2


@needs_triton
@pytest.mark.parametrize("reflects", [True, False])
def test_interpreted_it_adds_up_as_the_plain_way_does(
    reflects: bool, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers, grid = drawn(generator)
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    interpreted = loaded("interpreted_places")
    found, wanted = (way(numbers, grid, 9, 14, reflects) for way in (interpreted.added, places.added))
    assert found.dtype == torch.long
    assert float((found - wanted).double().norm()) < 1e-5 * float(wanted.double().norm())
    order = torch.randperm(300, generator=generator)
    assert torch.equal(interpreted.added(numbers[:, :, order], grid[:, order], 9, 14, reflects), found)


@needs_triton
@pytest.mark.parametrize("capability", [90, pytest.param(75, marks=pytest.mark.slow)])
def test_it_compiles_to_atomics_of_integers(capability: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource
    from triton.compiler import compile as build

    kernel = loaded("compiled_places").add_kernel
    types = {"numbers": "*fp32", "grid": "*fp32", "sums": "*i64", "reflects": "constexpr", "block": "constexpr"}
    types = {name: types.get(name, "i32") for name in kernel.arg_names}
    source = ASTSource(kernel, types, {"reflects": True, "block": 256})
    code = str(build(source, target=GPUTarget("cuda", capability, 32)).asm["ptx"])
    assert "relaxed.add.u64" in code
    assert "add.f32 [" not in code
    assert "atom.global.gpu.relaxed.add.f32" not in code


def test_its_shape_is_known_without_running_it(generator: torch.Generator) -> None:
    with FakeTensorMode() as mode:
        numbers, grid = (mode.from_tensor(tensor) for tensor in drawn(generator))
        found = fused_places.added(numbers, grid, 9, 14, True)
    assert (found.shape, found.dtype) == ((2, 3, 9 * 14), torch.long)


def test_where_it_does_not_run_the_plain_way_is_taken_with_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(device: torch.device) -> None:
        raise OSError("no compiler\n...")

    monkeypatch.setattr(fused_places, "check", fail)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    monkeypatch.setattr(torch.version, "hip", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)
    fused_places._builds.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            assert [fused_places._builds(torch.device("cuda")) for _ in range(2)] == [False, False]
    finally:
        fused_places._builds.cache_clear()
    (said,) = caplog.messages
    assert "OSError: no compiler" in said


def test_a_cpu_never_asks_for_it(generator: torch.Generator) -> None:
    assert not fused_places.runs(drawn(generator)[0])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_on_a_gpu(generator: torch.Generator) -> None:
    numbers, grid = (tensor.cuda() for tensor in drawn(generator))
    assert fused_places.runs(numbers)
    fused_places.check(numbers.device)
    found = fused_places.added(numbers, grid, 9, 14, True)
    assert all(torch.equal(fused_places.added(numbers, grid, 9, 14, True), found) for _ in range(20))
