"""Whether a long slow zoom, or a long flight over the ground, keeps its sharpness, colour and brightness.

`python -m bench.steadiness [FRAMES] [zoom | flight]` renders a schedule with one prompt and prints, window by
window, what the pictures look like, so that drift to black, grey, noise or stripes shows as a trend.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import click
from torch import Tensor

from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.guidance.losses.saturation import colourfulness

WINDOW = 25  # frames per printed line


@dataclass(frozen=True, kw_only=True)
class Appearance:
    """Figures of a picture, or their means over several; in [0, 1] except the similarity."""

    brightness: float
    contrast: float
    sharpness: float
    colourfulness: float
    similarity: float


def slow_zoom(frames: int, size: tuple[int, int] = (256, 144), start: str = "noise") -> Schedule:
    """One prompt and a zoom of 5 % per second, with defaults for everything else."""
    text = f"output: {{size: {list(size)}, length: {frames}, seed: 7}}\nprompts: a golden sunset over the sea\n"
    return read_schedule(text + f"motion: {{zoom: 1.05/s}}\nstart: {start}\n", "steadiness", "steadiness")


def flight(frames: int, size: tuple[int, int] = (128, 72)) -> Schedule:
    """A camera that drives over a sea, refined as in schedules/flight.yaml."""
    text = f"output: {{size: {list(size)}, fps: 12, length: {frames}, seed: 4}}\n"
    text += "prompts: waves of the sea under a sunset sky\ncamera: {dolly: 0.5/s, fov: 65}\ndepth: ground\n"
    return read_schedule(f"{text}start: {{prior: bank}}\nrefine: {{steps: 5, lr: 0.15}}\n", "flight", "flight")


def appearances(schedule: Schedule) -> Iterator[Appearance]:
    """Render the schedule in memory and measure every frame."""
    renderer = schedule.models.locate(offline=True, progress=lambda *_: None).load("auto")
    state = None
    for spec in Timeline(schedule):
        state = renderer.step(state, spec)
        yield Appearance(
            brightness=float(state.image.mean()),
            contrast=float(state.image.std()),
            sharpness=sharpness(state.image),
            colourfulness=float(colourfulness(state.image)),
            similarity=float(state.similarity),
        )


def sharpness(image: Tensor) -> float:
    """Mean absolute Laplacian of the brightness of (B, 3, H, W)."""
    grey = image.mean(dim=1)
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    return float((4 * grey[:, 1:-1, 1:-1] - around).abs().mean())


def mean_appearance(window: list[Appearance]) -> Appearance:
    names = Appearance.__dataclass_fields__
    return Appearance(**{name: sum(getattr(each, name) for each in window) / len(window) for name in names})


def main(frames: int, schedule: Schedule) -> None:
    names = list(Appearance.__dataclass_fields__)
    click.echo("frames".ljust(12) + "".join(name.rjust(15) for name in names))
    window: list[Appearance] = []
    for index, each in enumerate(appearances(schedule)):
        window.append(each)
        if len(window) == WINDOW or index + 1 == frames:
            mean = mean_appearance(window)
            label = f"{index + 1 - len(window)}-{index}"
            click.echo(label.ljust(12) + "".join(f"{getattr(mean, name):15.4f}" for name in names))
            window = []


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    main(asked, flight(asked) if sys.argv[2:] == ["flight"] else slow_zoom(asked))
