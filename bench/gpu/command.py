"""The command `python -m bench gpu`."""

import time
from dataclasses import replace
from pathlib import Path

import click
import torch

from bench.gpu import report
from bench.gpu.clock import Clock
from bench.gpu.tables import Measurements
from render.device.device import make_ready, pick_device
from render.errors import InputError

HERE = Path(__file__).parents[1]


@click.command("gpu")
@click.option("--device", "named", default="auto", show_default=True, help="cuda, cuda:N, mps; on cpu in a tiny size.")
@click.option("--minutes", type=click.FloatRange(0), default=10.0, show_default=True, help="Stop about then.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Instead of bench/GPU-NAME.md.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
def gpu(named: str, minutes: float, out: Path | None, force: bool) -> None:
    """Time steps, frames, batches and the writer on a GPU, compared with what it measures the GPU to be capable of."""
    try:
        device = pick_device(named)
    except InputError as error:
        raise click.UsageError(str(error)) from None
    if named == "auto" and device.type == "cpu":
        raise click.UsageError("torch finds no GPU here; `--device cpu` runs the same in a tiny size")
    out = out or HERE / f"GPU-{report.slug(device)}.md"
    if out.exists() and not force:
        raise click.UsageError(f"{out} is there already: name another file with --out, or overwrite it with --force")
    make_ready(device)
    clock = Clock(device=device, end=time.monotonic() + 60 * minutes)
    if device.type == "cpu":
        clock = replace(clock, enough=0.0, warm_up=1, fewest=1)
    torch.manual_seed(0)
    report.written(out, device, Measurements(clock, out.parent).tables(), click.echo)
    click.echo(f"written to {out}")
