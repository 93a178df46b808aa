"""Time work on a device: the median of a few rounds, after some that load and choose kernels."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

WARM_UP, FEWEST, MOST = 2, 3, 15  # rounds


class NoTimeError(Exception):
    """The time for all measurements is over."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Times work on a device.

    Attributes:
        end: the moment after which nothing is begun, as `time.monotonic` counts.
        enough: seconds after which no further round is added.
    """

    device: torch.device
    end: float
    enough: float = 2.0

    def require_time(self) -> None:
        """Raise `NoTimeError` if the time is over."""
        if time.monotonic() > self.end:
            raise NoTimeError

    def seconds(self, work: Callable[[], object]) -> float:
        """Return the median wall time of `work`. Raises `NoTimeError`."""
        for _ in range(WARM_UP):
            self.require_time()
            work()
        rounds: list[float] = []
        while len(rounds) < FEWEST or (sum(rounds) < self.enough and len(rounds) < MOST):
            self.require_time()
            rounds.append(self._once(work))
        return statistics.median(rounds)

    def _once(self, work: Callable[[], object]) -> float:
        self._wait()
        begun = time.perf_counter()
        work()
        self._wait()
        return time.perf_counter() - begun

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        elif self.device.type == "mps":
            torch.mps.synchronize()
