"""What some CLIPs need beside their weights: a tokenizer, and the config of a text tower of transformers.

open_clip names the repository on the hub; transformers would ask there at every start, and for most of
a minute without a network. Their small files are fetched once and read from the cache ever after.
"""

from __future__ import annotations

from pathlib import Path

from render.clip_config import text_config
from render.downloads import Download, Progress, alone, cache_folder, offline_wanted
from render.errors import DownloadError
from render.hub import from_hub_folder
from render.models import Model
from render.transfer import AddressError

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
_PATTERNS = ("tokenizer*", "special_tokens_map.json", "config.json", "vocab.*", "merges.txt", "*.model")
_WHOLE = ".whole"  # written when everything is there


def companions(model: Model, *, offline: bool, progress: Progress) -> tuple[tuple[str, Path], ...]:
    """Every repository that the architecture of `model` reads from, with its folder on this machine.

    A tokenizer that lies beside weights of the user's own goes before that of the hub.

    Raises:
        DownloadError: it is not here and cannot be fetched.
        WeightsError: the architecture cannot be read.
    """
    if model.entry != "clip" or model.architecture is None:
        return ()
    text = text_config(model.architecture)
    tokenizer, tower = (text.get(key) for key in ("hf_tokenizer_name", "hf_model_name"))
    beside = model.checkpoint.parent if model.checkpoint is not None else None
    found = {}
    if tokenizer and beside is not None and any((beside / name).is_file() for name in TOKENIZER_FILES):
        found[tokenizer] = beside
    for repository in filter(None, (tokenizer, tower)):
        if repository not in found:
            found[repository] = _fetched(repository, offline or offline_wanted(), progress)
    return tuple(found.items())


def _fetched(repository: str, offline: bool, progress: Progress) -> Path:
    name = repository.replace("/", "--")
    folder = cache_folder() / "tokenizers" / name
    if (folder / _WHOLE).is_file():
        return folder
    if offline:
        raise DownloadError(f"the tokenizer {repository} is not in the cache, and offline is asked for")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with alone(Download(name=name, addresses=()), folder.parent, progress):
            from_hub_folder(repository, folder, _PATTERNS)
            (folder / _WHOLE).touch()
    except (AddressError, OSError) as error:
        raise DownloadError(
            f"the tokenizer {repository} could not be fetched: {error}; tokenizer.json and tokenizer_config.json may"
            " lie beside weights of your own"
        ) from error
    return folder
