"""`python -m bench`: time and memory of a step and a frame, compared with a peer where its checkout is given.

`python -m bench gpu` measures a GPU, see `bench.gpu`.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import click
import torch

from bench import memory, stages
from bench.gpu.command import gpu
from bench.interleaved import Timing, Work, interleave
from bench.machine import this_machine
from bench.ours import EMBEDDED, PUBLISHED, Setting, Video, load, steps
from bench.peers import NerdyRodent, NerdyRodentVideo

FRAME_STEPS = 15
SETTINGS = {"embedded": EMBEDDED, "published": PUBLISHED}
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--models", type=click.Choice(list(SETTINGS)), multiple=True, default=list(SETTINGS), show_default=True)
@click.option("--size", type=(int, int), help="Width and height instead of the settings' own.")
@click.option("--cutouts", type=int, help="Instead of the settings' own.")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@click.option(
    "--peers", type=FOLDER, help="A checkout of nerdyrodent/VQGAN-CLIP to compare the published setting with."
)
@click.option("--json", "out", type=FILE, help="Where to store the figures as well.")
@click.pass_context
def main(
    context: click.Context,
    models: tuple[str, ...],
    size: tuple[int, int] | None,
    cutouts: int | None,
    rounds: int,
    threads: int,
    peers: Path | None,
    out: Path | None,
) -> None:
    """Time refinement steps, frames of 15 steps and the stages of a step, and measure peak memory."""
    if context.invoked_subcommand:
        return
    torch.set_num_threads(threads)
    machine = this_machine()
    click.echo(" · ".join(str(value) for value in asdict(machine).values()))
    figures: dict[str, Any] = {"machine": asdict(machine), "settings": {}}
    for name in models:
        setting = SETTINGS[name]
        setting = replace(setting, size=size or setting.size, cutouts=cutouts or setting.cutouts)
        found = compare(setting, rounds, peers if name == "published" else None)
        figures["settings"][setting.title] = found
    if out:
        out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


main.add_command(gpu)


def compare(setting: Setting, rounds: int, peer: Path | None) -> dict[str, Any]:
    """Print and return the figures of one setting."""
    click.echo(f"\n{setting.title}")
    makers: dict[str, Callable[[], Work]] = {
        "ours in bf16": partial(steps, setting, torch.bfloat16),
        "ours in fp32": partial(steps, setting, torch.float32),
    }
    if peer:
        makers = {"nerdyrodent": partial(NerdyRodent, peer, setting)} | makers
    timings = interleave({name: make() for name, make in makers.items()}, rounds)
    first = next(iter(timings.values()))
    found: dict[str, Any] = {}
    for name, timing in timings.items():
        peak = memory.peak(makers[name])
        found[name] = {"step": timing.median, "ratio": timing.times_faster_than(first), "peak": peak}
        click.echo(f"  {name:14} {_shown(timing, first)}   at most {peak / 2**20:6.0f} MB")
    models = load(setting, torch.bfloat16)
    videos: dict[str, Work] = {"ours in bf16": Video(models, setting, FRAME_STEPS)}
    if peer:
        videos = {"nerdyrodent": NerdyRodentVideo(peer, setting, FRAME_STEPS)} | videos
    frames = interleave(videos, max(1, rounds // 2))
    first = next(iter(frames.values()))
    found["frames"] = {}
    for name, timing in frames.items():
        found["frames"][name] = {"frame": timing.median, "ratio": timing.times_faster_than(first)}
        click.echo(
            f"  {name:14} {timing.median:7.2f} s a moved frame of {FRAME_STEPS} steps"
            f"  x {timing.times_faster_than(first):.2f}"
        )
    found["stages"] = stages.shares(models, setting, rounds)
    click.echo("  " + ", ".join(f"{stage} {value:.3f} s" for stage, value in found["stages"].items()))
    return found


def _shown(timing: Timing, first: Timing) -> str:
    spread = f"[{min(timing.seconds):.3f} - {max(timing.seconds):.3f}]"
    return f"{timing.median:7.3f} s a step {spread:19} x {timing.times_faster_than(first):.2f}"


if __name__ == "__main__":
    main()
