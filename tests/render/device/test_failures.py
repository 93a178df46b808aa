"""What the machine refuses is reported in one line, and a bug is still reported as a bug."""

import pytest
import torch

from render.device.failures import machine_failure
from render.errors import DeviceError, MemoryLimitError

LOST = (
    "CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported at some other call"
)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (torch.AcceleratorError(LOST), DeviceError, "(CUDA error: device-side assert triggered)"),
        (RuntimeError(LOST), DeviceError, "(CUDA error: device-side assert triggered)"),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), DeviceError, "the GPU has failed"),
        (RuntimeError("Triton Error [CUDA]: an illegal memory access was encountered"), DeviceError, "[CUDA]: an"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling cublas"), DeviceError, "GPU has failed"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublas"), MemoryLimitError, "output.size"),
        (torch.AcceleratorError("CUDA error: out of memory"), MemoryLimitError, "out of memory"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB"), MemoryLimitError, "out of memory"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you"),
            MemoryLimitError,
            "output.size",
        ),
        (RuntimeError("MPS backend out of memory (MPS allocated: 16.00 GB)"), MemoryLimitError, "output.size"),
        (MemoryError(), MemoryLimitError, "(MemoryError)"),
        (RuntimeError("Resource temporarily unavailable"), MemoryLimitError, "ulimit -u"),
        (RuntimeError("can't start new thread"), MemoryLimitError, "refused to start another thread"),
        (ImportError("libtorch_cpu.so: failed to map segment from shared object"), MemoryLimitError, "libtorch_cpu"),
    ],
)
def test_machine_failures_are_recognised(error: Exception, kind: type[Exception], said: str) -> None:
    failure = machine_failure(error)
    assert type(failure) is kind
    assert said in str(failure)
    assert len(str(failure).splitlines()) == 1
    assert "finished work is kept" in str(failure)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ImportError("No module named x"), KeyError("a")],
)
def test_bugs_are_not_machine_failures(error: Exception) -> None:
    assert machine_failure(error) is None
