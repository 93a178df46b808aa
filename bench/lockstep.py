"""`python -m bench.lockstep`: what a step costs per picture, alone and in batches as with `--lockstep`."""

from dataclasses import asdict, replace

import click
import torch

from bench.interleaved import interleave
from bench.machine import this_machine
from bench.ours import EMBEDDED, PUBLISHED, Loaded, Setting, frame, load
from render.device.device import model_dtype, pick_device
from render.refinement.joint_steps import Pending, take_steps

SETTINGS = {"embedded": EMBEDDED, "published": PUBLISHED}
STEPS = 2


class PictureBatch:
    """A batch of `count` pictures with different seeds: each call runs `STEPS` steps of all of them."""

    def __init__(self, models: Loaded, setting: Setting, count: int) -> None:
        renderer, spec = models.renderer(), frame(setting, 0, 1)
        self._batch = [Pending(*renderer.from_noise(replace(spec, seed=seed))) for seed in range(count)]

    def __call__(self) -> None:
        take_steps(self._batch, STEPS)


@click.command()
@click.option("--models", type=click.Choice(list(SETTINGS)), default="embedded", show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=9, show_default=True)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@click.argument("counts", type=click.IntRange(1), nargs=-1)
def main(models: str, rounds: int, threads: int, counts: tuple[int, ...]) -> None:
    """Compare batches of COUNTS pictures, 1 2 4 8 unless given, with one picture at a time."""
    torch.set_num_threads(threads)
    click.echo(" · ".join(str(value) for value in asdict(this_machine()).values()))
    setting = SETTINGS[models]
    loaded = load(setting, model_dtype(pick_device("auto")))
    click.echo(f"{setting.title}, {str(loaded.dtype).removeprefix('torch.')}")
    counts = counts or (1, 2, 4, 8)
    timings = interleave({str(count): PictureBatch(loaded, setting, count) for count in counts}, rounds)
    for count in counts:
        timing = timings[str(count)]
        each = timing.median / STEPS / count
        faster = timing.times_faster_than(timings[str(counts[0])]) * count / counts[0]
        click.echo(f"  {count} at once: {each:.3f} s per step and picture, x {faster:.2f}")


if __name__ == "__main__":
    main()
