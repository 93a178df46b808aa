"""Limit the memory and work of building a network, since constructors allocate whatever a file asks for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from render.errors import WeightsError

MAX_STEPS = 300_000  # tensor operations: a network of 40,000 tensors takes some 200,000
_SPARE = 64_000_000  # elements in addition to the weights: masks, position tables
_COPIES = 8  # initialising a weight may make copies of it
_FACTORIES = ("empty", "zeros", "ones", "full", "rand", "randn", "new_empty", "new_zeros", "new_ones", "new_full")


class _Allowance(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self, numbers: int, name: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._numbers, self._steps, self._name = numbers, MAX_STEPS, name

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._steps -= 1
        if self._steps < 0:
            self._spend(self._numbers + 1)
        name = func.overloadpacket.__name__
        if name in _FACTORIES:
            size = next((a for a in args if isinstance(a, list | tuple | torch.Size)), ())
            self._spend(math.prod(size))
        elif name == "eye":
            self._spend(args[0] * (args[1] if len(args) > 1 else args[0]))
        elif name in ("arange", "linspace"):
            self._spend(int(max((abs(a) for a in args if isinstance(a, int | float) and abs(a) < 1e18), default=0)))
        made = func(*args, **(kwargs or {}))
        new = isinstance(made, Tensor) and not func._schema.is_mutable and not made._is_view()
        if new and name not in _FACTORIES:
            self._spend(made.numel())
        return made

    def _spend(self, numbers: int) -> None:
        self._numbers -= numbers
        if self._numbers < 0:
            raise WeightsError(f"{self._name}: describes a network far larger than its checkpoint; refused")


@contextmanager
def building(name: str, state: Mapping[str, Tensor]) -> Iterator[None]:
    """Limit the network that is built inside the block to what the weights `state` can need.

    Args:
        name: the source of the network, for the message.

    Raises:
        WeightsError: building it takes more elements or tensor operations than such weights can need.
    """
    with _Allowance(_COPIES * _count(state.values()) + _SPARE, name):
        yield


def _count(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() for tensor in tensors)
