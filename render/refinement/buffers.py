"""Constant tensors, in which the steps of many batches are taken, and a graph that repeats the step there."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from render.device.graphs import Graphs
from render.device.memory import is_out_of_memory
from render.refinement.joint import Joint
from render.refinement.structure import taken_apart
from render.spec import FrameSpec

WARM_UP = 2  # plain steps before a capture, in which libraries choose their kernels and allocate workspaces


class NotCapturedError(Exception):
    """A step could not be captured; nothing of it was done."""


class Buffers:
    """A batch in tensors that stay where they are, and the graph of its steps.

    Args:
        joint: the first batch, see `essential`; its tensors become the constant ones.
        tensors: all of them, see `taken_apart`.

    Attributes:
        is_captured: whether there is a graph, or the memory of one that failed.
    """

    def __init__(self, joint: Joint, tensors: Sequence[Tensor]) -> None:
        self._joint = _with_generators(joint, [generator.get_state() for generator in joint.generators])
        self._tensors = tensors
        self._replay: Callable[[], None] | None = None
        self._num_taken = 0
        self.is_captured = False

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
        self.is_captured = True
        before = [generator.get_state() for generator in self._joint.generators]
        try:
            return graphs.captured(self._step, self._joint.generators)
        except Exception as error:
            cause = error.__context__ or error  # ending the capture fails as well, with another error
            out_of_memory = isinstance(cause, RuntimeError) and is_out_of_memory(cause)
            gist = next(iter(str(cause).splitlines()), "") or type(cause).__name__
            del cause
        # Raised from here, a new error does not refer to the old one, whose frames keep the memory of a whole step.
        self._joint = _with_generators(self._joint, before)  # the capture may have left its own unusable
        raise torch.OutOfMemoryError(gist) if out_of_memory else NotCapturedError(gist)


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
