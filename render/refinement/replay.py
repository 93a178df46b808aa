"""Replay steps on a GPU: the host launches a step as one graph, instead of its hundreds of kernels one by one.

A graph repeats the same kernels on the same memory. So the tensors of a batch are copied into constant ones, the graph
is replayed there, and what has changed is copied back. Steps that differ in anything but numbers have their own graphs:
other losses, sizes, numbers of pictures, smaller groups of cutouts. A graph is worth it only if it is replayed often
enough, so it is captured when that many steps were asked for, over all frames. The results are those of plain steps.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence

import torch
from torch import Tensor

from render.device.graphs import Graphs, graphs_of
from render.refinement.buffers import Buffers, NotCapturedError, essential, models
from render.refinement.joint import Joint, joined
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Refinement
from render.refinement.structure import taken_apart

LEAST_STEPS = 8  # that a graph is captured for: capturing takes about as long as a few steps do
KEPT = 8  # graphs at a time; each costs its tensors, about as much as a few pictures
KNOWN = 256  # kinds of steps whose number is remembered


class Replay:
    """Takes the steps of one run, or of several in lockstep.

    Args:
        warn: called with one sentence if steps are not replayed although the device could.
        least: the number of steps that a graph is captured for.
        graphs_of: returns what captures the steps of a device; None if steps are not replayed there.
    """

    def __init__(
        self,
        warn: Callable[[str], None] = lambda text: None,
        least: int = LEAST_STEPS,
        graphs_of: Callable[[torch.device], Graphs | None] = graphs_of,
    ) -> None:
        self._warn = warn
        self._least = least
        self._graphs_of = graphs_of
        self._graphs: Graphs | None = None
        self._is_off = False
        self._asked: OrderedDict[Hashable, int] = OrderedDict()
        self._kept: dict[Hashable, Buffers] = {}

    def joined(self, refinements: Sequence[Refinement], optimizers: Sequence[LatentAdam]) -> Joint:
        """Join refinements, see `render.refinement.joint`, with room for more prompts where steps may be replayed.

        The room does not depend on whether they are, so that frames do not either.
        """
        device = refinements[0].anchor.device
        return joined(refinements, optimizers, padded=device.type == "cuda" or self._can(device))

    def steps(self, joint: Joint, count: int) -> Iterator[Tensor]:
        """Take `count` steps; yield the latents (B, C, h, w) after each, which the next step overwrites.

        After the last one, the joint's optimizer and generators are as plain steps would have left them.

        Raises:
            NonFiniteError: see `Joint.steps`.
            RuntimeError: torch's error when memory runs out, see `release`.
        """
        buffers = self._loaded(joint, count)
        left = count
        if buffers is not None:
            while left and self._taken(buffers):
                left -= 1
                yield buffers.latent
            buffers.store(joint)
        yield from joint.steps(left)

    def release(self) -> bool:
        """Give back all memory when it runs out; return whether it was that of graphs, so that there is more now.

        Then steps are plain from now on, because graphs have no room beside what else is done in a frame.
        """
        if any(buffers.is_captured for buffers in self._kept.values()):
            self._stop("memory is running out")
            return True
        self._forget()
        return False

    def _can(self, device: torch.device) -> bool:
        if self._graphs is None and not self._is_off:
            self._graphs = self._graphs_of(device)
        return self._graphs is not None

    def _loaded(self, joint: Joint, count: int) -> "Buffers | None":
        """Return the constant tensors with those of a batch copied into them; None to take its steps as they are."""
        if joint.refinement.careful or self._is_off or not self._can(joint.lr.device):
            return None
        joint = essential(joint)
        try:
            key, tensors = taken_apart(joint, models(joint))
        except TypeError as error:
            self._stop(str(error))
            return None
        if key not in self._kept:
            asked = self._asked[key] = self._asked.pop(key, 0) + count
            if asked < self._least:
                _forget_oldest(self._asked)
                return None
            if len(self._kept) == KEPT:  # all together, see `CudaGraphs`
                self._forget()
            self._kept[key] = Buffers(joint, tensors)
        buffers = self._kept[key]
        buffers.load(tensors, joint.generators)
        return buffers

    def _taken(self, buffers: "Buffers") -> bool:
        """Take a step; return False, without having taken it, if it cannot be captured."""
        assert self._graphs is not None
        try:
            buffers.take_step(self._graphs)
        except NotCapturedError as error:
            self._stop(str(error))
            return False
        return True

    def _stop(self, reason: str) -> None:
        self._is_off = True
        self._forget()
        self._warn(f"steps are not replayed from now on, which may be slower: {reason}")

    def _forget(self) -> None:
        if self._kept and self._graphs is not None:
            self._kept.clear()
            self._graphs.release()


def _forget_oldest(asked: OrderedDict[Hashable, int]) -> None:
    while len(asked) > KNOWN:
        asked.popitem(last=False)
