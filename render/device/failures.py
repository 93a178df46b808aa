"""Recognise failures of the machine (memory, threads, GPU) in the errors that libraries raise.

This module does not import torch: torch may be what failed to load.
"""

import re

from render.errors import DeviceError, MemoryLimitError, RunError

_DEVICE = re.compile(
    r"\b(CUDA|HIP|XPU|MPS|cuDNN|CUDNN|cuBLAS|CUBLAS|NCCL)( error|_STATUS|_ERROR)|Triton Error \[CUDA\]"
)
# What is said without an exception of its own: by the CPU's allocator, by Apple's GPUs, and by CUDA's libraries
OUT_OF_MEMORY = (
    "can't allocate memory",
    "MPS backend out of memory",
    "kIOGPUCommandBufferCallbackErrorOutOfMemory",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "Triton Error [CUDA]: out of memory",
)
_NO_MEMORY = (*OUT_OF_MEMORY, "failed to map segment", "Cannot allocate memory")
_NO_THREAD = ("Resource temporarily unavailable", "can't start new thread")
_KEPT = "finished work is kept; run the same command again to continue"


def machine_failure(error: Exception) -> RunError | None:
    """Convert `error` to a one-line `RunError` if the machine failed; return None for other errors, such as bugs."""
    text = str(error)
    gist = next(iter(text.splitlines()), "").strip()
    names = {kind.__name__ for kind in type(error).__mro__}
    if "OutOfMemoryError" in names or "MemoryError" in names or any(sign in text for sign in _NO_MEMORY):
        return MemoryLimitError(f"out of memory ({gist or 'MemoryError'}); try a smaller output.size; {_KEPT}")
    if any(sign in text for sign in _NO_THREAD):
        return MemoryLimitError(
            f"the system refused to start another thread ({gist}): the limit on memory or processes is too low"
            f" (ulimit -v, ulimit -u); {_KEPT}"
        )
    if "AcceleratorError" in names or _DEVICE.search(text):
        return DeviceError(f"the GPU has failed ({gist}), and this process can no longer use it; {_KEPT}")
    return None
