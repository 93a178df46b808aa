"""What regions cost: a refinement step of the embedded pair with and without them, alternately.

`python -m bench.regions` prints the median time of a step and the ratio to a step with the same prompts and no region.
"""

from collections.abc import Mapping
from dataclasses import replace

import click
import torch

from bench.interleaved import interleave
from bench.machine import this_machine
from bench.ours import EMBEDDED, Loaded, frame, load
from pipeline.schedule.sections.losses import DEFAULT_LOSSES
from render.device.device import model_dtype, pick_device
from render.refinement.areas import Areas, Kept
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Refinement
from render.spec import FrameSpec
from render.spec.prompts import PromptWeight
from render.spec.regions import Region

BOX = Region(kind="box", numbers=(0.0, 0.0, 0.5, 1.0), feather=0.1)
TEXTS = ("a burning forest", "cracked ice")


class _Step:
    """Takes one step of a refinement that starts from noise."""

    def __init__(self, models: Loaded, regions: tuple[Region | None, ...], *, kept: bool = False) -> None:
        prompts = tuple(
            PromptWeight(text=text, weight=1.0, region=region) for text, region in zip(TEXTS, regions, strict=True)
        )
        spec = replace(frame(EMBEDDED, 0, 1), prompts=prompts, losses=DEFAULT_LOSSES)
        self._refinement, self._optimizer = _begun(models, spec)
        if kept:
            picture = self._refinement.anchor
            self._refinement = replace(
                self._refinement, areas=Areas(kept=Kept(picture=picture, mask=torch.ones_like(picture[:, :1])))
            )

    def __call__(self) -> None:
        self._refinement.step(self._optimizer, 0.05)


def _begun(models: Loaded, spec: FrameSpec) -> tuple[Refinement, LatentAdam]:
    return models.renderer().from_noise(spec)


def steps(models: Loaded) -> Mapping[str, _Step]:
    """The steps that are compared, the first of which has no regions."""
    return {
        "two prompts, no region": _Step(models, (None, None)),
        "a region for one": _Step(models, (BOX, None)),
        "a region for each": _Step(models, (BOX, replace(BOX, invert=True))),
        "something is kept": _Step(models, (None, None), kept=True),
    }


@click.command(help=__doc__)
@click.option("--rounds", default=60, show_default=True)
def main(rounds: int) -> None:
    models = load(EMBEDDED, model_dtype(pick_device("auto"), "auto"))
    click.echo(this_machine())
    timings = interleave(steps(models), rounds)
    plain = next(iter(timings.values()))
    for name, timing in timings.items():
        ratio = 1 / timing.times_faster_than(plain)
        click.echo(f"{name:24} {1000 * timing.median:7.1f} ms  x {ratio:.3f}")


if __name__ == "__main__":
    main()
