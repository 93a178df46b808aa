import subprocess
import sys
from pathlib import Path

import pytest
import torch

from render.device.device import device_name, model_dtype, pick_device
from render.errors import InputError
from render.spec import PRECISIONS

SEA = """
output: {size: [64, 48], fps: 8, length: 2, seed: 5}
prompts: a calm blue sea
refine: {steps: 2, first_frame: 4, cutouts: 3}
"""
ON_THE_SECOND = """
import sys, torch
from pipeline import load_schedule, render
render(load_schedule(sys.argv[1]), sys.argv[2], device="cuda:1")
print(*map(torch._C._cuda_hasPrimaryContext, range(2)))
"""


def test_auto_is_the_gpu_if_there_is_one() -> None:
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    assert pick_device("auto").type == next(name for name, is_there in there.items() if is_there)


def test_cpu_is_cpu() -> None:
    assert pick_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["", "gpu", "cuda:x", "cpu cpu", "meta", "mps:x", "auto:1"])
def test_an_unknown_device_name_says_what_is_expected(name: str) -> None:
    with pytest.raises(InputError, match="expected auto, cpu, cuda, cuda:N or mps"):
        pick_device(name)


def test_a_missing_gpu_number_says_how_many_there_are() -> None:
    count = torch.cuda.device_count()
    with pytest.raises(InputError, match=f"has {count} CUDA GPUs; try --device auto"):
        pick_device(f"cuda:{count}")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_cuda_without_a_gpu_is_refused() -> None:
    with pytest.raises(InputError, match="0 CUDA GPUs"):
        pick_device("cuda")


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="this machine has an Apple GPU")
@pytest.mark.parametrize("name", ["mps", "mps:1"])
def test_mps_without_an_apple_gpu_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"device '{name}': this machine has no Apple GPU .*; try --device auto"):
        pick_device(name)


def test_apples_gpu_is_taken_where_there_is_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert pick_device("mps") == torch.device("mps")
    with pytest.raises(InputError, match="has one GPU"):
        pick_device("mps:1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device("auto") == torch.device("mps")


@pytest.mark.parametrize("macos", [13, 14])
def test_apples_gpus_use_fp32_and_others_as_macos_allows(macos: int, monkeypatch: pytest.MonkeyPatch) -> None:
    mps = torch.device("mps")
    monkeypatch.setattr(torch.backends.mps, "is_macos_or_newer", lambda major, minor: (major, minor) <= (macos, 0))
    assert model_dtype(mps) == torch.float32
    assert model_dtype(mps, "fp16") == torch.float16
    if macos >= 14:
        assert model_dtype(mps, "bf16") == torch.bfloat16
    else:
        with pytest.raises(InputError, match="needs macOS 14 or newer; try fp16 or fp32"):
            model_dtype(mps, "bf16")


@pytest.mark.parametrize(
    ("has_amx", "has_avx512_bf16", "dtype"),
    [(True, False, torch.bfloat16), (False, True, torch.bfloat16), (False, False, torch.float32)],
)
def test_the_cpu_uses_bf16_only_if_it_has_bf16_multiplication(
    has_amx: bool, has_avx512_bf16: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: has_amx)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has_avx512_bf16)
    assert model_dtype(torch.device("cpu")) == dtype


@pytest.mark.parametrize(("has_bf16", "dtype"), [(True, torch.bfloat16), (False, torch.float16)])
def test_a_gpu_uses_bf16_if_it_has_bf16_multiplication_else_fp16(
    has_bf16: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: has_bf16)
    assert model_dtype(torch.device("cuda")) == dtype


@pytest.mark.parametrize("precision", PRECISIONS[1:])
def test_a_requested_precision_is_used(precision: str) -> None:
    named = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
    assert model_dtype(torch.device("cpu"), precision) == named[precision]


def test_a_device_name_identifies_its_rounding() -> None:
    assert device_name(torch.device("cpu")).startswith("CPU (")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_is_selected_by_number() -> None:
    assert pick_device("cuda:0") == torch.device("cuda:0")
    assert model_dtype(torch.device("cuda:0")) in (torch.bfloat16, torch.float16)


@pytest.mark.gpu
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="no second GPU")
def test_nothing_but_the_chosen_gpu_is_used(tmp_path: Path) -> None:
    """A video rendered on the second GPU leaves the first without a context, so it takes no memory there."""
    (tmp_path / "sea.yaml").write_text(SEA)
    done = subprocess.run(
        [sys.executable, "-c", ON_THE_SECOND, str(tmp_path / "sea.yaml"), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["False", "True"], done.stderr
