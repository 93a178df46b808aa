"""Go back through autograd's graph in Python: for tensors of a GPU that is not there, where torch's engine refuses.

Torch's engine asks the GPU for its streams before it starts. Walking the graph here calls the same formulas with the
same operators; only hooks of tensors are left out. `tests/test_counting.py` compares both on a CPU.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import BackwardCFunction

Node = Any
Edge = tuple[Node, int]


@torch.no_grad()
def gradient(loss: Tensor, wanted: Tensor) -> tuple[Tensor]:
    """Do what `torch.autograd.grad(loss, wanted)` does, for a scalar and one leaf."""
    waiting = _uses(loss.grad_fn)
    found: dict[Node, dict[int, Tensor]] = {loss.grad_fn: {loss.output_nr: torch.ones_like(loss)}}
    ready = [loss.grad_fn]
    while ready:
        node = ready.pop()
        incoming = found.pop(node, {})
        if getattr(node, "variable", None) is wanted:
            return (incoming[0],)
        for (after, number), value in _outgoing(node, incoming):
            if value is not None:
                _add(found.setdefault(after, {}), number, _fitting(value, after._input_metadata[number]))
            waiting[after] -= 1
            if not waiting[after]:
                ready.append(after)
    raise AssertionError("the loss does not depend on it")


def _uses(root: Node) -> Counter[Node]:
    """How many edges lead to each node."""
    uses: Counter[Node] = Counter()
    left, seen = [root], {root}
    while left:
        for node, _ in left.pop().next_functions:
            if node is not None:
                uses[node] += 1
                if node not in seen:
                    seen.add(node)
                    left.append(node)
    return uses


def _outgoing(node: Node, incoming: dict[int, Tensor]) -> Iterator[tuple[Edge, Tensor | None]]:
    """Yield the edges that leave a node, each with its gradient; None if there is none."""
    edges: list[Edge] = [edge for edge in node.next_functions if edge[0] is not None]
    if hasattr(node, "variable"):
        return
    if not incoming:
        yield from ((edge, None) for edge in edges)
        return
    values = [incoming.get(number) for number in range(len(node._input_metadata))]
    if isinstance(node, BackwardCFunction):  # it returns a gradient for each argument, tensor or not
        made = _as_tuple(node.apply(*values))
        yield from zip(
            edges, (value for value, need in zip(made, node.needs_input_grad, strict=True) if need), strict=True
        )
        return
    made = _as_tuple(node(*values))
    yield from ((edge, value) for edge, value in zip(node.next_functions, made, strict=True) if edge[0] is not None)


def _as_tuple(values: Any) -> tuple[Tensor | None, ...]:
    return tuple(values) if isinstance(values, tuple | list) else (values,)


def _add(sums: dict[int, Tensor], number: int, value: Tensor) -> None:
    sums[number] = sums[number] + value if number in sums else value


def _fitting(value: Tensor, metadata: Any) -> Tensor:
    """Undo broadcasting, and convert to the type of the forward pass, as torch's engine does between two nodes."""
    shape = tuple(metadata.shape)
    value = value if tuple(value.shape) == shape else value.sum_to_size(shape)
    return value if value.dtype == metadata.dtype else value.to(metadata.dtype)
