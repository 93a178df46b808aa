"""Does one piece of work per line of standard input, each in a fork, and reports what it cost.

A fork starts with everything imported, so the cost is that of the file and not of Python. Run by `conftest.py`.
"""

import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

Work = Callable[[list[str]], object]

_CPU_SECONDS = 20  # more than any limit we promise, so that a failing test ends and the machine survives
_MEMORY = 3 << 30
_LOOP = 400_000
_LOOP_SECONDS = 0.02  # on an idle core


def _command() -> Work:
    from pipeline.cli import entry

    def run(arguments: list[str]) -> None:
        sys.argv = ["render", *arguments]
        entry()

    return run


def _checkpoint() -> Work:
    from render.files.checkpoints import read_state_dict

    def read(arguments: list[str]) -> None:
        sys.stdout.write(f"{len(read_state_dict(Path(arguments[0])))} tensors\n")

    return read


_WORK = {"command": _command, "checkpoint": _checkpoint}


def main() -> None:
    work = _WORK[sys.argv[1]]()
    for line in sys.stdin:
        arguments, warm_up = json.loads(line)
        if warm_up:  # modules that are imported late are part of the start, too
            _outcome(work, arguments)
        sys.stdout.write(json.dumps(None if warm_up else _measured(work, arguments)) + "\n")
        sys.stdout.flush()


def _measured(work: Work, arguments: list[str]) -> dict[str, object]:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        memory = pages * resource.getpagesize() + _MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        code = _outcome(work, arguments)
        sys.stdout.flush()
        os._exit(code)
    os.close(writer)
    before = _slowness()
    with os.fdopen(reader, "rb") as pipe:
        output = pipe.read().decode(errors="replace")
    _, status, usage = os.wait4(child, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "output": output,
        "seconds": (usage.ru_utime + usage.ru_stime) / max(1.0, before, _slowness()),
        "megabytes": usage.ru_maxrss / 1024,
    }


def _slowness() -> float:
    """How many times slower than an idle core this one is now: under other load, even processor time grows."""
    begun = time.process_time()
    sum(number * number for number in range(_LOOP))
    return (time.process_time() - begun) / _LOOP_SECONDS


def _outcome(work: Work, arguments: list[str]) -> int:
    try:
        work(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException as error:
        if exit_code := getattr(error, "exit_code", None):
            sys.stderr.write(f"{error}\n")
            return int(exit_code)
        traceback.print_exc()
        return 70
    return 0


if __name__ == "__main__":
    main()
