"""The machine and commit that a measurement was made on: figures mean nothing without them."""

import datetime
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Date, hardware and versions, as text."""

    date: str
    hardware: str
    threads: int
    torch: str
    commit: str


def this_machine() -> Machine:
    """The machine that this runs on, and the commit that is checked out; '+' marks uncommitted changes."""
    if torch.cuda.is_available():
        hardware = torch.cuda.get_device_name()
    else:
        hardware = f"{cpu_name()} ({torch.backends.cpu.get_cpu_capability()})"
    return Machine(
        date=datetime.date.today().isoformat(),
        hardware=hardware,
        threads=torch.get_num_threads(),
        torch=torch.__version__,
        commit=_git("describe", "--always", "--dirty=+", "--exclude=*") or "unknown",
    )


def cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return done.stdout.strip()
