"""Check torch's zip archives so strictly that zipfile and torch cannot read different contents from one file.

torch looks up its records ignoring case, in the folder of the first entry, and where several have the same name its
reader may use the first or the last. A pickle that only torch's reader sees would never be checked.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from render.errors import WeightsError

MAX_PICKLE = 32 << 20  # bytes
_MAX_ENTRIES = 100_000
_LARGE, _MAX_WEIGHTS = 1 << 30, 100 << 30  # bytes
_DATA = "data/"  # the folder of the tensors' numbers


def archived_pickle(path: Path) -> bytes:
    """Return the pickle in a torch archive, which is exactly the one that torch reads.

    Raises:
        WeightsError: the archive contains code, is compressed, is ambiguous, or its pickle is too large.
        zipfile.BadZipFile: it is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if len(entries) > _MAX_ENTRIES:
            raise WeightsError(f"{path}: refused: more than {_MAX_ENTRIES:,} entries in its archive")
        if any(entry.filename.rpartition("/")[2].lower() == "constants.pkl" for entry in entries):
            raise WeightsError(
                f"{path}: refused: a TorchScript archive contains code, as OpenAI's own files do; their weights "
                "as safetensors are on the hub: use the name `ViT-B-32/openai` (or its like) instead of the file"
            )
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise WeightsError(f"{path}: refused: its archive is compressed; torch never compresses its archives")
        _require_unambiguous(path, archive, entries)
        inside = {entry.filename.partition("/")[2]: entry for entry in entries}
        large = [e for name, e in inside.items() if not name.startswith(_DATA) and e.file_size > MAX_PICKLE]
        if large:
            raise WeightsError(f"{path}: refused: its contents besides tensors are over {MAX_PICKLE >> 20} MB")
        return archive.read(inside["data.pkl"])


def _require_unambiguous(path: Path, archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    if len({name.lower() for name in names}) < len(names):
        raise WeightsError(f"{path}: refused: two entries of its archive have the same name")
    if len({name.partition("/")[0] for name in names}) > 1 or not all("/" in name for name in names):
        raise WeightsError(f"{path}: refused: its archive does not have exactly one folder, as torch's do")
    pickles = [name for name in names if name.lower().rpartition("/")[2] == "data.pkl"]
    if pickles != [f"{names[0].partition('/')[0]}/data.pkl"]:
        raise WeightsError(f"{path}: refused: expected exactly one data.pkl in its archive, got {pickles[:3]}")
    # Bytes before the first entry or after the end would shift the offsets of only one of the two readers.
    if archive.comment or (entries and min(entry.header_offset for entry in entries) != 0):
        raise WeightsError(f"{path}: refused: its archive begins or ends with something else")


def require_weights(path: Path) -> None:
    """Check the first bytes of a large file, and its archive, before hashing it, which takes minutes.

    Raises:
        WeightsError: it does not begin like a checkpoint, or is larger than any checkpoint.
    """
    try:
        size = path.stat().st_size
        if size < _LARGE:
            return
        if size > _MAX_WEIGHTS:
            raise WeightsError(f"{path}: not a checkpoint: more than {_MAX_WEIGHTS:,} bytes")
        with path.open("rb") as file:
            begin = file.read(9)
        if begin.startswith(b"PK"):
            archived_pickle(path)
        elif begin[8:] != b"{" and begin[:1] != b"\x80":  # safetensors; a pickle
            raise WeightsError(f"{path}: not a checkpoint: it begins like neither safetensors nor a torch file")
    except zipfile.BadZipFile as error:
        raise WeightsError(f"{path}: not a checkpoint, or damaged: {error}") from error
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from error
