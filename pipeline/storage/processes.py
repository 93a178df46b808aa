"""Whether a process that a file names still runs: numbers are given out again, so its start and the boot count, too."""

import os
from pathlib import Path

_STAT = "/proc/{pid}/stat"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_START_FIELD = 22  # proc(5), counted from 1: ticks from the machine's boot to the process's start
_AFTER_NAME = 3  # the first field after the name, which stands in brackets and may hold anything


def boot() -> str:
    """Which start of the machine this is; empty where the system does not say."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except (OSError, ValueError):  # not Linux
        return ""


def start_of(pid: int) -> str:
    """When a process began, in ticks since boot; empty where there is no such process, or the system does not say."""
    try:
        stat = Path(_STAT.format(pid=pid)).read_bytes()
    except OSError:
        return ""
    fields = stat.rpartition(b")")[2].split()
    return os.fsdecode(fields[_START_FIELD - _AFTER_NAME]) if len(fields) > _START_FIELD - _AFTER_NAME else ""


def lives(pid: int, start: str = "", booted: str = "") -> bool:
    """Whether the process of this machine still runs that had this number, start and boot.

    Args:
        start: see `start_of`; empty where it was not noted: then any process of this number counts.
        booted: see `boot`; empty where it was not noted.
    """
    if pid <= 0 or (booted and boot() and booted != boot()):
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it is another user's
        pass
    now = start_of(pid)
    return not (start and now) or start == now
