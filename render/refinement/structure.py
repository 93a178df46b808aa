"""Take apart what a step reads and changes: into its tensors, and everything else as a key.

Nothing can be left out: what is neither a tensor nor known to be part of a key is an error.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass

import torch
from torch import Tensor

from render.guidance.micro_batch import MicroBatched
from render.refinement.optimizer import LatentAdam

_PLAIN = (bool, int, float, str, type(None), torch.dtype, torch.device)


class Same:
    """Equal only for one and the same object."""

    def __init__(self, it: object) -> None:
        self.it = it

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.it is other.it

    def __hash__(self) -> int:
        return id(self.it)


def taken_apart(value: object, models: Sequence[object]) -> tuple[Hashable, list[Tensor]]:
    """Return a key for everything that is no tensor, and the tensors; those of equal keys correspond one to one.

    Args:
        value: dataclasses, optimizers, mappings and sequences of tensors, generators and plain values.
        models: objects whose own tensors never change.

    Raises:
        TypeError: `value` holds something else, which might be different in the next frame.
    """
    tensors: list[Tensor] = []
    return _key(value, models, tensors), tensors


def _key(value: object, models: Sequence[object], tensors: list[Tensor]) -> Hashable:
    """Return the key of a value, and add its tensors."""
    if isinstance(value, Tensor):
        tensors.append(value)
        return _layout(value)
    if isinstance(value, torch.Generator):  # its state is copied
        return torch.Generator
    if isinstance(value, _PLAIN):
        return type(value), value
    if any(value is model for model in models):
        return Same(value), value.size if isinstance(value, MicroBatched) else None
    return type(value), tuple((name, _key(part, models, tensors)) for name, part in _parts(value))


def _parts(value: object) -> Iterator[tuple[Hashable, object]]:
    """Yield the parts of a value with their names or numbers."""
    if is_dataclass(value) and not isinstance(value, type):
        yield from ((field.name, getattr(value, field.name)) for field in fields(value))
    elif isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)
    elif isinstance(value, LatentAdam):
        yield from vars(value).items()
    else:
        raise TypeError(f"a step holds a {type(value).__name__}, of which it is not known whether it changes")


def _layout(value: Tensor) -> Hashable:
    """Return what operators depend on beside a tensor's numbers; the strides of sides of length 1 say nothing."""
    strides = tuple(stride for stride, length in zip(value.stride(), value.shape, strict=True) if length > 1)
    return value.dtype, value.device, tuple(value.shape), strides
