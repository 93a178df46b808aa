"""`python -m bench.realtime`: frames per second of the embedded models at 256x144, with one and two threads in turn."""

import os
import statistics
import time
from dataclasses import asdict

import click
import torch

from bench.machine import this_machine
from bench.ours import EMBEDDED, Video, load
from render.device.device import model_dtype, pick_device


@click.command()
@click.option("--steps", type=click.IntRange(1), multiple=True, default=(10, 3), show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
def main(steps: tuple[int, ...], rounds: int) -> None:
    """Print medians over the rounds: wall time, and processor time of all threads."""
    device = pick_device("auto")
    click.echo(" · ".join(str(value) for value in asdict(this_machine()).values()))
    models = load(EMBEDDED, model_dtype(device))
    videos = {count: Video(models, EMBEDDED, count) for count in steps}
    for video in videos.values():
        video()
        video()
    taken: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for count, video in videos.items():
            for threads in (1, 2):
                torch.set_num_threads(threads)
                begun = time.perf_counter(), time.process_time()
                video()
                if device.type == "cuda":
                    torch.cuda.synchronize()
                ended = time.perf_counter(), time.process_time()
                taken.setdefault((count, threads), []).append((ended[0] - begun[0], ended[1] - begun[1]))
    for (count, threads), found in taken.items():
        wall, cpu = (statistics.median(values) for values in zip(*found, strict=True))
        click.echo(
            f"{count:3} steps, {threads} threads: {1 / wall:.2f} frames/s of wall time, {wall:.3f} s,"
            f" {cpu:.3f} s of processor time"
        )
    click.echo(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
