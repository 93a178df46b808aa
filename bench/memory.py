"""Peak memory of a candidate, measured in a separate process so that it does not include what others loaded."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from bench.interleaved import Work


def peak(prepare: Callable[[], Work], calls: int = 2) -> float:
    """Peak bytes while calling what `prepare` returns: of the process with Python and torch, or of the CUDA device."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_report, args=(theirs, prepare, calls, torch.get_num_threads()))
    process.start()
    theirs.close()
    try:
        found: float = ours.recv()
    except EOFError:
        raise SystemExit("a candidate's process ended early; its error message is above") from None
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
    """Bytes of this process: VmRSS is the current size, VmHWM the peak; `getrusage` would include the parent's peak."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024.0 for line in lines if line.startswith(field))
