"""What a device can do: measured by a matrix product, a copy, and many operators that do nothing."""

from dataclasses import dataclass

import torch

from bench.gpu.clock import Clock
from tests.counting import Counts

SIDE, BYTES = 8192, 2**30  # of the matrices and the copy; on a CPU a 16th and a 32nd
LAUNCHES = 1000


@dataclass(frozen=True, kw_only=True)
class Peaks:
    """Arithmetic in FLOP/s, memory's bandwidth in bytes/s (read and written), seconds of the host for an operator."""

    flops: float
    bandwidth: float
    launch: float

    def ideal(self, counts: Counts, pictures: int = 1) -> float:
        """Return the seconds that arithmetic or traffic alone would take, whichever is longer: the roofline."""
        return pictures * max(counts.flops / self.flops, counts.traffic / self.bandwidth)


def measured(clock: Clock, dtype: torch.dtype) -> Peaks:
    """Measure a device that does nothing else. Raises `NoTimeError`."""
    device, on_cpu = clock.device, clock.device.type == "cpu"
    side, size = (SIDE // 16, BYTES // 32) if on_cpu else (SIDE, BYTES)
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    product = clock.seconds(lambda: left @ right)
    source = torch.empty(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copy = clock.seconds(lambda: target.copy_(source))
    number = torch.zeros((), device=device)

    def launch() -> None:
        for _ in range(LAUNCHES):
            number.add_(1.0)

    return Peaks(flops=2 * side**3 / product, bandwidth=2 * size / copy, launch=clock.seconds(launch) / LAUNCHES)
