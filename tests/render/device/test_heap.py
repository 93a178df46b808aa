"""Memory that a step frees stays with the process, and comes back when it is asked for."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from render.device.heap import SETTINGS

ROOT = Path(__file__).parents[3]
BLOCK, TIMES = 8 << 20, 10

# Fills and frees a block again and again: how many pages come from the system, and how many bytes are kept.
PAGES = f"""
import ctypes, resource, sys
from pathlib import Path
from render.device.heap import give_back_freed_memory, keep_freed_memory

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

if sys.argv[1] == "keep":
    keep_freed_memory()
library = ctypes.CDLL(None)
library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)
library.free.argtypes = (ctypes.c_void_p,)
library.mallopt(-3, {BLOCK // 2}) if sys.argv[1] == "plain" else None
for _ in range({TIMES}):
    block = library.malloc({BLOCK})
    ctypes.memset(block, 1, {BLOCK})
    library.free(block)
kept = held()
give_back_freed_memory()
came = resource.getrusage(resource.RUSAGE_SELF).ru_minflt * resource.getpagesize()
print(came, kept - held(), "torch" in sys.modules)
"""


def pages(how: str, **settings: str) -> tuple[int, int]:
    """Bytes that came from the system, and bytes that went back to it when asked for."""
    environment = {key: value for key, value in os.environ.items() if key not in SETTINGS}
    done = subprocess.run(
        [sys.executable, "-c", PAGES, how],
        env={**environment, "PYTHONPATH": str(ROOT), **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    came, went, torch_is_loaded = done.stdout.split()
    assert torch_is_loaded == "False"
    return int(came), int(went)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only GNU's allocator has these settings")
def test_freed_memory_is_kept_and_goes_back_when_asked_for() -> None:
    plain, _ = pages("plain")
    kept, given_back = pages("keep")
    assert plain - kept > (TIMES - 2) * BLOCK
    assert given_back > BLOCK / 2


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only GNU's allocator has these settings")
def test_settings_of_the_environment_stay() -> None:
    came, _ = pages("keep", MALLOC_MMAP_THRESHOLD_=str(BLOCK // 2))
    assert came > TIMES * BLOCK
