"""The most memory a contender takes, each in a process of its own: what another one loaded would count as well."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from bench.interleaved import Work


def peak(prepare: Callable[[], Work], calls: int = 2) -> float:
    """Bytes at most, Python and torch included, while what `prepare` gives is called; on CUDA the device's."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_report, args=(theirs, prepare, calls, torch.get_num_threads()))
    process.start()
    theirs.close()
    try:
        found: float = ours.recv()
    except EOFError:
        raise SystemExit("a contender's process ended without a word; its message stands above") from None
    finally:
        process.join()
    return found


def _report(pipe: Connection, prepare: Callable[[], Work], calls: int, threads: int) -> None:
    torch.set_num_threads(threads)
    work = prepare()
    for _ in range(calls):
        work()
    if torch.cuda.is_available():
        pipe.send(float(torch.cuda.max_memory_allocated()))
    else:
        pipe.send(resident("VmHWM"))


def resident(field: str) -> float:
    """Bytes of this program alone: VmRSS now, VmHWM at most; `getrusage` goes on counting from who started it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024.0 for line in lines if line.startswith(field))
