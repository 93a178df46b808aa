"""Frames per second of the writer alone: finished frames and states, of f16-16384, go to the disk."""

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from pipeline.run.folder.frames import FrameFolder
from pipeline.run.folder.states import StateFolder
from pipeline.run.folder.writer import Writer
from pipeline.run.frame_events import Written
from pipeline.run.handover import Handover
from pipeline.run.plan import Stretch
from pipeline.run.rendered import RenderedFrames
from render.renderer.state import FrameState
from render.sources import noise

FPS = 24


def frames_per_second(size: tuple[int, int], place: Path, count: int = 48) -> float:
    """Write `count` frames of (width, height) into a new folder below `place`, and remove it."""
    state = _state(size)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        rendered = RenderedFrames(
            frames=FrameFolder(Path(folder, "frames")),
            states=StateFolder(Path(folder, "state"), FPS),
            hashes=["ab" * 32] * count,
            overwrites=lambda index: False,
            first=0,
        )
        stretch = Stretch(shot=0, after=0, states=(), missing=tuple(range(count)))
        begun = time.perf_counter()
        with Writer[Written]() as writer:
            handover = Handover(writer, rendered, "here", time.monotonic)
            for index in range(count):
                list(handover.put(replace(state, index=index), None, stretch, 0.0))
            list(handover.drain())
        return count / (time.perf_counter() - begun)


def _state(size: tuple[int, int]) -> FrameState:
    generator = torch.Generator().manual_seed(0)
    latent = torch.randn(1, 256, size[1] // 16, size[0] // 16, generator=generator)
    return FrameState(
        index=0,
        image=noise.soft(1, size, generator),
        latent=latent,
        optimizer_state={"step": torch.tensor(9.0), "exp_avg": latent * 2, "exp_avg_sq": latent**2},
        similarity=torch.ones(1),
    )
