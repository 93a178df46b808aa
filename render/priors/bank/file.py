"""The file of a bank: safetensors, of which everything is checked before it is used. No torch here.

Tensors, N pictures of h x w codes, embeddings of D numbers of which K components are kept:

    codes      (N, ceil(h w bits / 8)) uint8     the codes of a picture row by row, `bits` bits each, packed
    embeddings (N, K) int8                        components of its embedding, in units of `scale`
    scale      (K,) float32
    basis      (K, D) float32                     directions of the components
    centre     (D,) float32                       added to what the components give
    usual      (D,) float32                       the mean embedding of many texts, see `render.priors.bank`
    probes     (P, D) float32                     what the perceptor makes of fixed inputs, to recognise it

    vocabulary (V,) uint8                         the words of the captions, UTF-8, one per line
    counts     (N,) uint8                         how many words the captions of a picture have
    mentions   (M,) uint16                        their numbers in the vocabulary, picture after picture

The metadata hold `bank`, JSON with the fields of `render.priors.bank.header.Header`. Format 1 has no words: it lacks
the last three tensors.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.errors import UnfitPriorError, printable
from render.priors.bank.header import FORMATS, TYPES, WORD_TYPES, Header, check_shapes, read_header
from render.priors.bank.words import MOST_KNOWN, Words, collected

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
    words: Words

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

    @property
    def num_words(self) -> int:
        """How many words the captions of all pictures have together."""
        return self.shapes.get("mentions", (0,))[0]


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
            header = read_header(path, text)
            names = set(file.keys())
            if wrong := sorted(names ^ header.types.keys()):
                expected = sorted(header.types)
                raise UnfitPriorError(printable(f"{path}: not a bank: it has {expected}, but '{wrong[0]}' differs"))
            slices = {name: file.get_slice(name) for name in names}
            types = {name: part.get_dtype() for name, part in slices.items()}
            shapes = {name: tuple(part.get_shape()) for name, part in slices.items()}
    except OSError as error:
        raise UnfitPriorError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (SafetensorError, ValueError) as error:
        raise UnfitPriorError(printable(f"{path}: not a bank: {error}")) from error
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
    if any(tensors[name].shape != facts.shapes[name] for name in facts.header.types):
        raise UnfitPriorError(f"{path}: has changed while it was read")
    for name, kind in facts.header.types.items():
        if kind == "F32" and not (np.isfinite(tensors[name]).all() and np.abs(tensors[name]).max(initial=0) < 1e6):
            raise UnfitPriorError(f"{path}: not a bank: '{name}' has numbers that no embedding has")
    words = _words(path, len(tensors["codes"]), {name: tensors.pop(name) for name in WORD_TYPES if name in tensors})
    return Bank(header=facts.header, words=words, **tensors)


def _words(path: Path, count: int, tensors: Mapping[str, Array]) -> Words:
    """Words that agree with each other; none for a file of format 1. Raises `UnfitPriorError`."""
    if not tensors:
        return collected([()] * count)
    words = Words(**tensors)
    try:
        known = words.vocabulary.tobytes().decode().count("\n") + 1 if len(words.vocabulary) else 0
    except UnicodeDecodeError as error:
        raise UnfitPriorError(f"{path}: not a bank: its words are not UTF-8") from error
    if known > MOST_KNOWN:
        raise UnfitPriorError(f"{path}: expected at most {MOST_KNOWN:,} words, got {known:,}")
    if int(words.counts.sum(dtype=np.int64)) != len(words.mentions) or words.mentions.max(initial=0) >= max(1, known):
        raise UnfitPriorError(f"{path}: not a bank: its pictures have words that it does not list")
    return words


def write_bank(path: Path, bank: Bank) -> None:
    """Write a bank, atomically: the same bank gives the same bytes. Raises `OSError`."""
    from safetensors.numpy import save

    tensors = {name: getattr(bank if name in TYPES else bank.words, name) for name in TYPES | WORD_TYPES}
    header = replace(bank.header, format=FORMATS[-1])
    content = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    write_whole(path, save(content, {"bank": json.dumps(asdict(header), sort_keys=True)}))


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
