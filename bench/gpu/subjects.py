"""What is measured: the settings, and steps of a batch of pictures, replayed as one graph or not."""

import importlib
import importlib.util
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from unittest.mock import patch

import torch

from bench.ours import EMBEDDED, PUBLISHED, Loaded, Setting, frame
from render.refinement.joint_steps import Pending, take_steps

STEPS = 10  # at a time; each call's own work is shared by them
SMALL = (256, 144)
PUBLISHED_512 = replace(PUBLISHED, size=(512, 512))
ON_GPU: Sequence[Setting] = (
    PUBLISHED_512,
    EMBEDDED,
    replace(PUBLISHED, size=SMALL),
    replace(PUBLISHED, size=SMALL, cutouts=16),
)
TINY: Sequence[Setting] = (replace(EMBEDDED, size=(48, 32), cutouts=2),)  # on a CPU: only to see that it runs


@dataclass(frozen=True, kw_only=True)
class Way:
    """How steps are taken.

    Attributes:
        triton: whether norms may run as Triton kernels.
        replay: whether steps may be replayed as one graph.
        repeatable: whether cuDNN is held to algorithms that give the same result in every run.
    """

    title: str
    triton: bool = True
    replay: bool = False
    repeatable: bool = True

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Choose this way for models that are loaded within, and for steps that are taken within."""
        from render.kernels.triton_norm import support

        cudnn = torch.backends.cudnn
        before = cudnn.deterministic, cudnn.benchmark
        runs = support.runs if self.triton else (lambda weight, groups, silu: False)
        with (
            patch.object(support, "runs", runs),
            patch.dict(os.environ, {"RENDER_REPLAY": "1" if self.replay else "0"}),
        ):
            cudnn.deterministic, cudnn.benchmark = self.repeatable, not self.repeatable
            try:
                yield
            finally:
                cudnn.deterministic, cudnn.benchmark = before


PLAIN = Way(title="plain norm", triton=False)
EAGER = Way(title="eager")
REPLAYED = Way(title="replayed", replay=True)
FREE = Way(title="eager, cuDNN free to choose", repeatable=False)


class Batch:
    """Refinements of noise: each call takes `STEPS` steps of all pictures of a batch."""

    def __init__(self, models: Loaded, setting: Setting, pictures: int = 1) -> None:
        renderer, spec = models.renderer(), frame(setting, 0, STEPS)
        self._pending = [Pending(*renderer.from_noise(replace(spec, seed=seed))) for seed in range(pictures)]
        self._take = take_steps
        if importlib.util.find_spec("render.refinement.replay"):
            self._take = partial(take_steps, replay=importlib.import_module("render.refinement.replay").Replay())

    def __call__(self) -> None:
        self._take(self._pending, STEPS)
