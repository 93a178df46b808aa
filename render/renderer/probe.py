"""Measure, with a few steps, whether refining several frames at once is faster on this device."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from render.device.device import wait_for
from render.device.memory import is_out_of_memory
from render.refinement.joint_steps import Pending, take_steps
from render.refinement.replay import Replay
from render.renderer.renderer import Renderer
from render.spec import FrameSpec

ROUNDS = 3
GAIN = 1.03  # a smaller gain may be chance
NUM_STEPS = (1 + ROUNDS) * (1 + 2)  # single-picture steps that a probe takes if two at once are not faster


@dataclass(frozen=True, kw_only=True)
class Probe:
    """The result of a measurement.

    Attributes:
        seconds: maps the number of pictures in a batch to the seconds per step and picture.
        best: the fastest number of pictures.
    """

    seconds: Mapping[int, float]
    best: int

    def __str__(self) -> str:
        measured = ", ".join(f"{seconds:.3g} s for {count} at once" for count, seconds in self.seconds.items())
        return f"a step of a picture takes {measured.replace(' for 1 at once', ' alone')}: {self.best} at once"


def probe(renderer: Renderer, spec: FrameSpec, most: int) -> Probe:
    """Time steps of the frame `spec` with one, two, four, ... pictures at once, while doubling is faster."""
    batch: list[Pending] = []
    seconds: dict[int, float] = {}
    best, count = 1, 1
    replay = Replay(least=1)  # a round is enough for it, and replays the last step
    while count <= most:
        batch += [_begun(renderer, spec, number) for number in range(len(batch), count)]
        try:
            found = _compared(batch, sorted({best, count}), replay)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            break
        seconds |= found
        if found[count] * GAIN > found[best] and count > 1:
            break
        best, count = count, 2 * count
    return Probe(seconds=seconds, best=best)


def _begun(renderer: Renderer, spec: FrameSpec, number: int) -> Pending:
    return Pending(*renderer.from_noise(replace(spec, seed=spec.seed + number, num_steps=1)))


def _compared(batch: list[Pending], counts: list[int], replay: Replay) -> dict[int, float]:
    """Return the shortest time per picture for each count, since other load on the machine only adds time."""
    for count in counts:
        _seconds(batch[:count], replay)
    rounds = [{count: _seconds(batch[:count], replay) / count for count in counts} for _ in range(ROUNDS)]
    return {count: min(found[count] for found in rounds) for count in counts}


def _seconds(batch: list[Pending], replay: Replay) -> float:
    device = batch[0].optimizer.latent.device
    wait_for(device)
    begun = time.perf_counter()
    take_steps(batch, 1, replay)
    wait_for(device)
    return time.perf_counter() - begun
