"""A device that is not there: its tensors are computed on the CPU, and it has no float64, as Apple's GPUs have none.

Tensors are of a subclass that says it is on torch's device `meta`, and refuses to exist in float64. Whatever reads
one without copying it to the host, or mixes up devices in Python, fails as it would on a real GPU.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from render.device import device as devices
from render.device import memory
from render.guidance.perceptors import clip
from render.kernels import colours, exact
from render.latents import vqgan

ELSEWHERE = torch.device("meta")
HOST = torch.device("cpu")
_TAKES_HOST = ("aten::_to_copy", "aten::copy_", "aten::lift_fresh", "aten::index", "aten::index_put")


class Far(Tensor):
    """A tensor of the device; `near` is the same on the CPU."""

    near: Tensor

    @staticmethod
    def __new__(cls, near: Tensor) -> "Far":
        if near.dtype == torch.float64:
            raise TypeError("this device has no float64")
        made: Far = torch.Tensor._make_wrapper_subclass(
            cls,
            near.size(),
            strides=near.stride(),
            storage_offset=near.storage_offset(),
            dtype=near.dtype,
            device=ELSEWHERE,
            requires_grad=near.requires_grad,
        )
        made.near = near
        return made

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _computed(func, args, kwargs or {})


class Pretending(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While it is entered, tensors can be made on the device. It keeps the names of the operators that ran there."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operators: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        made = _computed(func, args, kwargs or {})
        if any(isinstance(each, Far) for each in tree_flatten((args, made))[0]):
            self.operators.add(func.name())
        return made


class Copied(TorchFunctionMode):
    """`torch.tensor` makes what it is told to behind the back of the other mode, so it makes it on the CPU first."""

    def __torch_function__(self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in (torch.tensor, torch.as_tensor) and kwargs.get("device") == ELSEWHERE:
            return func(*args, **{**kwargs, "device": HOST}).to(ELSEWHERE)
        if func is Tensor.new_tensor and isinstance(args[0], Far):
            return args[0].near.new_tensor(*args[1:], **kwargs).to(ELSEWHERE)
        if func is Tensor.tolist and isinstance(args[0], Far):
            return args[0].near.tolist()
        return func(*args, **kwargs)


def _computed(func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    given = tree_flatten((args, kwargs))[0]
    far = [each for each in given if isinstance(each, Far)]
    device = kwargs.get("device")
    is_far = bool(far) if device is None else device == ELSEWHERE
    near = [each for each in given if isinstance(each, Tensor) and not isinstance(each, Far) and each.dim()]
    if any(each.device == ELSEWHERE and not isinstance(each, Far) for each in given if isinstance(each, Tensor)):
        raise RuntimeError(f"{func.name()}: a tensor was made without the mode's knowledge")
    if far and near and not func.name().startswith(_TAKES_HOST):
        raise RuntimeError(f"{func.name()}: tensors on two devices")
    args, kwargs = tree_map(lambda each: each.near if isinstance(each, Far) else each, (args, kwargs))
    made = func(*args, **(kwargs if device is None else {**kwargs, "device": HOST}))
    known = {id(each.near): each for each in far}

    def placed(each: Any) -> Any:
        if not is_far or not isinstance(each, Tensor):
            return each
        return known[id(each)] if id(each) in known else Far(each)

    return tree_map(placed, made)


class Numbers(torch.Generator):
    """A generator that says it is on a device, and draws on the CPU."""

    def __new__(cls, device: torch.device | str = "cpu") -> "Numbers":
        made: Numbers = super().__new__(cls)
        made.there = torch.device(device)
        return made

    there: torch.device

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        return self.there


@contextmanager
def rendering_elsewhere() -> Iterator[Pretending]:
    """Inside the block, everything is rendered on the device, in float32."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "Generator", Numbers)
        patch.setattr(devices, "pick_device", lambda name: ELSEWHERE)
        patch.setattr(devices, "model_dtype", lambda device, precision: torch.float32)
        patch.setattr(memory, "available", lambda device: None)
        patch.setattr(exact, "_WITHOUT", {ELSEWHERE.type})
        for module in (clip, colours, vqgan):
            patch.setattr(module, "layout", lambda device: torch.contiguous_format)
        with Pretending() as mode, Copied():
            yield mode
