"""The probe, with a clock that only decoding advances."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from render.guidance.perceptors.toy import Toy
from render.latents.pixels import Pixels
from render.renderer.probe import NUM_STEPS, probe
from render.renderer.renderer import Renderer, Scorer
from render.spec import FrameSpec


class Clocked(Pixels):
    """A decoder that takes a given time for a given number of pictures, and has limited memory."""

    def __init__(self, seconds: Callable[[int], float], room: int = 100) -> None:
        self.now = 0.0
        self.taken = 0
        self._seconds, self._room = seconds, room

    def decode(self, latent: Tensor) -> Tensor:
        if len(latent) > self._room:
            raise torch.OutOfMemoryError("out of memory")
        self.now += self._seconds(len(latent))
        self.taken += len(latent)
        return super().decode(latent)


@pytest.fixture
def measured(spec: FrameSpec, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    def measure(latents: Clocked, most: int = 8) -> tuple[int, str]:
        monkeypatch.setattr("render.renderer.probe.time.perf_counter", lambda: latents.now)
        cpu = torch.device("cpu")
        renderer = Renderer(latents, [Scorer(perceptor=Toy(cpu))], cpu)
        found = probe(renderer, replace(spec, num_steps=5), most)
        return found.best, str(found)

    return measure


def test_the_fastest_batch_size_is_chosen(measured: Callable[..., tuple[int, str]]) -> None:
    by_count = {1: 1.0, 2: 1.6, 4: 2.4, 8: 8.0}
    assert measured(Clocked(by_count.__getitem__)) == (
        4,
        "a step of a picture takes 1 s alone, 0.8 s for 2 at once, 0.6 s for 4 at once, 1 s for 8 at once: 4 at once",
    )


def test_the_batch_size_never_exceeds_the_number_of_pictures(measured: Callable[..., tuple[int, str]]) -> None:
    assert measured(Clocked(lambda count: 1.0), most=5)[0] == 4


def test_the_probe_ends_early_if_two_at_once_are_not_faster(measured: Callable[..., tuple[int, str]]) -> None:
    """A gain that may be due to chance does not count."""
    latents = Clocked(lambda count: count * (1.0 if count == 1 else 0.98))
    best, said = measured(latents)
    assert best == 1
    assert said.endswith("0.98 s for 2 at once: 1 at once")
    assert latents.taken == NUM_STEPS + 4  # and the single-picture steps at the start


def test_the_probe_ends_when_memory_runs_out(measured: Callable[..., tuple[int, str]]) -> None:
    assert measured(Clocked(lambda count: 1.0, room=3)) == (2, measured(Clocked(lambda count: 1.0, room=3))[1])
