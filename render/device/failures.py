"""Recognise failures of the machine (memory, threads, GPU) in the errors that libraries raise.

This module does not import torch: torch may be what failed to load.
"""

import re

from render.errors import DeviceError, MemoryLimitError, RunError

_DEVICE = re.compile(r"\b(CUDA|HIP|XPU|MPS|cuDNN|CUDNN|cuBLAS|CUBLAS|NCCL)( error|_STATUS|_ERROR)")
_NO_MEMORY = ("can't allocate memory", "failed to map segment", "Cannot allocate memory")
_NO_THREAD = ("Resource temporarily unavailable", "can't start new thread")
_KEPT = "finished work is kept; run the same command again to continue"


def told(error: Exception) -> RunError | None:
    """Convert `error` to a one-line `RunError` if the machine failed; None for any other error, such as a bug."""
    text = str(error)
    gist = next(iter(text.splitlines()), "").strip()
    names = {kind.__name__ for kind in type(error).__mro__}
    if "OutOfMemoryError" in names or "MemoryError" in names or any(sign in text for sign in _NO_MEMORY):
        return MemoryLimitError(f"memory is short ({gist or 'MemoryError'}); try a smaller output.size; {_KEPT}")
    if any(sign in text for sign in _NO_THREAD):
        return MemoryLimitError(
            f"the system gives this process no thread more ({gist}): memory or processes are limited too tightly"
            f" (ulimit -v, ulimit -u); {_KEPT}"
        )
    if "AcceleratorError" in names or _DEVICE.search(text):
        return DeviceError(f"the GPU has failed ({gist}), and this process cannot use it any more; {_KEPT}")
    return None
