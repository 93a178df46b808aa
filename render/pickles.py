"""What torch.save wrote, read without executing any of it.

Training code pickles more than weights: callbacks, hyper-parameters, the best score so far. Classes of
the packages that it uses get a stand-in; whatever else a pickle names is refused.
"""

from __future__ import annotations

import pickletools
import re
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from render.errors import WeightsError

_PACKAGES = frozenset(
    {"argparse", "datetime", "ldm", "lightning", "lightning_fabric", "main", "numpy"}
    | {"omegaconf", "pathlib", "pytorch_lightning", "taming", "typing"}
)
# Far beyond what published checkpoints need, optimiser's state included; past it a file is made to exhaust.
_MAX_PICKLE = 32 << 20  # bytes
_MAX_OPCODES = 500_000
# Types that settings name as those of their values.
_TYPES = (
    *("builtins.dict", "builtins.list", "builtins.tuple", "builtins.int", "builtins.float", "builtins.str"),
    *("builtins.bool", "builtins.object", "collections.defaultdict"),
)


class _Bystander:
    """Stands for whatever a checkpoint names beside its weights; nothing of it is used."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        pass

    def __new__(cls, *args: object, **kwargs: object) -> _Bystander:
        return super().__new__(cls)

    def __setstate__(self, state: object) -> None:
        pass


class _Dictionary:
    """Stands for kinds of dict, which a pickle fills by item: torch allows that of its own kinds only."""

    def __new__(cls, *args: object, **kwargs: object) -> OrderedDict[object, object]:  # type: ignore[misc]
        return OrderedDict()


def load_pickled(path: Path) -> object:
    """The content of a torch checkpoint, zip or pre-1.6, its tensors by memory map where the format allows.

    Raises:
        WeightsError: the file is missing, damaged, or wants to execute code.
    """
    import torch

    try:
        zipped = zipfile.is_zipfile(path)  # the format before torch 1.6 cannot be mapped
        names = set(_named(path, zipped))
        if any(name.endswith(".bytearray") for name in names):  # torch would make one of any size
            raise WeightsError(f"{path}: refused: it makes a bytearray, which no weights need")
        bystanders = {name for name in names if name.partition(".")[0] in _PACKAGES}
        with torch.serialization.safe_globals([(_stand_in(name), name) for name in (*_TYPES, *bystanders)]):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror or error}") from error
    except WeightsError:
        raise
    except Exception as error:  # pickle.UnpicklingError and whatever a damaged archive raises
        raise WeightsError(f"{path}: {_refusal(error)}") from error


def _stand_in(name: str) -> type:
    return _Dictionary if name.lower().endswith("dict") else _Bystander


def _named(path: Path, zipped: bool) -> Iterator[str]:
    """The dotted names in a checkpoint's pickles, which are disassembled, not run."""
    if not zipped:
        if tarfile.is_tarfile(path):
            raise WeightsError(
                f"{path}: refused: torch's tar format of before 2017 cannot be read without executing it"
            )
        with path.open("rb") as file:
            for _ in range(4):  # a magic number, the version, the machine, the content
                yield from _globals(file, path)
        return
    with zipfile.ZipFile(path) as archive:
        entries = {name.rpartition("/")[2]: name for name in archive.namelist()}
        if "constants.pkl" in entries:
            raise WeightsError(
                f"{path}: refused: a TorchScript archive holds code, as OpenAI's own files do; their weights "
                "as safetensors are on the hub: use the name `ViT-B-32/openai` (or its like) instead of the file"
            )
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise WeightsError(f"{path}: refused: its archive is compressed, as torch's never is")
        if "data.pkl" in entries:
            if archive.getinfo(entries["data.pkl"]).file_size > _MAX_PICKLE:
                raise WeightsError(f"{path}: refused: what it holds beside its tensors is over {_MAX_PICKLE >> 20} MB")
            with archive.open(entries["data.pkl"]) as file:
                yield from _globals(file, path)


def _globals(file: IO[bytes], path: Path) -> Iterator[str]:
    try:
        for number, (opcode, argument, _) in enumerate(pickletools.genops(file)):
            if number == _MAX_OPCODES:
                raise WeightsError(f"{path}: refused: more than {_MAX_OPCODES:,} pickle opcodes")
            if opcode.name == "GLOBAL":
                yield str(argument).replace(" ", ".")
    except ValueError:
        return  # no pickle: torch says so in its own words


def _refusal(error: Exception) -> str:
    """One sentence of what torch says in a page."""
    if named := re.search(r"GLOBAL (\S+)", str(error)):
        return f"refused: it wants to execute code ({named[1]})"
    said = re.search(r"WeightsUnpickler error:\s*(.+?)\s*(Check the documentation|$)", str(error), re.DOTALL)
    plain = str(error) if isinstance(error, RuntimeError | ValueError) else ""
    words = (said[1] if said else plain or "its beginning is none of torch's").split()
    return f"not a checkpoint, or damaged: {' '.join(words[:24])}"
