"""torch's zip archives, judged so strictly that zipfile and torch cannot read two different files out of one.

torch finds its records without regard to case, by the folder of the first entry, and takes the first or the last of
several of one name as its own reader likes; a pickle that only one of the two readers sees would never be judged.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from render.errors import WeightsError

MAX_PICKLE = 32 << 20  # bytes
_MAX_ENTRIES = 100_000
_LARGE, _MAX_WEIGHTS = 1 << 30, 100 << 30  # bytes
_DATA = "data/"  # below it lie the tensors' numbers


def archived_pickle(path: Path) -> bytes:
    """The pickle in a torch archive, which is exactly the one that torch reads.

    Raises:
        WeightsError: the archive holds code, is compressed, is ambiguous, or its pickle is too large.
        zipfile.BadZipFile: it is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if len(entries) > _MAX_ENTRIES:
            raise WeightsError(f"{path}: refused: more than {_MAX_ENTRIES:,} entries in its archive")
        if any(entry.filename.rpartition("/")[2].lower() == "constants.pkl" for entry in entries):
            raise WeightsError(
                f"{path}: refused: a TorchScript archive holds code, as OpenAI's own files do; their weights "
                "as safetensors are on the hub: use the name `ViT-B-32/openai` (or its like) instead of the file"
            )
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise WeightsError(f"{path}: refused: its archive is compressed, as torch's never is")
        _require_unambiguous(path, archive, entries)
        inside = {entry.filename.partition("/")[2]: entry for entry in entries}
        large = [e for name, e in inside.items() if not name.startswith(_DATA) and e.file_size > MAX_PICKLE]
        if large:
            raise WeightsError(f"{path}: refused: what it holds beside its tensors is over {MAX_PICKLE >> 20} MB")
        return archive.read(inside["data.pkl"])


def _require_unambiguous(path: Path, archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    if len({name.lower() for name in names}) < len(names):
        raise WeightsError(f"{path}: refused: two entries of its archive have the same name")
    if len({name.partition("/")[0] for name in names}) > 1 or not all("/" in name for name in names):
        raise WeightsError(f"{path}: refused: its archive has more than the one folder of torch's")
    pickles = [name for name in names if name.lower().rpartition("/")[2] == "data.pkl"]
    if pickles != [f"{names[0].partition('/')[0]}/data.pkl"]:
        raise WeightsError(f"{path}: refused: its archive has not the one data.pkl of torch's, but {pickles[:3]}")
    # Bytes before the first entry or after the end would shift what one of the readers sees.
    if archive.comment or (entries and min(entry.header_offset for entry in entries) != 0):
        raise WeightsError(f"{path}: refused: its archive begins or ends with something else")


def require_weights(path: Path) -> None:
    """Look at where a large file begins, and at its archive, before it takes minutes to hash it.

    Raises:
        WeightsError: no checkpoint begins so, or it is longer than any.
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
        elif begin[8:] != b"{" and begin[:1] != b"\x80":  # of safetensors; of a pickle
            raise WeightsError(f"{path}: not a checkpoint: it begins as neither safetensors nor torch's files do")
    except zipfile.BadZipFile as error:
        raise WeightsError(f"{path}: not a checkpoint, or damaged: {error}") from error
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from error
