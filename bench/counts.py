"""`python -m bench.counts`: what a step and a moved frame ask of a GPU, counted without one."""

from dataclasses import dataclass, replace

import click
import torch

from bench.machine import this_machine
from bench.ours import EMBEDDED, PUBLISHED, Loaded, Setting, Steps, Video, load
from tests.counting import Counting, Counts, gpu_to_count
from tests.fake_gpu import CUDA

SETTINGS = {"embedded": EMBEDDED, "published": replace(PUBLISHED, size=(512, 512))}
ROWS = ("operators", "forward", "backward", "layout copies", "mixed layouts", "biases", "launches", "waits")


@dataclass(frozen=True, kw_only=True)
class Found:
    """The counts of a setting: of a step, and of a moved frame with one step."""

    step: Counts
    frame: Counts


def counts_of(setting: Setting) -> Found:
    """Count a step and a moved frame of one step in bf16, each after others that fill caches."""
    with gpu_to_count() as counting:
        models = load(setting, torch.bfloat16, CUDA)
        video = Video(models, setting, 1)
        for _ in range(2):
            video()
        with counting.counted() as frame:
            video()
        return Found(step=_step(counting, models, setting), frame=frame)


def step_of(setting: Setting) -> Counts:
    """Count a step in bf16."""
    with gpu_to_count() as counting:
        models = load(setting, torch.bfloat16, CUDA)
        Steps(models, setting)()
        return _step(counting, models, setting)


def _step(counting: Counting, models: Loaded, setting: Setting) -> Counts:
    steps = Steps(models, setting)
    with counting.counted() as step:
        steps()
    return step


def shown(counts: Counts) -> list[int]:
    return [
        counts.operators,
        counts.forward.total(),
        counts.backward.total(),
        counts.layouts.total(),
        counts.mixed.total(),
        counts.biases,
        counts.launches,
        counts.waits.total(),
    ]


@click.command()
def main() -> None:
    """Print the counts of both settings as a Markdown table, and where the host waits."""
    click.echo(f"commit {this_machine().commit}, torch {torch.__version__}\n")
    found = {name: counts_of(setting) for name, setting in SETTINGS.items()}
    columns = {f"{name}: {part}": vars(each)[part] for name, each in found.items() for part in ("step", "frame")}
    click.echo("| | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))
    values = [shown(counts) for counts in columns.values()]
    for number, row in enumerate(ROWS):
        click.echo(f"| {row} | " + " | ".join(str(column[number]) for column in values) + " |")
    click.echo("| TFLOP | " + " | ".join(f"{counts.flops / 1e12:.3f}" for counts in columns.values()) + " |")
    click.echo("| GB | " + " | ".join(f"{counts.traffic / 1e9:.1f}" for counts in columns.values()) + " |\n")
    for title, counts in columns.items():
        for what in ("waits", "layouts", "mixed"):
            listed = ", ".join(f"{count} {name}" for name, count in sorted(vars(counts)[what].items()) if count)
            click.echo(f"{title}: {what}: {listed or 'none'}")


if __name__ == "__main__":
    main()
