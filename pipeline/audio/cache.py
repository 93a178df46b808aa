"""Cache the results of analyses by file and analysis, so that each track is analysed only once."""

import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from pipeline.curves.array import Array
from pipeline.storage.atomic import replacing
from render.models.downloads import cache_folder

VERSION = 2  # increment it when an analysis gives different numbers


def cached(digest: str, what: str, make: Callable[[], Mapping[str, Array]]) -> dict[str, Array]:
    """Return the arrays of an analysis: from the cache, or else made by `make` and then cached.

    Args:
        digest: SHA-256 of the analysed file.
        what: the name of the analysis, including everything that its result depends on.
    """
    key = hashlib.sha256(json.dumps([VERSION, digest, what]).encode()).hexdigest()
    path = cache_folder() / "music" / f"{key}.npz"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        pass  # missing or damaged: compute it again
    made = {name: np.asarray(array) for name, array in make().items()}
    _keep(path, made)
    return made


def _keep(path: Path, made: Mapping[str, Array]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial, partial.open("wb") as file:
            np.savez_compressed(file, **made)  # type: ignore[arg-type]
    except OSError:
        return  # a full or read-only disk: it is computed again next time
