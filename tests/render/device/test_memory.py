import gc
import re

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor

from render.device import memory
from render.errors import MemoryLimitError
from render.latents import vqgan
from render.latents.pixels import Pixels

CPU = torch.device("cpu")


def saved_for_real(latents: vqgan.VQGAN, size: tuple[int, int]) -> int:
    """The bytes that decoding keeps, measured on a real decode of a real picture."""
    weights = {tensor.untyped_storage().data_ptr() for tensor in latents._model.state_dict().values()}
    kept: dict[int, Tensor] = {}

    def count(tensor: Tensor) -> Tensor:
        if tensor.untyped_storage().data_ptr() not in weights:
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    width, height = size
    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        latent = latents.encode(torch.rand(1, 3, height, width)).requires_grad_()
        latents.decode(latent)
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


def test_the_estimate_equals_the_memory_of_a_real_decode(embedded_vqgan: vqgan.VQGAN) -> None:
    estimate = memory.decode_bytes(embedded_vqgan, (64, 48), CPU)
    assert estimate == pytest.approx(saved_for_real(embedded_vqgan, (64, 48)), rel=0.1)


def test_an_estimate_leaves_no_memory_allocated(embedded_vqgan: vqgan.VQGAN) -> None:
    """A worker makes an estimate before every job."""
    for _ in range(2):
        memory.decode_bytes(embedded_vqgan, (64, 48), CPU)
    gc.collect()
    assert [one for one in gc.get_objects() if type(one) is FakeTensor] == []


def test_the_estimate_grows_with_the_picture_without_allocating_it(embedded_vqgan: vqgan.VQGAN) -> None:
    small = memory.decode_bytes(embedded_vqgan, (256, 144), CPU)
    assert memory.decode_bytes(embedded_vqgan, (512, 288), CPU) == pytest.approx(4 * small, rel=0.2)
    assert memory.decode_bytes(embedded_vqgan, (8192, 8192), CPU) > 100e9  # computed instantly, on any machine


def test_a_size_that_does_not_fit_is_reported_with_one_that_does(
    embedded_vqgan: vqgan.VQGAN, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda device: 2_000_000_000)
    memory.require(embedded_vqgan, (256, 144), CPU)
    with pytest.raises(MemoryLimitError) as caught:
        memory.require(embedded_vqgan, (4096, 2304), CPU)
    found = re.fullmatch(
        r"output\.size 4096 x 2304: needs about ([\d.]+) GB on cpu, 2\.0 GB are free; (\d+) x (\d+) would fit",
        str(caught.value),
    )
    assert found is not None
    width, height = int(found[2]), int(found[3])
    assert width % 8 == height % 8 == 0
    memory.require(embedded_vqgan, (width, height), CPU)
    with pytest.raises(MemoryLimitError):  # the suggestion is not far below what would fit
        memory.require(embedded_vqgan, (width * 3 // 2 // 8 * 8, height * 3 // 2 // 8 * 8), CPU)


def test_what_can_be_done_without_is_given_back_before_a_size_is_refused(
    embedded_vqgan: vqgan.VQGAN, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [1000]
    monkeypatch.setattr(memory, "available", lambda device: free[-1])
    memory.require(embedded_vqgan, (256, 144), CPU, lambda: free.append(2_000_000_000))
    memory.require(embedded_vqgan, (256, 144), CPU, pytest.fail)  # not asked for without need


def test_nothing_is_refused_if_free_memory_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda device: None)
    memory.require(Pixels(), (8192, 8192), CPU)


def test_this_machine_reports_its_free_memory() -> None:
    free = memory.available(CPU)
    assert free is None or 0 < free < 1e15


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_gpu_reports_its_free_memory() -> None:
    free = memory.available(torch.device("cuda"))
    assert free is not None
    assert free > 0
