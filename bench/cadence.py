"""What refining every n-th frame costs, and how much it flickers.

`python -m bench.cadence [WIDTH HEIGHT FRAMES]` renders the same motion with n = 1 to 4, from noise with the default
rate and from the bank with a gentle one.
"""

import sys
import time
from dataclasses import dataclass

import click
import torch
from torch import Tensor

from bench.steadiness import sharpness
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.timeline import Timeline
from render.device.device import model_dtype, pick_device
from render.motion.composed import Motions
from render.motion.displacements import Displacement
from render.motion.warp import warp
from render.renderer.loading.load import load_renderer
from render.renderer.renderer import Renderer
from render.spec import FrameSpec

CADENCES = (1, 2, 3, 4)
SETTINGS = {
    "noise, lr 0.3": "refine: {{cadence: {n}}}",
    "bank, lr 0.03": "start: {{prior: bank, candidates: 16}}\nrefine: {{cadence: {n}, lr: 0.03}}",
}
SKIPPED = 6  # frames after the first one, which changes most


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of all frames after the first ones; the motion of the picture is taken out of changes.

    Attributes:
        seconds: processor time of a frame.
        change: mean absolute change from one frame to the next, in [0, 1].
        flicker: mean absolute distance of a frame to the mean of both neighbours.
        sharpness: see `bench.steadiness`.
        similarity: to the prompt.
    """

    seconds: float
    change: float
    flicker: float
    sharpness: float
    similarity: float


def rendered(renderer: Renderer, timeline: Timeline) -> tuple[list[Tensor], list[FrameSpec], float, float]:
    """The pictures and specs of all frames, the processor seconds of a frame, and the mean similarity."""
    pictures, specs, similarities = [], [*timeline], []
    state, begun = None, 0.0
    for spec in specs:
        state = renderer.step(state, spec)
        if spec.index == 0:
            begun = time.process_time()
        pictures.append(state.image)
        similarities.append(float(state.similarity))
    seconds = (time.process_time() - begun) / (len(specs) - 1)
    return pictures, specs, seconds, sum(similarities[SKIPPED:]) / len(similarities[SKIPPED:])


def figures(renderer: Renderer, timeline: Timeline) -> Figures:
    """Render a timeline in memory and measure it."""
    pictures, specs, seconds, similarity = rendered(renderer, timeline)
    changes, flickers = [], []
    for index in range(SKIPPED, len(specs) - 1):
        into, out = (_motion(pictures[0], specs[at]) for at in (index, index + 1))
        before = warp(pictures[index - 1], into, "edge")
        after = warp(pictures[index + 1], out.inverse(), "edge")
        inner = (..., slice(8, -8), slice(8, -8))  # what enters at the border is no flicker
        here = pictures[index][inner]
        changes.append(float((here - before[inner]).abs().mean()))
        flickers.append(float((here - (before[inner] + after[inner]) / 2).abs().mean()))
    return Figures(
        seconds=seconds,
        change=sum(changes) / len(changes),
        flicker=sum(flickers) / len(flickers),
        sharpness=sum(sharpness(picture) for picture in pictures[SKIPPED:]) / len(pictures[SKIPPED:]),
        similarity=similarity,
    )


def _motion(picture: Tensor, spec: FrameSpec) -> Displacement:
    """The motion from the frame before to this one, refined or not."""
    return Motions()(picture, [spec.motion])


def main(width: int = 256, height: int = 144, frames: int = 48) -> None:
    device = pick_device("auto")
    torch.set_num_threads(1)
    for name, setting in SETTINGS.items():
        click.echo(f"{name}\n n  s/frame   of n=1   change  flicker  sharpness  similarity")
        first = None
        for n in CADENCES:
            text = f"output: {{size: [{width}, {height}], length: {frames}, seed: 7}}\n"
            text += "prompts: a golden sunset over the sea\nmotion: {zoom: 1.05/s, rotate: 2/s}\n"
            schedule = read_schedule(text + setting.format(n=n), "cadence", "cadence")
            located = schedule.models.locate(offline=True, progress=lambda *_: None)
            renderer = load_renderer(
                located.latent,
                located.perceptors,
                located.quantize,
                device,
                model_dtype(device),
                proposers=located.priors,
            )
            found = figures(renderer, Timeline(schedule))
            first = first or found.seconds
            click.echo(
                f"{n:2} {found.seconds:8.3f} {found.seconds / first:8.2f} {found.change:8.4f} {found.flicker:8.4f}"
                f" {found.sharpness:10.4f} {found.similarity:11.3f}"
            )


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:]))
