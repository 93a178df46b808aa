"""A GPU that is not there: tensors on `cuda` that have shapes and no numbers, and a record of what is done with them.

What a program submits to a GPU, and where it waits for it, does not depend on the numbers: so both can be counted on a
machine without one. A number that the host reads is made up: 1, or true; a whole number that was the host's own all
along, such as whether an inverse failed, is 0.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_leaves

from render.files import checkpoints

CUDA = torch.device("cuda", 0)
WAITING = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}
_CHECKS = {"aten::_linalg_check_errors"}  # reads a number below the operators that a mode sees
_PROJECT = Path(__file__).parents[1] / "render"


class Generator(torch.Generator):
    """A generator that is on the CPU and says that it is on the GPU."""

    def __new__(cls, device: torch.device | str = "cpu") -> "Generator":
        return super().__new__(cls)

    device = CUDA


class Record(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """What is submitted to the device.

    Attributes:
        operators: that start at least one kernel, by name; views and allocations do not.
        waits: for the device, by the operator and the line of `render/` that it is called from; also copies from
            memory that is not pinned, which the host starts only when the device has done everything before.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operators: Counter[str] = Counter()
        self.waits: Counter[str] = Counter()
        self._pinned: list[torch.UntypedStorage] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func._schema.name
        before = _on_device((args, kwargs))
        if before and _waits(func, args):
            self._wait(name)
            return _made_up(func, args)
        if name == "aten::_local_scalar_dense" and isinstance(args[0], FakeTensor):  # on the host: no wait
            return _made_up(func, args)
        found = func(*args, **kwargs)
        after = _on_device(found)
        if "empty" in name and kwargs.get("pin_memory"):
            self._pinned.append(found.untyped_storage())
        if name in ("aten::_to_copy", "aten::copy_"):
            target, source = (args[0], args[1]) if name == "aten::copy_" else (found, args[0])
            if target.device != source.device and not self._is_asynchronous(target, source, args, kwargs):
                self._wait(name)
        if (before or after) and not _starts_nothing(func):
            self.operators[name] += 1
        return found

    def _is_asynchronous(self, target: Tensor, source: Tensor, args: Any, kwargs: Any) -> bool:
        host = source if target.device.type == "cuda" else target
        asked = kwargs.get("non_blocking") or (len(args) > 2 and args[2])
        return bool(asked) and any(host.untyped_storage()._cdata == each._cdata for each in self._pinned)

    def _wait(self, name: str) -> None:
        frame = sys._getframe(1)
        while frame is not None:
            path = Path(frame.f_code.co_filename)
            if path.is_relative_to(_PROJECT):
                self.waits[f"{name} in {path.relative_to(_PROJECT)}:{frame.f_lineno}, {frame.f_code.co_name}"] += 1
                return
            frame = frame.f_back  # type: ignore[assignment]
        self.waits[name] += 1


def _on_device(values: Any) -> bool:
    return any(isinstance(value, Tensor) and value.device.type == "cuda" for value in tree_leaves(values))


def _waits(func: Any, args: Any) -> bool:
    name = func._schema.name
    if name == "aten::index":  # only a mask is counted
        return any(index is not None and index.dtype == torch.bool for index in args[1])
    return bool(WAITING & set(func.tags)) or name in _CHECKS


def _starts_nothing(func: Any) -> bool:
    views = any(value.alias_info is not None and not value.alias_info.is_write for value in func._schema.returns)
    name: str = func._schema.name
    return views or func.namespace == "prim" or "empty" in name or name == "aten::_unsafe_view"


def _made_up(func: Any, args: Any) -> Any:
    name = func._schema.name
    if name == "aten::_local_scalar_dense":
        on_host = args[0].device.type == "cpu"
        return True if args[0].dtype == torch.bool else 1.0 if args[0].dtype.is_floating_point else int(not on_host)
    if name == "aten::nonzero":
        return torch.zeros(args[0].numel(), args[0].dim(), dtype=torch.long, device=args[0].device)
    if name in ("aten::equal", "aten::is_nonzero"):
        return True
    if name in _CHECKS:
        return None
    raise AssertionError(f"{name}: nothing is made up for it")


@contextmanager
def fake_gpu() -> Iterator[Record]:
    """Let `cuda` be there, for what is loaded and made within. Gradients are zeros: torch needs a GPU for them."""
    fake, record = FakeTensorMode(allow_non_fake_inputs=True), Record()
    read = checkpoints._safetensors

    def load(path: Path) -> dict[str, Tensor]:
        with _disable_current_modes():
            found = read(path)
        return {name: fake.from_tensor(value) for name, value in found.items()}  # type: ignore[attr-defined]

    def grad(loss: Tensor, latent: Tensor) -> list[Tensor]:
        return [torch.zeros_like(latent)]

    with pytest.MonkeyPatch.context() as patch, fake, record:
        patch.setattr(torch, "Generator", Generator)
        patch.setattr(torch.autograd, "grad", grad)
        patch.setattr(nn.Module, "_apply", _applied)
        patch.setattr(checkpoints, "_safetensors", load)
        _forget()
        try:
            yield record
        finally:
            _forget()


def _forget() -> None:
    """Empty all caches: what was computed on a real device is of no use on this one, and made-up numbers are none."""
    for name, module in list(sys.modules.items()):
        if name.startswith("render."):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


def _applied(module: nn.Module, change: Callable[[Tensor], Tensor], recurse: bool = True) -> nn.Module:
    """In the place of `Module._apply`, which changes tensors in place; those without numbers have to be replaced."""
    for part in module.modules():
        for name, value in part._parameters.items():
            if value is not None:
                part._parameters[name] = nn.Parameter(change(value.detach()), value.requires_grad)
        for name, buffer in part._buffers.items():
            if buffer is not None:
                part._buffers[name] = change(buffer)
    return module
