"""Count what a step and a frame ask of a GPU, without one: operators, copies between layouts, waits, arithmetic.

Everything runs on `tests.fake_gpu`, along the branches for CUDA; nothing is computed. What an operator does inside
is not visible there: what `_hidden_copies` and `_laid_out` say of cuDNN and of torch's kernels is read in torch's
sources, not measured.
"""

import importlib
import importlib.util
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, UntypedStorage
from torch._prims_common import suggest_memory_format
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from tests.backward import gradient
from tests.fake_gpu import Record, _starts_nothing, fake_gpu

WIDEST = 256  # numbers per head, for which there are flash kernels
_CONVOLUTIONS = ("aten::convolution", "aten::convolution_backward")
_COPIES = ("aten::clone", "aten::_to_copy", "aten::copy_")


@dataclass(kw_only=True)
class Counts:
    """What was submitted to the device.

    Attributes:
        forward: operators that start at least one kernel, by name; backward: those of gradients.
        layouts: copies between memory layouts, by name; those hidden in an operator have its name.
        mixed: elementwise operators whose operands have different layouts, so that one is read against its order.
        biases: convolutions with a bias, which cuDNN's caller adds in another kernel.
        waits: for the device, see `tests.fake_gpu.Record`.
        flops: of matrix products and convolutions, two for a multiplication and an addition.
        traffic: bytes, if every operator reads its operands and writes its result once.
        kept: bytes that are kept for the gradient, weights included: most of what memory is needed for.
    """

    forward: Counter[str] = field(default_factory=Counter)
    backward: Counter[str] = field(default_factory=Counter)
    layouts: Counter[str] = field(default_factory=Counter)
    mixed: Counter[str] = field(default_factory=Counter)
    waits: Counter[str] = field(default_factory=Counter)
    biases: int = 0
    flops: int = 0
    traffic: int = 0
    kept: int = 0

    @property
    def operators(self) -> int:
        return self.forward.total() + self.backward.total()

    @property
    def launches(self) -> int:
        """Operators, hidden copies and biases: at least so many kernels are launched."""
        hidden = sum(count for name, count in self.layouts.items() if name not in _COPIES)
        return self.operators + hidden + self.biases


class Counting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts what is done on top of a fake GPU, while `counts` is not None."""

    def __init__(self, record: Record) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.counts: Counts | None = None
        self.is_backward = False
        self._record = record

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        found = _laid_out(func._schema.name, args, func(*args, **kwargs))
        if self.counts is not None and not _starts_nothing(func):
            operands, results = _on_device((args, kwargs)), _on_device(found)
            if operands or results:
                self._count(self.counts, func, args, kwargs, found)
                self.counts.traffic += sum(each.numel() * each.element_size() for each in (*operands, *results))
        return found

    def _count(self, counts: Counts, func: Any, args: Any, kwargs: Any, found: Any) -> None:
        name = func._schema.name
        (counts.backward if self.is_backward else counts.forward)[name] += 1
        if copies := _visible_copies(name, args, found) + _hidden_copies(name, args):
            counts.layouts[name] += copies
        if (
            torch.Tag.pointwise in func.tags
            and len({_order(each) for each in _on_device(args) if _is_picture(each)}) > 1
        ):
            counts.mixed[name] += 1
        counts.biases += name == "aten::convolution" and args[2] is not None
        if (formula := flop_registry.get(func._overloadpacket)) is not None:
            counts.flops += formula(*args, **kwargs, out_val=found)

    @contextmanager
    def counted(self) -> Iterator[Counts]:
        """Count what is done within."""
        counts, waits = Counts(), Counter(self._record.waits)
        kept: dict[int, UntypedStorage] = {}  # the storages themselves, so that no id is used again

        def keep(tensor: Tensor) -> Tensor:
            kept[id(tensor.untyped_storage())] = tensor.untyped_storage()
            return tensor

        self.counts = counts
        try:
            with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
                yield counts
        finally:
            self.counts = None
            counts.waits += self._record.waits - waits
            counts.kept = sum(storage.nbytes() for storage in kept.values())


def _on_device(values: Any) -> list[Tensor]:
    return [each for each in tree_leaves(values) if isinstance(each, Tensor) and each.device.type == "cuda"]


def _is_picture(tensor: Tensor) -> bool:
    return tensor.dim() == 4 and tensor.shape[1] > 1 and tensor.shape[2:].numel() > 1


def _order(tensor: Tensor) -> tuple[int, ...]:
    """The dimensions in the order in which they lie in memory; those of one element lie nowhere."""
    strides = tensor.stride()
    sides = [side for side in range(tensor.dim()) if tensor.shape[side] > 1]
    return tuple(sorted(sides, key=lambda side: -strides[side]))


def _visible_copies(name: str, args: Any, found: Any) -> int:
    if name not in _COPIES:
        return 0
    source = args[1] if name == "aten::copy_" else args[0]
    return int(source.shape == found.shape and _order(source) != _order(found))


def _hidden_copies(name: str, args: Any) -> int:
    """How many operands an operator copies into the layout that it needs.

    Source: torch's `group_norm.cpp`, which makes its operands contiguous.
    """
    if name in _CONVOLUTIONS:
        wanted = _layout(name, args)
        return int(_is_picture(args[0]) and not args[0].is_contiguous(memory_format=wanted))
    if name in ("aten::native_group_norm", "aten::native_group_norm_backward"):
        pictures = args[:1] if name == "aten::native_group_norm" else args[:2]
        return sum(_is_picture(each) and not each.is_contiguous() for each in pictures)
    return 0


def _layout(name: str, args: Any) -> torch.memory_format:
    """The layout in which cuDNN computes a convolution: channels_last if its picture or its weights are.

    Source: `cudnn_conv_suggest_memory_format` in torch's `ConvUtils.h`.
    """
    picture, weight = args[1:3] if name.endswith("backward") else args[:2]
    layouts = {suggest_memory_format(picture), suggest_memory_format(weight)}
    return torch.channels_last if torch.channels_last in layouts else torch.contiguous_format


def _laid_out(name: str, args: Any, found: Any) -> Any:
    """Lay out a convolution's result as cuDNN does: the fake one's is always contiguous."""
    if name not in _CONVOLUTIONS or not (args[0].dim() == 4 and args[0].device.type == "cuda"):
        return found
    layout = _layout(name, args)
    if name == "aten::convolution":
        return torch.empty_like(found, memory_format=layout)
    return (None if found[0] is None else torch.empty_like(found[0], memory_format=layout), *found[1:])


def _attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, *rest: Any, **options: Any
) -> Tensor:
    """Choose as torch does on a GPU; on a fake one it takes matrix products."""
    seen: Tensor
    if attn_mask is None and query.shape[-1] <= WIDEST and query.dtype in (torch.bfloat16, torch.float16):
        seen = torch.ops.aten._scaled_dot_product_flash_attention(query, key, value)[0]
    else:
        bias = None if attn_mask is None else torch.zeros(attn_mask.shape, dtype=query.dtype, device=query.device)
        seen = torch.ops.aten._scaled_dot_product_efficient_attention(query, key, value, bias, query.requires_grad)[0]
    return seen


def _pinning_nothing(record: Record, tensor: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return `torch.tensor` that only notes what it is to pin: without a driver, no memory can be."""

    def made(*args: Any, pin_memory: bool = False, **options: Any) -> Tensor:
        found = tensor(*args, **options)
        if pin_memory:
            record._pinned.append(found.untyped_storage())
        return found

    return made


@contextmanager
def gpu_to_count() -> Iterator[Counting]:
    """Let a GPU be there with gradients, attention as on CUDA, and the Triton norm, as on one of NVIDIA's."""
    with fake_gpu() as record, Counting(record) as counting, pytest.MonkeyPatch.context() as patch:

        def grad(loss: Tensor, wanted: Tensor) -> tuple[Tensor]:
            counting.is_backward = True
            try:
                return gradient(loss, wanted)
            finally:
                counting.is_backward = False

        patch.setattr(torch.autograd, "grad", grad)
        patch.setattr(F, "scaled_dot_product_attention", _attention)
        patch.setattr(torch, "tensor", _pinning_nothing(record, torch.tensor))
        patch.setenv("RENDER_REPLAY", "0")  # a step is counted, not captured
        if importlib.util.find_spec("render.kernels.triton_norm"):
            support = importlib.import_module("render.kernels.triton_norm.support")
            patch.setattr(support, "runs", lambda weight, groups, silu: weight.device.type == "cuda")
        yield counting
