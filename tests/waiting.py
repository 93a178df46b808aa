"""Waiting for what another process or thread does: a bound that only a test that fails ever reaches."""

import subprocess
import time
from collections.abc import Callable

PATIENCE = 600.0  # seconds; what is waited for comes in a few, on a busy machine in many


def wait_for(happened: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    """Wait until it has happened; fail when `process`, which is to bring it about, has ended before."""
    end = time.monotonic() + PATIENCE
    while True:
        alive = process is None or process.poll() is None  # asked first: it may happen just before the end
        if happened():
            return
        assert alive, f"the process has ended before, with code {process.poll() if process else None}"
        assert time.monotonic() < end, f"nothing happened in {PATIENCE:.0f} s"
        time.sleep(0.02)
