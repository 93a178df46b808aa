"""Keep the memory that a step frees, so that the next step does not have to ask the system for it again.

GNU's allocator returns large blocks to the system as soon as they are freed. A step frees and allocates its activations
again and again, and whenever a page comes back from the system, the processor stops for it and clears it: several
thousand times per step at 256x144 (bench/RESULTS.md).
"""

import ctypes
import os

SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")  # set by users who choose themselves
KEPT = 1 << 30  # bytes of freed memory at the heap's end that are kept at most
ON_THE_HEAP = 32 << 20  # bytes of the largest blocks that are kept: the largest value that the allocator accepts

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h


def keep_freed_memory() -> None:
    """Make the allocator keep up to `KEPT` bytes that are free, unless the environment sets its thresholds.

    Results are the same to the bit. This has no effect without GNU's C library.
    """
    library = _library()
    if library is not None and not any(name in os.environ for name in SETTINGS):
        library.mallopt(_M_MMAP_THRESHOLD, ON_THE_HEAP)
        library.mallopt(_M_TRIM_THRESHOLD, KEPT)


def give_back_freed_memory() -> None:
    """Return all free memory to the system, so that what it reports as available is all there is."""
    library = _library()
    if library is not None:
        library.malloc_trim(0)


def _library() -> ctypes.CDLL | None:
    """The C library if it is GNU's; others lack these functions, or have some that do nothing."""
    if os.name != "posix":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
