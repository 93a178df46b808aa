"""Write what was measured as Markdown, with the machine that it was measured on."""

import importlib.util
import platform
import re
import subprocess
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import torch

from bench.gpu.clock import NoTimeError
from bench.gpu.tables import Row, Table
from bench.machine import cpu_name, this_machine

TESTS = "python -m pytest -m gpu"
Say = Callable[[str], None]


def written(file: Path, device: torch.device, tables: Sequence[Table], say: Say) -> None:
    """Measure the tables and write them, each line as soon as it is known, so that nothing is lost if it ends early."""
    with file.open("w", encoding="utf-8") as out:

        def add(line: str = "") -> None:
            out.write(f"{line}\n")
            out.flush()
            say(line)

        add(f"# {name(device)}\n")
        for line in machine(device):
            add(f"- {line}")
        for number, table in enumerate(tables):
            if not _filled(table, add):
                left = [each.title for each in tables[number + 1 :]]
                add(f"\nThe time was over in '{table.title}'" + "".join(f"; skipped: {title}" for title in left) + ".")
                break
        add(f"\nTests that need a GPU: `{TESTS}`")


def _filled(table: Table, add: Say) -> bool:
    """Add a table; return False if the time was over before it was full."""
    add(f"\n## {table.title}\n")
    if table.about:
        add(f"{table.about}\n")
    add(_line(table.head))
    add(_line(["---"] * len(table.head)))
    try:
        for row in table.rows():
            add(_line(row))
    except NoTimeError:
        return False
    return True


def _line(row: Row) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in row) + " |"


def name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"{cpu_name()}, {device.type}"


def slug(device: torch.device) -> str:
    """The device's name as part of a file's."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name(device)).strip("-")


def machine(device: torch.device) -> list[str]:
    """What figures depend on, a line each."""
    found = this_machine()
    lines = [f"{found.date}, commit {found.commit}", f"{platform.platform()}, {cpu_name()}, {found.threads} threads"]
    kernels = f", triton {version('triton')}" if importlib.util.find_spec("triton") else ", no triton"
    lines.append(f"torch {torch.__version__}{kernels}, Python {platform.python_version()}")
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        lines.append(
            f"{properties.name}, {properties.total_memory / 1e9:.0f} GB, compute capability"
            f" {properties.major}.{properties.minor}, driver {_driver(device)}"
        )
        lines.append(f"CUDA {torch.version.cuda}, HIP {torch.version.hip}, cuDNN {torch.backends.cudnn.version()}")
    return lines


def _driver(device: torch.device) -> str:
    question = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader", f"--id={device.index or 0}"]
    try:
        return subprocess.run(question, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"
