"""How much similarity a step gains, per step and per second, on the embedded pair.

`python -m bench.guidance [--plot FILE.png]` renders the first frame and a short slow zoom of four
prompts with every setting of `SETTINGS`.

The similarity is the guide's own, which refinement maximises: it shows which setting gains it
fastest, not which pictures are best.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
import torch

from bench.interleaved import seconds
from bench.machine import this_machine
from bench.ours import EMBEDDED, Loaded, frame, load
from pipeline.schedule.sections.losses import DEFAULT_LOSSES
from render.device.device import model_dtype, pick_device
from render.renderer.renderer import Renderer
from render.renderer.state import FrameState
from render.spec.prompts import PromptWeight

PROMPTS = (
    "a calm blue sea at noon",
    "a golden sunset over the sea",
    "a dark starry night sky over the sea",
    "red poppies in a green meadow",
)
SETTINGS: Mapping[str, tuple[Mapping[str, object], int]] = {
    "3 steps, lr 0.3": ({}, 3),
    "3 steps, lr 0.3, 8 cutouts": ({"num_cutouts": 8}, 3),
    "3 steps, lr 0.3, 6 cutouts": ({"num_cutouts": 6}, 3),
    "2 steps, lr 0.4": ({"lr": 0.4}, 2),
    "3 steps, lr 0.2": ({"lr": 0.2}, 3),
    "4 steps, lr 0.25": ({"lr": 0.25}, 4),
    "4 steps, lr 0.3": ({}, 4),
    "4 steps, lr 0.2, Adam reset": ({"lr": 0.2, "carry_optimizer": False}, 4),
    "5 steps, lr 0.2": ({"lr": 0.2}, 5),
    "5 steps, lr 0.3": ({}, 5),
}
"""Changes of the frame spec, and steps per frame; the first frame has `FIRST_STEPS`."""

FIRST_STEPS = 60
FRAMES = 8
"""After the first one: enough for the start of a frame to depend only on the video before it."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """Mean similarity over prompts, of the first frame and at the end of a slow zoom; seconds per frame of the zoom."""

    first: float
    video: float
    frame_seconds: float


def measure(models: Loaded, changes: Mapping[str, object], steps: int) -> Result:
    """Render the first frame and a short slow zoom of every prompt with a spec changed by `changes`."""
    renderer = models.renderer()
    firsts, videos, times = [], [], []
    for prompt in PROMPTS:
        video = _Video(renderer, prompt, changes, steps)
        video()
        firsts.append(video.similarity)
        times += [seconds(video) for _ in range(FRAMES)]
        videos.append(video.similarity)
    return Result(first=_mean(firsts), video=_mean(videos), frame_seconds=statistics.median(times))


class _Video:
    """A slow zoom: each call renders the next frame."""

    def __init__(self, renderer: Renderer, prompt: str, changes: Mapping[str, object], steps: int) -> None:
        self._renderer, self._prompt, self._changes, self._steps = renderer, prompt, changes, steps
        self._state: FrameState | None = None

    def __call__(self) -> None:
        index = 0 if self._state is None else self._state.index + 1
        spec = frame(EMBEDDED, index, self._steps if index else FIRST_STEPS, {"zoom": 1.004})
        prompts = (PromptWeight(text=self._prompt, weight=1.0),)
        spec = replace(spec, prompts=prompts, losses=DEFAULT_LOSSES, **self._changes)  # type: ignore[arg-type]
        self._state = self._renderer.step(self._state, spec)

    @property
    def similarity(self) -> float:
        assert self._state is not None
        return float(self._state.similarity)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


@click.command()
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw seconds against similarity.")
def main(plot: Path | None) -> None:
    """Render with every setting; print the results, and draw them with --plot."""
    torch.set_num_threads(1)
    click.echo(" · ".join(str(value) for value in asdict(this_machine()).values()))
    models = load(EMBEDDED, model_dtype(pick_device("auto")))
    results = {}
    for name, (changes, steps) in SETTINGS.items():
        results[name] = result = measure(models, changes, steps)
        click.echo(
            f"{name:30} first {result.first:.3f}  video {result.video:.3f}  {result.frame_seconds:.3f} s per frame"
        )
    if plot:
        draw(results, plot)


def draw(results: Mapping[str, Result], path: Path) -> None:
    """Draw every setting as a point: further left is faster, further up is closer to the prompt."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for name, result in results.items():
        axes.plot(result.frame_seconds, result.video, "o")
        axes.annotate(name, (result.frame_seconds, result.video), xytext=(6, 4), textcoords="offset points", fontsize=8)
    axes.set_xlabel("seconds per moved frame (one thread)")
    axes.set_ylabel(f"similarity after {FRAMES} frames")
    axes.margins(x=0.25, y=0.15)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
