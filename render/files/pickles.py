"""Read files written by torch.save without executing any of them.

Training code pickles more than weights: callbacks, hyper-parameters, the best score so far. Classes of the
packages that it uses are replaced by a stand-in; anything else that a pickle names is refused.
"""

from __future__ import annotations

import io
import pickletools
import re
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from render.errors import WeightsError
from render.files.archives import MAX_PICKLE as _MAX_PICKLE
from render.files.archives import archived_pickle
from render.files.pickle_tuples import Work

_PACKAGES = frozenset(
    {"argparse", "datetime", "ldm", "lightning", "lightning_fabric", "main", "numpy"}
    | {"omegaconf", "pathlib", "pytorch_lightning", "taming", "typing"}
)
# Far more than published checkpoints need, including optimiser states; a file with more is an attack.
_MAX_OPCODES = 500_000
_MAX_LINE = 10_000  # of a name
# The names in torch that only describe stored tensors. torch's `weights_only` allows more, such as
# `torch.FloatTensor`, which allocates a tensor of any size when it is called with that size.
_DESCRIBES = re.compile(
    r"torch\._utils\._rebuild_(tensor|tensor_v2|tensor_v3|parameter|parameter_with_state|qtensor)"
    r"|torch\.(storage\.|cuda\.)?\w*Storage|torch\.(u?int\d+|b?float\w+|half|double|long|short|int|bool|complex\w+)"
    r"|torch\.(Size|device|strided|nn\.parameter\.Parameter|serialization\._get_layout|per_\w+_affine\w*)"
)
# Types that settings name as the types of their values.
_TYPES = (
    *("builtins.dict", "builtins.list", "builtins.tuple", "builtins.int", "builtins.float", "builtins.str"),
    *("builtins.bool", "builtins.object", "collections.defaultdict"),
)


class _Placeholder:
    """Replaces every class that a checkpoint names besides its weights; it is never used."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        pass

    def __new__(cls, *args: object, **kwargs: object) -> _Placeholder:
        return super().__new__(cls)

    def __setstate__(self, state: object) -> None:
        pass


class _DictPlaceholder:
    """Replaces subclasses of dict, which a pickle fills item by item: torch allows that for its own types only."""

    def __new__(cls, *args: object, **kwargs: object) -> OrderedDict[object, object]:  # type: ignore[misc]
        return OrderedDict()


def load_pickled(path: Path) -> object:
    """Load a torch checkpoint, zip or pre-1.6; tensors are memory-mapped where the format allows it.

    Raises:
        WeightsError: the file is missing, damaged, or tries to execute code.
    """
    import torch

    try:
        zipped = zipfile.is_zipfile(path)  # the format before torch 1.6 cannot be mapped
        names = set(_named(path, zipped))
        if any(name.endswith(".bytearray") for name in names):  # torch would allocate one of any size
            raise WeightsError(f"{path}: refused: it makes a bytearray, which no weights need")
        if made := next((n for n in sorted(names) if n.startswith("torch.") and not _DESCRIBES.fullmatch(n)), None):
            raise WeightsError(f"{path}: refused: it wants to execute code ({made})")
        replaced = {name for name in names if _is_replaced(name)}
        with torch.serialization.safe_globals([(_stand_in(name), name) for name in (*_TYPES, *replaced)]):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror or error}") from error
    except WeightsError:
        raise
    except Exception as error:  # pickle.UnpicklingError and whatever a damaged archive raises
        raise WeightsError(f"{path}: {_refusal(error)}") from error


def _is_replaced(name: str) -> bool:
    return name.partition(".")[0] in _PACKAGES


def _is_ignored(name: str) -> bool:
    """Whether the stand-in for `name` ignores its arguments."""
    return _is_replaced(name) and _stand_in(name) is _Placeholder


def _stand_in(name: str) -> type:
    return _DictPlaceholder if name.lower().endswith("dict") else _Placeholder


def _named(path: Path, zipped: bool) -> Iterator[str]:
    """Yield the dotted names in a checkpoint's pickles, which are disassembled, not run."""
    if zipped:
        yield from _globals(io.BytesIO(archived_pickle(path)), path)
        return
    if tarfile.is_tarfile(path):
        raise WeightsError(f"{path}: refused: torch's tar format of before 2017 cannot be read without executing it")
    with path.open("rb") as file:
        if file.read(2) == b"PK":
            raise WeightsError(f"{path}: not a checkpoint, or damaged: its archive has no end; was it cut short?")
        file.seek(0)
        for _ in range(5):  # a magic number, the version, the machine, the content, the keys of its storages
            yield from _globals(file, path)


def _globals(file: IO[bytes], path: Path) -> Iterator[str]:
    size, work = path.stat().st_size, Work(_is_ignored)
    try:
        for number, (opcode, argument, _) in enumerate(pickletools.genops(cast(IO[bytes], _Bounded(file, size)))):
            if number == _MAX_OPCODES:
                raise WeightsError(f"{path}: refused: more than {_MAX_OPCODES:,} pickle opcodes")
            if wrong := work.follow(opcode.name, argument):
                raise WeightsError(f"{path}: refused: {wrong}, which no weights need")
            if opcode.name == "GLOBAL":
                yield str(argument).replace(" ", ".")
    except ValueError:
        return  # not a pickle: torch reports it


class _Bounded:
    """A file for pickletools, in which no read or line is longer than a pickle of weights may be."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._left = file, min(size, _MAX_PICKLE)

    def read(self, count: int) -> bytes:
        return self._counted(self._file.read(min(count, self._left)))

    def readline(self) -> bytes:
        return self._counted(self._file.readline(min(self._left, _MAX_LINE)))

    def tell(self) -> int:
        return self._file.tell()

    def _counted(self, content: bytes) -> bytes:
        self._left -= len(content)
        return content


def _refusal(error: Exception) -> str:
    """Reduce torch's page-long message to one sentence."""
    if named := re.search(r"GLOBAL (\S+)", str(error)):
        return f"refused: it wants to execute code ({named[1]})"
    quoted = re.search(r"WeightsUnpickler error:\s*(.+?)\s*(Check the documentation|$)", str(error), re.DOTALL)
    plain = str(error) if isinstance(error, RuntimeError | ValueError) else ""
    words = (quoted[1] if quoted else plain or "it does not begin like a torch file").split()
    return f"not a checkpoint, or damaged: {' '.join(words[:24])}"
