"""Replay steps on a GPU: the host launches a step as one graph, instead of its hundreds of kernels one by one.

A graph repeats the same kernels on the same memory. So the tensors of a batch are copied into constant ones, the graph
is replayed there, and what has changed is copied back. Steps that differ in anything but numbers have their own graphs:
other losses, sizes, numbers of pictures, smaller groups of cutouts. A graph is worth it only if it is replayed often
enough, so it is captured when that many steps were asked for, over all frames. The results are those of plain steps.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from render.device.graphs import Graphs, graphs_of
from render.device.memory import is_out_of_memory
from render.refinement.joint import Joint, joined
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Refinement
from render.refinement.structure import taken_apart
from render.spec import FrameSpec

LEAST_STEPS = 8  # that a graph is captured for: capturing takes about as long as a few steps do
WARM_UP = 2  # plain steps before a capture, in which libraries choose their kernels and allocate workspaces
KEPT = 8  # graphs; one more costs its tensors, about as much as a few pictures
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
        self._kept: OrderedDict[Hashable, Buffers] = OrderedDict()

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
        """Give back all memory and take plain steps from now on; False if there was nothing to give back."""
        if not self._kept:
            return False
        self._stop("memory is running out")
        return True

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
                _forget_oldest(self._asked, KNOWN)
                return None
            self._kept[key] = Buffers(joint, tensors)
        self._kept.move_to_end(key)
        _forget_oldest(self._kept, KEPT)
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
        self._kept.clear()
        if self._graphs is not None:
            self._graphs.release()
        self._warn(f"steps are not replayed: {reason}; the frames are the same, and may take longer")


class NotCapturedError(Exception):
    """A step could not be captured; nothing of it was done."""


class Buffers:
    """A batch in tensors that stay where they are, and the graph of its steps.

    Args:
        joint: the first batch, see `essential`; its tensors become the constant ones.
        tensors: all of them, see `taken_apart`.
    """

    def __init__(self, joint: Joint, tensors: Sequence[Tensor]) -> None:
        self._joint = _with_generators(joint, [generator.get_state() for generator in joint.generators])
        self._tensors = tensors
        self._replay: Callable[[], None] | None = None
        self._num_taken = 0

    @property
    def latent(self) -> Tensor:
        """(B, C, h, w), after the last step."""
        return self._joint.optimizer.latent

    def load(self, tensors: Sequence[Tensor], generators: Sequence[torch.Generator]) -> None:
        """Copy the tensors of a batch of the same key, and the states of its generators."""
        _copy(tensors, self._tensors)
        _copy_states(generators, self._joint.generators)

    def store(self, joint: Joint) -> None:
        """Copy what steps have changed to a batch."""
        changed, wanted = (taken_apart(each.optimizer, ())[1] for each in (self._joint, joint))
        _copy(changed, wanted)
        _copy_states(self._joint.generators, joint.generators)

    def take_step(self, graphs: Graphs) -> None:
        """Take a step: plainly at first, then as a graph.

        Raises:
            NotCapturedError: it cannot be captured.
        """
        if self._replay is None and self._num_taken >= WARM_UP:
            self._replay = self._captured(graphs)
        if self._replay is None:
            graphs.aside(self._step)
        else:
            self._replay()
        self._num_taken += 1

    def _step(self) -> None:
        # A new refinement in every step: what one has worked out of its tensors must not be kept, since they change.
        joint = self._joint
        replace(joint.refinement).step(joint.optimizer, joint.lr)

    def _captured(self, graphs: Graphs) -> Callable[[], None]:
        generators = self._joint.generators
        before = [generator.get_state() for generator in generators]
        try:
            return graphs.captured(self._step, generators)
        except Exception as error:
            for cause in (error, error.__context__):  # ending the capture fails as well, with another error
                if isinstance(cause, RuntimeError) and is_out_of_memory(cause):
                    raise cause from None
            self._joint = _with_generators(self._joint, before)  # the capture may have left its own unusable
            gist = next(iter(str(error).splitlines()), "") or type(error).__name__
            raise NotCapturedError(gist) from error


def essential(joint: Joint) -> Joint:
    """Return a batch with nothing in its spec but what steps read: the rest differs from frame to frame."""
    spec = joint.refinement.spec
    read = FrameSpec(
        index=0,
        seed=0,
        size=spec.size,
        prompts=(),
        blend="weights",
        transforms={},
        center=(0.5, 0.5),
        border="reflect",
        losses={},
        num_steps=0,
        lr=0.0,
        num_cutouts=spec.num_cutouts,
        augment=spec.augment,
        carry_optimizer=False,
    )
    return replace(joint, refinement=replace(joint.refinement, spec=read))


def models(joint: Joint) -> list[object]:
    """Return the networks of a batch, whose weights never change."""
    return [joint.refinement.latents, *(guide.perceptor for guide in joint.refinement.guides)]


def _with_generators(joint: Joint, states: Sequence[Tensor]) -> Joint:
    """Return a batch with new generators in the given states."""
    own = tuple(torch.Generator(device=generator.device) for generator in joint.generators)
    for generator, state in zip(own, states, strict=True):
        generator.set_state(state)
    return replace(joint, refinement=replace(joint.refinement, generator=own if len(own) > 1 else own[0]))


@torch.no_grad()
def _copy(source: Sequence[Tensor], target: Sequence[Tensor]) -> None:
    torch._foreach_copy_(list(target), list(source))


def _copy_states(source: Sequence[torch.Generator], target: Sequence[torch.Generator]) -> None:
    """Copy the states of generators; they are on the host, so nothing waits for the device."""
    for mine, theirs in zip(source, target, strict=True):
        theirs.set_state(mine.get_state())


def _forget_oldest(kept: OrderedDict[Hashable, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
