"""What a bank says about itself, and the bounds of everything in its file. No torch here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from render.errors import UnfitPriorError, printable
from render.files.setting_rules import RefusedSettingError, Rules, list_of, matching, require_known, whole

FORMATS = (1, 2)  # the first has no words
MAX_PICTURES = 1_000_000
MAX_CELLS = 4096  # of a picture: 64 x 64 codes
MAX_WIDTH = 8192  # of an embedding
_MAX_PROBES = 16
MAX_VOCABULARY = 1 << 22  # bytes
TYPES = {
    "codes": "U8",
    "embeddings": "I8",
    "scale": "F32",
    "basis": "F32",
    "centre": "F32",
    "usual": "F32",
    "probes": "F32",
}
WORD_TYPES = {"vocabulary": "U8", "counts": "U8", "mentions": "U16"}
_TEXT = matching(r"[^\x00-\x1f\x7f]{0,200}", "a line of text")
_RULES: Rules = {
    "format": whole(*FORMATS),
    "grid": list_of(whole(1, MAX_CELLS), 2, 2),
    "num_codes": whole(2, 1 << 20),
    "stride": whole(1, 512),
    "codebook": matching(r"[0-9a-f]{64}", "a SHA-256"),
    "latent": _TEXT,
    "perceptor": _TEXT,
    "made_of": _TEXT,
}


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a bank says about itself.

    Attributes:
        grid: (rows, columns) of the codes of every picture.
        num_codes: entries of the VQGAN's codebook.
        stride: pixels per code.
        codebook: SHA-256 of the codebook, see `render.priors.bank.identity.codebook_digest`.
        latent, perceptor: names of the models that it was made with, for messages.
        made_of: one line about where its pictures are from.
    """

    grid: tuple[int, int]
    num_codes: int
    stride: int
    codebook: str
    latent: str
    perceptor: str
    made_of: str = ""
    format: int = FORMATS[-1]

    @property
    def types(self) -> Mapping[str, str]:
        """The tensors of its file, and the type of each."""
        return TYPES if self.format == 1 else TYPES | WORD_TYPES

    @property
    def bits(self) -> int:
        """Bits per code."""
        return (self.num_codes - 1).bit_length()

    @property
    def packed(self) -> int:
        """Bytes per picture."""
        return -(-math.prod(self.grid) * self.bits // 8)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the pictures in pixels."""
        rows, columns = self.grid
        return columns * self.stride, rows * self.stride


def read_header(path: Path, text: str) -> Header:
    """Read the JSON of a bank's metadata. Raises `UnfitPriorError`."""
    try:
        fields = json.loads(text)
        if not isinstance(fields, dict):
            raise ValueError("its description is no map")
        require_known(fields, _RULES)
        header = Header(**{**fields, "grid": tuple(fields["grid"])})
    except (RefusedSettingError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnfitPriorError(printable(f"{path}: not a bank: {error}")) from error
    if math.prod(header.grid) > MAX_CELLS:
        raise UnfitPriorError(f"{path}: not a bank: pictures of more than {MAX_CELLS:,} codes")
    return header


def check_shapes(path: Path, header: Header, shapes: Mapping[str, tuple[int, ...]], types: Mapping[str, str]) -> None:
    """Check that the shapes agree with each other and with the header. Raises `UnfitPriorError`."""
    two = ("codes", "embeddings", "basis", "probes")
    if any(len(shapes[name]) != (2 if name in two else 1) for name in header.types):
        raise UnfitPriorError(f"{path}: not a bank: its tensors have other dimensions")
    count, (kept, width), probes = shapes["codes"][0], shapes["basis"], shapes["probes"][0]
    expected = {
        "codes": (count, header.packed),
        "embeddings": (count, kept),
        "scale": (kept,),
        "basis": (kept, width),
        "centre": (width,),
        "usual": (width,),
        "probes": (probes, width),
        "vocabulary": shapes.get("vocabulary"),
        "counts": (count,),
        "mentions": shapes.get("mentions"),
    }
    for name, kind in header.types.items():
        if shapes[name] != expected[name] or types[name] != kind:
            found = f"{types[name]} {shapes[name]}"
            raise UnfitPriorError(f"{path}: not a bank: '{name}' is {found}, expected {kind} {expected[name]}")
    bounds = {
        "pictures": (count, MAX_PICTURES),
        "numbers per embedding": (width, MAX_WIDTH),
        "probes": (probes, _MAX_PROBES),
    }
    for what, (number, most) in bounds.items():
        if not 0 < number <= most:
            raise UnfitPriorError(f"{path}: expected 1 to {most:,} {what}, got {number:,}")
    if shapes.get("vocabulary", (0,))[0] > MAX_VOCABULARY:
        raise UnfitPriorError(f"{path}: expected at most {MAX_VOCABULARY:,} bytes of words")
    if not 0 < kept <= width:
        raise UnfitPriorError(f"{path}: not a bank: {kept:,} components of {width:,} numbers")
