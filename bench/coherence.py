"""Whether a repainted clip flickers: how far neighbouring frames differ along what really moves in the clip.

`python -m bench.coherence [--sheet sheet.png]` repaints a clip whose motion is known exactly, in several ways, and
prints for each the mean warping error, how near the frames come to the prompt, and how far they are from the clip: a
method that does nothing would be as steady as the clip.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import torch
from PIL import Image
from scipy.ndimage import map_coordinates

from bench.example_clip import balloon
from bench.known_motion import Floats, KnownClip, Truth, card, save
from bench.machine import this_machine
from pipeline.run.folder.frames import to_pixels
from pipeline.schedule.loader import load_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.renderer.renderer import Renderer
from render.spec import FrameSpec

CLIPS: dict[str, Callable[[tuple[int, int]], KnownClip]] = {
    "balloon": balloon,
    "card": lambda size: card({"pan_x": 0.02, "rotate": 1.0}, {"zoom": 1.01, "pan_x": -0.015, "rotate": -0.3}, size),
}
PROMPT = "a snowy mountain under a purple aurora"
MIX, STEPS, LR = 0.95, 1, 0.05
SHOWN = 6  # frames per row of the sheet
GAP = 3  # pixels


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to repaint: settings of a schedule, and what is changed in every spec."""

    source: str
    refine: str
    losses: str = "{}"
    changed: Callable[[FrameSpec], FrameSpec] = lambda spec: spec

    def schedule(self, clip: Path, size: tuple[int, int], frames: int, prompt: str) -> Schedule:
        """Write and read a schedule beside the clip."""
        path = clip.with_suffix(".yaml")
        path.write_text(
            f"output: {{size: {list(size)}, fps: 12, length: {frames}, seed: 7}}\nprompts: {prompt}\n"
            f"source: {{video: {clip.name}, {self.source}}}\nrefine: {{{self.refine}}}\nlosses: {self.losses}\n"
        )
        return load_schedule(path)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Means over a video: warping error and distance from the clip in levels of 255, and the similarity."""

    warping: float
    distance: float
    similarity: float


def ways(mix: float, steps: int, lr: float, temporal: float) -> dict[str, Way]:
    """Ours, and what it is compared with: the same steps, or as many in each frame as reach the same similarity."""
    refine = f"steps: {steps}, lr: {lr}, adapt: picture"
    alone = round(steps / (1 - mix))
    losses = f"{{temporal: {temporal}}}"
    return {
        "ours": Way(source=f"mix: {mix}", refine=refine, losses=losses),
        "without flow": Way(source=f"mix: {mix}", refine=refine, changed=lambda spec: replace(spec, flow=None)),
        "frame by frame": Way(source="mix: 0", refine=f"steps: {alone}, lr: {lr}, adapt: picture"),
        "no steps": Way(source="mix: 0", refine="steps: 0, first_frame: 0"),
    }


def rendered(renderer: Renderer, schedule: Schedule, way: Way) -> Iterator[tuple[Floats, float]]:
    """Render in memory: every frame, (H, W, 3) in [0, 1], with its similarity."""
    run, state = renderer.of_run(click.echo), None
    for spec in Timeline(schedule):
        state = run.step(state, way.changed(spec))
        yield state.frame[0].movedim(0, -1).double().numpy(), float(state.similarity)


def warping_error(before: Floats, after: Floats, truth: Truth) -> float:
    """Mean absolute difference of a frame to the one before, moved as the clip really moves, where that shows it.

    Source: the temporal error of Lai et al., "Learning Blind Video Temporal Consistency" (2018), with known motion.
    """
    height, width = truth.seen.shape
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    places = [y + truth.backward[..., 1], x + truth.backward[..., 0]]
    layers = [map_coordinates(before[..., channel], places, order=3, mode="nearest") for channel in range(3)]
    return float(np.abs(np.stack(layers, -1) - after).mean(-1)[truth.seen].mean())


def figures(frames: Sequence[Floats], similarities: Sequence[float], clip: KnownClip) -> Figures:
    """Measure a video of a clip."""
    shown = [clip.frame(number) / 255 for number in range(len(frames))]
    errors = [warping_error(*pair, clip.truth(number)) for number, pair in enumerate(pairwise(frames), start=1)]
    away = [np.abs(frame - picture).mean() for frame, picture in zip(frames, shown, strict=True)]
    return Figures(
        warping=255 * float(np.mean(errors)),
        distance=255 * float(np.mean(away)),
        similarity=float(np.mean(similarities)),
    )


def measured(clip: KnownClip, way: Way, frames: int, prompt: str = PROMPT) -> tuple[Figures, list[Floats]]:
    """Repaint a clip and measure the result; return its frames as well."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mkv"
        save(clip.frames(frames), path)
        schedule = way.schedule(path, clip.size, frames, prompt)
        renderer = schedule.models.locate(offline=True, progress=lambda *_: None).load("cpu")
        pictures, similarities = zip(*rendered(renderer, schedule, way), strict=True)
    return figures(pictures, similarities, clip), list(pictures)


def row(frames: Sequence[Floats]) -> Floats:
    """Put some frames side by side: the first three, whose differences are flicker, and later ones."""
    later = np.linspace(3, len(frames) - 1, SHOWN - 2).round().astype(int).tolist()[1:]
    padded = [np.pad(frames[i], ((0, GAP), (0, GAP), (0, 0)), constant_values=1) for i in (0, 1, 2, *later)]
    return np.concatenate(padded, axis=1)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--clip", "named", type=click.Choice(list(CLIPS)), default="card", show_default=True)
@click.option("--frames", type=click.IntRange(SHOWN), default=24, show_default=True)
@click.option("--size", type=(int, int), default=(128, 72), show_default=True)
@click.option("--prompt", default=PROMPT, show_default=True)
@click.option("--mix", default=MIX, show_default=True)
@click.option("--steps", default=STEPS, show_default=True)
@click.option("--lr", default=LR, show_default=True)
@click.option("--temporal", default=0.0, show_default=True, help="The weight of ours' temporal loss.")
@click.option("--only", multiple=True, help="These ways instead of all.")
@click.option("--sheet", type=click.Path(path_type=Path, dir_okay=False), help="Where to draw frames.")
def main(
    named: str,
    frames: int,
    size: tuple[int, int],
    prompt: str,
    mix: float,
    steps: int,
    lr: float,
    temporal: float,
    only: tuple[str, ...],
    sheet: Path | None,
) -> None:
    """Repaint a clip of known motion in several ways and print how steady and how painted the results are."""
    torch.set_num_threads(1)
    click.echo(this_machine())
    clip = CLIPS[named](size)
    itself = [clip.frame(number) / 255 for number in range(frames)]
    rows = [row(itself)]
    click.echo(f"{'the clip itself':16} warping error {figures(itself, [0.0], clip).warping:5.2f} of 255")
    for name, way in ways(mix, steps, lr, temporal).items():
        if only and name not in only:
            continue
        found, pictures = measured(clip, way, frames, prompt)
        rows.append(row(pictures))
        click.echo(
            f"{name:16} warping error {found.warping:5.2f} of 255   similarity {found.similarity:.3f}"
            f"   from the clip {found.distance:5.1f} of 255"
        )
    if sheet:
        Image.fromarray(to_pixels(torch.from_numpy(np.concatenate(rows)).movedim(-1, 0)[None])).save(sheet)


if __name__ == "__main__":
    main()
