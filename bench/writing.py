"""Frames per second of the writer alone: nothing is refined, finished frames and states go to the disk.

`python -m bench.writing [FOLDER]` compares, alternating in one run, how frames were written at first (one thread,
Pillow at level 3, a state after every frame) with how they are written now. FOLDER should lie on the disk that renders
go to, not in memory.
"""

import hashlib
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, replace
from itertools import cycle, islice
from pathlib import Path

import click
import numpy as np
import torch
from PIL import Image, PngImagePlugin
from safetensors.torch import save

from bench.machine import this_machine
from pipeline.run.folder.frames import FrameFolder, Pixels
from pipeline.run.folder.states import StateFolder
from pipeline.run.folder.writer import Writer
from pipeline.run.frame_events import Written
from pipeline.run.handover import Handover
from pipeline.run.plan import Stretch
from pipeline.run.rendered import RenderedFrames
from pipeline.storage.atomic import replacing
from render.renderer.state import FrameState

SIZES = (256, 144), (512, 512), (1024, 576)
FPS, FRAMES, ROUNDS = 24, 48, 5
GOAL = 3

Way = Callable[[Path, list[FrameState]], None]


def pictures(size: tuple[int, int], noise: float) -> Iterator[Pixels]:
    """Four pictures with soft shapes that cover each other, with fine `noise` in levels of 255."""
    chance = np.random.default_rng(0)
    y, x = np.mgrid[: size[1], : size[0]] / size[1]
    for turn in range(4):
        image = np.zeros((size[1], size[0], 3))
        for _ in range(40):
            (left, top), radius = chance.random(2) * (size[0] / size[1], 1), 0.05 + 0.3 * chance.random()
            inside = 1 / (1 + np.exp((np.hypot(x - left + turn / 50, y - top) - radius) * 60))
            image += inside[..., None] * (chance.random(3) * (0.7 + 0.3 * y[..., None]) - image)
        yield np.clip(image * 255 + chance.normal(0, noise, image.shape), 0, 255).astype(np.uint8)


def states(size: tuple[int, int], noise: float) -> list[FrameState]:
    """States as f16-16384 makes them, all after frame 0."""
    latent = torch.randn(1, 256, size[1] // 16, size[0] // 16)
    moments = {"step": torch.tensor(9.0), "exp_avg": latent * 2, "exp_avg_sq": latent**2}
    images = (
        torch.from_numpy(pixels).movedim(-1, 0)[None].contiguous().float() / 255 for pixels in pictures(size, noise)
    )
    return [
        FrameState(index=0, image=image, latent=latent, optimizer_state=moments, similarity=torch.ones(1))
        for image in images
    ]


def now(folder: Path, found: list[FrameState]) -> None:
    """Write the frames as a run does."""
    rendered = RenderedFrames(
        frames=FrameFolder(folder / "frames"),
        states=StateFolder(folder / "state", FPS),
        hashes=["ab" * 32] * FRAMES,
        overwrites=lambda index: False,
        first=0,
    )
    stretch = Stretch(shot=0, after=0, states=(), missing=tuple(range(FRAMES)))
    with Writer[Written]() as writer:
        handover = Handover(writer, rendered, "here", time.monotonic)
        for state in numbered(found):
            list(handover.put(state, None, stretch, 0.0))
        list(handover.drain())


def before(folder: Path, found: list[FrameState]) -> None:
    """Write the frames as a run did: one thread, which is two frames behind at most."""
    for name in ("frames", "state"):
        (folder / name).mkdir(parents=True)
    with ThreadPoolExecutor(1) as thread:
        waiting: list[Future[None]] = []
        for state in numbered(found):
            if len(waiting) == 2:
                waiting.pop(0).result()
            waiting.append(thread.submit(written_before, folder, state))
        for future in waiting:
            future.result()


def written_before(folder: Path, state: FrameState) -> None:
    assert state.latent is not None
    tensors = {"image": state.image, "similarity": state.similarity, "latent": state.latent, **state.optimizer_state}
    digest = hashlib.sha256()
    for value in tensors.values():
        digest.update(value.numpy().tobytes())
    with replacing(folder / "state" / f"{state.index:06d}.safetensors") as partial:
        partial.write_bytes(save(tensors, {"checksum": digest.hexdigest()}))
    for path in sorted((folder / "state").glob("*.safetensors")):
        if state.index - 1 > int(path.stem) and (int(path.stem) + 1) % FPS:
            path.unlink()
    pixels = np.rint(state.image[0].movedim(0, -1).numpy() * 255).astype(np.uint8)
    notes = PngImagePlugin.PngInfo()
    notes.add_text("pixels_sha256", hashlib.sha256(pixels.tobytes()).hexdigest())
    with replacing(folder / "frames" / f"{state.index:06d}.png") as partial:
        Image.fromarray(pixels).save(partial, pnginfo=notes, compress_level=3)


def numbered(found: list[FrameState]) -> Iterator[FrameState]:
    for index, state in enumerate(islice(cycle(found), FRAMES)):
        yield replace(state, index=index)


def timed(way: Way, place: Path, found: list[FrameState]) -> tuple[float, int]:
    """Frames per second, and the bytes of the frames."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        begun = time.perf_counter()
        way(Path(folder), found)
        taken = time.perf_counter() - begun
        return FRAMES / taken, sum(path.stat().st_size for path in Path(folder).glob("frames/*"))


@click.command()
@click.argument("place", type=click.Path(path_type=Path), default=Path("outputs"))
def main(place: Path) -> None:
    """Print frames per second both ways, and how many times as many they are now."""
    place.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    click.echo(" · ".join(str(value) for value in asdict(this_machine()).values()))
    order = random.Random(0)
    for size in SIZES:
        for name, noise in (("smooth", 0.0), ("noisy", 4.0)):
            found = states(size, noise)
            rounds = [{way: timed(way, place, found) for way in order.sample((before, now), 2)} for _ in range(ROUNDS)]
            old, new = (statistics.median(each[way][0] for each in rounds) for way in (before, now))
            ratio = statistics.median(each[now][0] / each[before][0] for each in rounds)
            large = rounds[0][now][1] / rounds[0][before][1]
            click.echo(
                f"{size[0]:4}x{size[1]:<4} {name:6} {old:6.1f} -> {new:6.1f} frames/s"
                f"  x {ratio:4.1f} (the goal is {GOAL})  files x {large:.2f}"
            )
    click.echo(f"load {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
