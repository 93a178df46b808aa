"""Check whether a recorded process is still running: ids are reused, so start time and boot are compared, too."""

import os
import sys
from pathlib import Path

_STAT = "/proc/{pid}/stat"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_START_FIELD = 22  # proc(5), counted from 1: ticks from the machine's boot to the process's start
_AFTER_NAME = 3  # the first field after the name, which is in brackets and may contain anything


def boot() -> str:
    """Return an id of the machine's current boot; "" if the system does not provide one."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except (OSError, ValueError):  # not Linux
        return ""


def start_of(pid: int) -> str:
    """Return a process's start in ticks since boot; "" if there is no such process or the system does not tell."""
    try:
        stat = Path(_STAT.format(pid=pid)).read_bytes()
    except OSError:
        return ""
    fields = stat.rpartition(b")")[2].split()
    return os.fsdecode(fields[_START_FIELD - _AFTER_NAME]) if len(fields) > _START_FIELD - _AFTER_NAME else ""


def is_running(pid: int, start: str = "", booted: str = "") -> bool:
    """Whether the process with this id, start and boot is still running on this machine.

    Args:
        start: see `start_of`; "" if it was not recorded: then any process with this id counts.
        booted: see `boot`; "" if it was not recorded.
    """
    if pid <= 0 or (booted and boot() and booted != boot()):
        return False
    if not _exists(pid):
        return False
    now = start_of(pid)
    return not (start and now) or start == now


if sys.platform == "win32":  # there, os.kill(pid, 0) would send Ctrl-C
    import _winapi

    def _exists(pid: int) -> bool:
        try:
            handle = _winapi.OpenProcess(_winapi.SYNCHRONIZE, False, pid)
        except PermissionError:  # it belongs to another user
            return True
        except OSError:
            return False
        try:
            return _winapi.WaitForSingleObject(handle, 0) != _winapi.WAIT_OBJECT_0
        finally:
            _winapi.CloseHandle(handle)

else:

    def _exists(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except (ProcessLookupError, OverflowError):
            return False
        except PermissionError:  # it belongs to another user
            pass
        return True
