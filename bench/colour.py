"""Whether a minute of zoom keeps its colours, with and without `colour: {match: first}`, and what matching costs.

`python -m bench.colour [--sheet sheet.png]` renders the same slow zoom several times, prints how far its colours are in
CIELAB from those at its beginning, and draws frames of each, one row per setting.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import torch
from torch import Tensor

from bench.interleaved import interleave
from pipeline.run.folder.frames import to_pixels
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.guidance.colour.spaces import cielab
from render.renderer.renderer import Renderer
from render.renderer.state import FrameState

SETTINGS = {
    "nothing": "",
    "match: first": "colour: {match: first}\n",
    "amount: 0.3": "colour: {match: first, amount: 0.3}\n",
    "histogram": "colour: {match: first, method: histogram}\n",
}
WINDOW = 24  # frames whose mean is compared
SHOWN = 7  # frames per row of the sheet
GAP = 4  # pixels


@dataclass(frozen=True, kw_only=True)
class Look:
    """A picture's colours in CIELAB: means of L, a and b, of the chroma, and the standard deviation of L."""

    lightness: float
    a: float
    b: float
    chroma: float
    contrast: float

    def distance(self, other: "Look") -> float:
        """The distance of the mean colours, Delta E of 1976."""
        pairs = (self.lightness, other.lightness), (self.a, other.a), (self.b, other.b)
        return float(sum((mine - theirs) ** 2 for mine, theirs in pairs) ** 0.5)


def look(image: Tensor) -> Look:
    """Measure (1, 3, H, W) in [0, 1]."""
    lightness, a, b = cielab(image)[0].flatten(1)
    return Look(
        lightness=float(lightness.mean()),
        a=float(a.mean()),
        b=float(b.mean()),
        chroma=float((a.square() + b.square()).sqrt().mean()),
        contrast=float(lightness.std()),
    )


def zoom(frames: int, size: tuple[int, int], prompt: str, colour: str) -> Schedule:
    """One prompt and a zoom of 5 % per second, with defaults for everything else."""
    text = f"output: {{size: {list(size)}, fps: 12, length: {frames}, seed: 7}}\nprompts: {prompt}\n"
    return read_schedule(f"{text}motion: {{zoom: 1.05/s}}\n{colour}", "colour", "colour")


def loaded(schedule: Schedule) -> Renderer:
    """The renderer of a schedule, which those of the other settings can use as well."""
    return schedule.models.locate(offline=True, progress=lambda *_: None).load("auto")


def rendered(renderer: Renderer, schedule: Schedule) -> Iterator[FrameState]:
    """Render every frame in memory."""
    run, state = renderer.of_run(click.echo), None
    for spec in Timeline(schedule):
        state = run.step(state, spec)
        yield state


def drift(renderer: Renderer, name: str, schedule: Schedule) -> list[Tensor]:
    """Print how far the colours are from those of the second window of frames; return the frames for the sheet."""
    looks, frames = [], []
    count = len(Timeline(schedule))
    shown = {round(number * (count - 1) / (SHOWN - 1)) for number in range(SHOWN)}
    for index, state in enumerate(rendered(renderer, schedule)):
        looks.append(look(state.frame))
        if index in shown:
            frames.append(state.frame)
            click.echo(f"{name} {index}: {looks[-1]}", err=True)
    windows = [_mean(looks[start : start + WINDOW]) for start in range(0, count - WINDOW + 1, WINDOW)]
    start, later = windows[0], windows[1:]
    furthest = max(window.distance(start) for window in later)
    chromas = [window.chroma / start.chroma for window in later]
    contrasts = [window.contrast / start.contrast for window in later]
    last = later[-1]
    click.echo(
        f"{name:14} mean colour: last {last.distance(start):5.1f}, furthest {furthest:5.1f}"
        f"   chroma x {min(chromas):.2f} - {max(chromas):.2f}   contrast x {min(contrasts):.2f} - {max(contrasts):.2f}"
        f"   similarity {float(state.similarity):.3f}"
    )
    return frames


def _mean(looks: list[Look]) -> Look:
    return Look(**{name: sum(getattr(each, name) for each in looks) / len(looks) for name in vars(looks[0])})


def cost(renderer: Renderer, size: tuple[int, int], prompt: str, rounds: int) -> None:
    """Print how long a moved frame takes with each setting, compared with none."""
    specs = {name: Timeline(zoom(2, size, prompt, colour)).at(1) for name, colour in SETTINGS.items()}
    first = renderer.step(None, Timeline(zoom(2, size, prompt, SETTINGS["match: first"])).at(0))
    timings = interleave({name: partial(renderer.step, first, spec) for name, spec in specs.items()}, rounds)
    for name, timing in timings.items():
        share = 1 / timing.times_faster_than(timings["nothing"])
        click.echo(f"{name:14} {timing.median:.4f} s a frame, x {share:.3f}")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--frames", type=click.IntRange(2 * WINDOW), default=720, show_default=True)
@click.option("--size", type=(int, int), default=(96, 64), show_default=True)
@click.option("--prompt", default="a golden sunset over the sea", show_default=True)
@click.option("--only", multiple=True, type=click.Choice(list(SETTINGS)), help="These settings instead of all.")
@click.option("--rounds", type=click.IntRange(0), default=0, help="Measure the cost as well, in as many rounds.")
@click.option("--sheet", type=click.Path(path_type=Path, dir_okay=False), help="Where to draw frames.")
def main(
    frames: int, size: tuple[int, int], prompt: str, only: tuple[str, ...], rounds: int, sheet: Path | None
) -> None:
    """Render a long zoom with different colour settings and print how its colours drift."""
    torch.set_num_threads(1)
    renderer = loaded(zoom(frames, size, prompt, ""))
    if rounds:
        cost(renderer, size, prompt, rounds)
        return
    rows = [drift(renderer, name, zoom(frames, size, prompt, SETTINGS[name])) for name in only or SETTINGS]
    if sheet:
        from PIL import Image

        spaced = torch.cat([_row(row) for row in rows], dim=2)
        Image.fromarray(to_pixels(spaced)).save(sheet)


def _row(frames: list[Tensor]) -> Tensor:
    """Put frames side by side, with white between them and below."""
    padded = [torch.nn.functional.pad(frame, (0, GAP, 0, GAP), value=1.0) for frame in frames]
    return torch.cat(padded, dim=3)


if __name__ == "__main__":
    main()
