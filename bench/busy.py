"""Whether torch's threads should spin or sleep while they wait for each other: alone, and next to busy processes.

`python -m bench.busy` runs refinement steps of the embedded pair at 256×144 in one process per OpenMP policy.
The processes run one at a time, in a shuffled order in each round, first on the machine as it is and then beside
programs that do nothing but compute. A Markdown table shows the steps per second of each policy and the ratio to the
first policy (the median over the rounds, so that other load affects all policies alike).
"""

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from statistics import median
from typing import Any

import click

from render.device.openmp import SETTINGS

POLICIES: Mapping[str, Mapping[str, str]] = {
    "torch's own": {},
    "passive": {"OMP_WAIT_POLICY": "passive"},
    "GOMP_SPINCOUNT=1000": {"GOMP_SPINCOUNT": "1000"},
    "GOMP_SPINCOUNT=10000": {"GOMP_SPINCOUNT": "10000"},
    "active": {"OMP_WAIT_POLICY": "active"},
    "passive, one thread": {"OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": "1"},
}
BURNER = "while True: pass"
WORKER = "from bench.busy import run_worker; run_worker()"


def run_worker() -> None:
    """Worker process: run as many steps as each input line says, and print their seconds and the latent's hash."""
    import torch

    from bench.machine import this_machine
    from bench.ours import EMBEDDED, steps
    from render.device.device import model_dtype, pick_device

    work = steps(EMBEDDED, model_dtype(pick_device("auto")))
    work()
    click.echo(json.dumps(asdict(this_machine())))
    for line in sys.stdin:
        begun = time.perf_counter()
        for _ in range(int(line)):
            work()
        seconds = time.perf_counter() - begun
        latent: torch.Tensor = work.optimizer.latent
        bits = hashlib.sha256(latent.detach().cpu().numpy().tobytes()).hexdigest()
        click.echo(json.dumps({"seconds": seconds, "bits": bits}))


class Worker:
    """The worker process of a policy; `machine` describes what it runs on."""

    def __init__(self, policy: Mapping[str, str], threads: int | None) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        if threads is not None:
            environment["OMP_NUM_THREADS"] = str(threads)
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            env={**environment, **policy},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.machine: dict[str, Any] = {}

    def __enter__(self) -> "Worker":
        self.machine = self._answer()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()

    def steps(self, count: int) -> tuple[float, str]:
        """Steps per second over `count` steps, and the hash of the latent after the last one."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        answer = self._answer()
        return count / answer["seconds"], answer["bits"]

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("a worker process ended early; its error message is above")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def burners(count: int) -> Iterator[None]:
    """Run `count` processes that compute all the time."""
    processes = [subprocess.Popen([sys.executable, "-c", BURNER]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def speeds(workers: Mapping[str, Worker], rounds: int, count: int) -> dict[str, list[float]]:
    """Steps per second of every worker in every round.

    Raises:
        SystemExit: two workers with the same number of threads gave different results.
    """
    order = random.Random(0)
    measured: dict[str, list[float]] = {name: [] for name in workers}
    for _ in range(rounds):
        bits: dict[int, set[str]] = {}
        for name in order.sample(list(workers), len(workers)):
            speed, latent = workers[name].steps(count)
            measured[name].append(speed)
            bits.setdefault(workers[name].machine["threads"], set()).add(latent)
        if any(len(each) > 1 for each in bits.values()):
            raise SystemExit("the policies do not give bit-identical results")
    return measured


def table(measured: Mapping[int, Mapping[str, Sequence[float]]]) -> str:
    """The speeds for each number of busy programs, in Markdown; ratios are to the first policy."""
    first = next(iter(POLICIES))
    heads = ["alone" if not beside else f"beside {beside}" for beside in measured]
    lines = ["| policy | " + " | ".join(f"{head} | ×" for head in heads) + " |", "|---" * (1 + 2 * len(measured)) + "|"]
    for name in POLICIES:
        cells = []
        for speed in measured.values():
            ratio = median(mine / theirs for mine, theirs in zip(speed[name], speed[first], strict=True))
            cells += [f"{median(speed[name]):.2f}", f"{ratio:.2f}"]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option(
    "--steps", "count", type=click.IntRange(1), default=5, show_default=True, help="Steps of each policy in a round."
)
@click.option("--threads", type=click.IntRange(1), help="Threads of torch [its own default].")
@click.argument("beside", type=click.IntRange(0), nargs=-1)
def main(rounds: int, count: int, threads: int | None, beside: tuple[int, ...]) -> None:
    """Compare policies with BESIDE busy programs running [0, and half, one and two times the number of processors]."""
    processors = os.cpu_count() or 1
    beside = beside or tuple(dict.fromkeys((0, max(1, processors // 2), processors, 2 * processors)))
    with ExitStack() as stack:
        workers = {name: stack.enter_context(Worker(policy, threads)) for name, policy in POLICIES.items()}
        click.echo(" · ".join(str(value) for value in workers["torch's own"].machine.values()))
        click.echo(
            f"load {os.getloadavg()[0]:.2f} on {processors} processors before; steps per second, {rounds} rounds"
        )
        measured = {}
        for number in beside:
            with burners(number):
                measured[number] = speeds(workers, rounds, count)
    click.echo(table(measured))


if __name__ == "__main__":
    main()
