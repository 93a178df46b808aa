import pytest
import torch

from render.device.device import device_name, model_dtype, pick_device
from render.errors import InputError
from render.spec import PRECISIONS


def test_auto_is_the_gpu_if_there_is_one() -> None:
    assert pick_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_cpu_is_cpu() -> None:
    assert pick_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["", "gpu", "cuda:x", "cpu cpu", "meta", "mps", "auto:1"])
def test_an_unknown_device_name_says_what_is_expected(name: str) -> None:
    with pytest.raises(InputError, match="expected auto, cpu, cuda or cuda:N"):
        pick_device(name)


def test_a_missing_gpu_number_says_how_many_there_are() -> None:
    count = torch.cuda.device_count()
    with pytest.raises(InputError, match=f"has {count} CUDA GPUs; try --device auto"):
        pick_device(f"cuda:{count}")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_cuda_without_a_gpu_is_refused() -> None:
    with pytest.raises(InputError, match="0 CUDA GPUs"):
        pick_device("cuda")


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
