"""The file of a bank: safetensors, of which everything is checked before it is used. No torch here.

Tensors, N pictures of h x w codes, embeddings of D numbers of which K components are kept:

    codes      (N, ceil(h w bits / 8)) uint8     the codes of a picture row by row, `bits` bits each, packed
    embeddings (N, K) int8                        components of its embedding, in units of `scale`
    scale      (K,) float32
    basis      (K, D) float32                     directions of the components
    centre     (D,) float32                       added to what the components give
    usual      (D,) float32                       the mean embedding of many texts, see `render.priors.bank`
    probes     (P, D) float32                     what the perceptor makes of fixed inputs, to recognise it

The metadata hold `bank`, JSON with the fields of `render.priors.bank.header.Header`.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.errors import UnfitPriorError, printable
from render.priors.bank.header import TYPES, Header, check_shapes, read_header

Array = NDArray[Any]

SUFFIX = ".bank"
MAX_BYTES = 2 << 30
_MAX_HEADER = 1 << 20  # bytes of safetensors' header


@dataclass(frozen=True, kw_only=True, eq=False)
class Bank:
    """A bank in memory; shapes and types as in the file."""

    header: Header
    codes: Array
    embeddings: Array
    scale: Array
    basis: Array
    centre: Array
    usual: Array
    probes: Array

    def __len__(self) -> int:
        return len(self.codes)

    def unpacked(self, numbers: Array) -> Array:
        """The codes of these pictures: (len(numbers), rows, columns) int64.

        Raises:
            UnfitPriorError: a code is not in the codebook.
        """
        bits = np.unpackbits(self.codes[numbers], axis=1)[:, : math.prod(self.header.grid) * self.header.bits]
        digits = bits.reshape(len(numbers), *self.header.grid, self.header.bits).astype(np.int64)
        found: Array = digits @ (1 << np.arange(self.header.bits - 1, -1, -1))
        if found.size and found.max() >= self.header.num_codes:
            raise UnfitPriorError(f"a bank has code {found.max()} of a codebook of {self.header.num_codes:,}")
        return found


def packed(codes: Array, bits: int) -> Array:
    """Pack codes (N, h, w) with `bits` bits each: (N, bytes) uint8."""
    digits = (codes.reshape(len(codes), -1, 1) >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(digits.reshape(len(codes), -1).astype(np.uint8), axis=1)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The header of a bank's file, and the shapes of its tensors."""

    header: Header
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def num_pictures(self) -> int:
        return self.shapes["codes"][0]


def read_facts(path: Path) -> Facts:
    """Read what a bank says about itself; its shapes agree with each other and with the size of the file.

    Raises:
        UnfitPriorError: it cannot be read, or is not a bank.
    """
    from safetensors import SafetensorError, safe_open

    try:
        _require_small(path)
        with safe_open(path, "numpy") as file:
            text = (file.metadata() or {}).get("bank")
            if text is None:
                raise UnfitPriorError(f"{path}: not a bank: its metadata do not describe one")
            names = set(file.keys())
            if names != TYPES.keys():
                wrong = sorted(names ^ TYPES.keys())[0]
                raise UnfitPriorError(printable(f"{path}: not a bank: it has {sorted(TYPES)}, but '{wrong}' differs"))
            slices = {name: file.get_slice(name) for name in names}
            types = {name: part.get_dtype() for name, part in slices.items()}
            shapes = {name: tuple(part.get_shape()) for name, part in slices.items()}
    except OSError as error:
        raise UnfitPriorError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (SafetensorError, ValueError) as error:
        raise UnfitPriorError(printable(f"{path}: not a bank: {error}")) from error
    header = read_header(path, text)
    check_shapes(path, header, shapes, types)
    return Facts(header=header, shapes=shapes)


def read_bank(path: Path) -> Bank:
    """Read a bank. Raises `UnfitPriorError` as `read_facts` does, and for numbers that are not finite."""
    from safetensors.numpy import load_file

    facts = read_facts(path)
    try:
        tensors = load_file(path)
    except Exception as error:  # it was readable a moment ago
        raise UnfitPriorError(printable(f"{path}: cannot be read: {error}")) from error
    if any(tensors[name].shape != facts.shapes[name] for name in TYPES):
        raise UnfitPriorError(f"{path}: has changed while it was read")
    for name, kind in TYPES.items():
        if kind == "F32" and not (np.isfinite(tensors[name]).all() and np.abs(tensors[name]).max(initial=0) < 1e6):
            raise UnfitPriorError(f"{path}: not a bank: '{name}' has numbers that no embedding has")
    return Bank(header=facts.header, **tensors)


def write_bank(path: Path, bank: Bank) -> None:
    """Write a bank, atomically: the same bank gives the same bytes. Raises `OSError`."""
    from safetensors.numpy import save

    tensors = {name: np.ascontiguousarray(getattr(bank, name)) for name in TYPES}
    write_whole(path, save(tensors, {"bank": json.dumps(asdict(bank.header), sort_keys=True)}))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, atomically: whole or not at all. Raises `OSError`."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _require_small(path: Path) -> None:
    if not path.is_file():
        raise UnfitPriorError(f"{path}: {'not a file' if path.exists() else 'no such file'}; expected a bank")
    if (size := path.stat().st_size) > MAX_BYTES:
        raise UnfitPriorError(f"{path}: expected at most {MAX_BYTES:,} bytes, got {size:,}")
    with path.open("rb") as file:
        begin = file.read(9)
    if begin[8:] != b"{" or int.from_bytes(begin[:8], "little") > _MAX_HEADER:
        raise UnfitPriorError(f"{path}: not a bank: it does not begin as one does")
