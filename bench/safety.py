"""The cost of saving every frame safely, as a share of the time per frame.

`python -m bench.safety [FRAMES] [FOLDER]` renders a schedule with the embedded models at their
defaults and times, in the same run, the step and everything that makes it safe: state, PNG, their
checksums, fsync and rename. FOLDER should lie on the disk that renders go to, not in memory.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click

from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.frames import FrameRecord, checksum, to_pixels
from pipeline.run.folder.hashes import chain
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.device.device import model_dtype, pick_device
from render.renderer.loading.load import load_renderer

GOAL = 0.03
WARM_UP = 2  # frames that are not counted: the first has more steps, and caches are cold


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Seconds per frame: refining the picture, saving the state, writing the file."""

    step: float
    state: float
    frame: float

    @property
    def share(self) -> float:
        return (self.state + self.frame) / (self.step + self.state + self.frame)


def zoom(frames: int, size: tuple[int, int] = (256, 144)) -> Schedule:
    """One prompt and a zoom, with defaults for everything else."""
    text = f"output: {{size: {list(size)}, fps: 12, length: {frames}, seed: 7}}\nmotion: {{zoom: 1.05/s}}\n"
    return read_schedule(text + "prompts: a golden sunset over the sea\n", "safety", "safety")


def costs(schedule: Schedule, folder: RunFolder) -> Iterator[Cost]:
    """Render and save every frame as a run does, and yield the time of each part."""
    device = pick_device("auto")
    located = schedule.models.locate(offline=True, progress=lambda name, done, total: None)
    dtype = model_dtype(device, located.precision)
    renderer = load_renderer(located.latent, located.perceptors, located.quantize, device, dtype)
    states, timeline, state = folder.states(schedule), Timeline(schedule), None
    hashes = chain(timeline, located.digests())
    for spec in timeline:
        begun = time.perf_counter()
        state = renderer.step(state, spec)
        image = state.image.cpu()  # waits for the device, too
        stepped = time.perf_counter()
        states.save(state, hashes[spec.index], renderer.made_on)
        saved = time.perf_counter()
        pixels = to_pixels(image)
        record = FrameRecord(hash=hashes[spec.index], similarity=float(state.similarity[0]), pixels=checksum(pixels))
        folder.frames.write(spec.index, pixels, record)
        yield Cost(step=stepped - begun, state=saved - stepped, frame=time.perf_counter() - saved)


def main(frames: int, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        found = list(costs(zoom(frames + WARM_UP), RunFolder(Path(folder))))[WARM_UP:]
    for name in ("step", "state", "frame"):
        click.echo(
            f"{name:<8}{median(getattr(cost, name) for cost in found) * 1000:9.2f} ms, the median of {frames} frames"
        )
    whole = sum(cost.state + cost.frame for cost in found) / sum(cost.step + cost.state + cost.frame for cost in found)
    click.echo(
        f"safety  {median(cost.share for cost in found):9.2%} of a frame, {whole:.2%} over all; the goal is {GOAL:.0%}"
    )
    click.echo(f"load    {os.getloadavg()[0]:9.2f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 48, Path(sys.argv[2]) if len(sys.argv) > 2 else Path("outputs"))
