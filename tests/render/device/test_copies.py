"""Numbers of the host on the device: the same tensor as torch would make, from pinned memory on a GPU."""

import numpy as np
import pytest
import torch

from render.device.copies import like, on_device
from tests.fake_gpu import CUDA, fake_gpu

CPU = torch.device("cpu")


@pytest.mark.parametrize("values", [[0.5, 2.0], (3, 4), [[1.0]], np.arange(6.0).reshape(2, 3).T, torch.ones(2)])
def test_on_a_cpu_they_are_as_torch_makes_them(values: object) -> None:
    wanted = torch.as_tensor(values)
    found = on_device(values, CPU)
    assert found.dtype == wanted.dtype
    assert torch.equal(found, wanted)
    assert like(torch.zeros(1, dtype=torch.float64), values).dtype == torch.float64


def test_later_changes_of_an_array_make_no_difference() -> None:
    values = np.zeros(3)
    found = on_device(values, CPU)
    values[:] = 1
    assert not found.any()


def test_a_copy_to_a_gpu_is_queued() -> None:
    with fake_gpu() as record:
        found = on_device([1.0, 2.0], CUDA)
        assert (found.device, found.shape, found.dtype) == (CUDA, (2,), torch.float32)
        assert like(found.double(), np.eye(3)).dtype == torch.float64
        assert on_device(found, CUDA) is found
        assert not record.waits
        torch.tensor([1.0], device=CUDA)
        found.new_tensor([1.0])
        found.cpu()
        bool(found.any())
        assert record.waits.total() == 4


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_memory_is_not_given_away_before_it_is_copied() -> None:
    cuda = torch.device("cuda")
    busy = torch.randn(4096, 4096, device=cuda)
    for _ in range(20):
        busy = busy @ busy / 4096
    found = [on_device([float(number)] * 1000, cuda) for number in range(200)]
    assert [float(each.mean()) for each in found] == list(range(200))
