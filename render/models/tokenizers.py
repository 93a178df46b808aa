"""Provide what some CLIPs need besides weights: a tokenizer, and the config of a text tower from transformers.

open_clip names the repository on the hub; transformers would contact it at every start, and without a network
would keep trying for most of a minute. The small files are downloaded once and then read from the cache.
"""

from __future__ import annotations

import json
from pathlib import Path

from render.errors import DownloadError, WeightsError, suggestion
from render.files.bounded import TooLargeError, read_bounded
from render.models.clip_config import HUB_CONFIG, read_clip_config, repositories, text_config
from render.models.downloads import Download, Progress, cache_folder, locked, offline_wanted
from render.models.hub import from_hub_folder
from render.models.model import Model, sha256
from render.models.transfer import AddressError

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
# Full names: a pattern such as `tokenizer*` would also match a `tokenizer.py`.
_PATTERNS = (
    *TOKENIZER_FILES,
    *("special_tokens_map.json", "added_tokens.json", "config.json", "merges.txt"),
    *("vocab.txt", "vocab.json", "tokenizer.model", "sentencepiece.bpe.model", "spiece.model"),
)
_MAX_SETTINGS = 20 << 20  # bytes of a tokenizer's settings: some list every added word
_CODE = ("auto_map", "custom_pipelines", "tokenizer_file")
_TOWERS = ("roberta", "xlm-roberta", "bert", "m2m_100", "mt5", "t5")
_UPPER_BOUNDS = {  # upper bounds of settings in a text tower's config
    **dict.fromkeys(("hidden_size", "d_model", "d_kv", "d_ff", "intermediate_size", "encoder_ffn_dim"), 65_536),
    **dict.fromkeys(("num_hidden_layers", "num_layers", "num_decoder_layers", "encoder_layers", "decoder_layers"), 256),
    **dict.fromkeys(("vocab_size", "max_position_embeddings"), 2_000_000),
}
_COMPLETE = ".whole"  # written when the download is complete: the SHA-256 of every file


def companions(model: Model, *, offline: bool, progress: Progress) -> tuple[tuple[str, Path], ...]:
    """Return every repository that the architecture of `model` reads from, with its local folder.

    A tokenizer beside the user's own weights takes precedence over the hub's.

    Raises:
        DownloadError: a repository is not in the cache and cannot be fetched.
        WeightsError: the architecture cannot be read.
    """
    if model.entry != "clip" or model.architecture is None:
        return ()
    found: dict[str, Path] = {}
    for repository, folder in _wanted(model).items():
        found[repository] = folder or _fetched(repository, offline or offline_wanted(), progress)
        _require_harmless(found[repository] / "tokenizer_config.json", tower=False)
    if tower := text_config(model.architecture).get("hf_model_name"):
        _require_harmless(found[tower] / "config.json", tower=True)
    return tuple(found.items())


def require_usable(model: Model) -> None:
    """Check the configs of a CLIP, its own and those beside its weights, without network and torch.

    Raises:
        WeightsError: one of them cannot be used; the message gives the position.
    """
    if isinstance(model.architecture, Path):
        read_clip_config(model.architecture)
    if model.checkpoint is None:
        return
    if (beside := model.checkpoint.with_name(HUB_CONFIG)).is_file():
        read_clip_config(beside)
    for folder in filter(None, _wanted(model).values()):
        _require_harmless(folder / "tokenizer_config.json", tower=False)


def _wanted(model: Model) -> dict[str, Path | None]:
    """Map every repository that `model` reads from to its folder if that is beside the weights, else to None."""
    if model.architecture is None:
        return {}
    text = text_config(model.architecture)
    tokenizer, tower = (text.get(key) for key in ("hf_tokenizer_name", "hf_model_name"))
    beside = model.checkpoint.parent if model.checkpoint is not None else None
    found: dict[str, Path | None] = {}
    if tokenizer and beside is not None and any((beside / name).is_file() for name in TOKENIZER_FILES):
        found[tokenizer] = beside
    for repository in filter(None, (tokenizer, tower)):
        if repository not in found:
            _require_known(repository, model.architecture)
            found[repository] = None
    return found


def _require_known(repository: str, architecture: Path | str) -> None:
    """Refuse a repository that open_clip itself does not name, since a config may come from a stranger."""
    if repository not in (known := repositories()):
        hint = suggestion(repository, known, "its tokenizer.json and tokenizer_config.json may lie beside the weights")
        raise WeightsError(f"{architecture}: '{repository}' is not a repository that open_clip names; {hint}")


def _require_harmless(path: Path, *, tower: bool) -> None:
    """Refuse settings that name code, which transformers would import.

    Raises:
        WeightsError: the file names code, or a tower that is unknown or too large.
    """
    if not path.is_file():
        return
    try:
        found = json.loads(read_bounded(path, _MAX_SETTINGS).decode("utf-8"))
    except TooLargeError as error:
        raise WeightsError(f"{path}: refused: more than {_MAX_SETTINGS >> 20} MB") from error
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError(f"{path}: not JSON: {error}") from error
    if not isinstance(found, dict):
        raise WeightsError(f"{path}: expected a map")
    if code := next((key for key in _CODE if key in found and (key != "tokenizer_file" or found[key])), None):
        raise WeightsError(f"{path}: refused: '{code}' names code, or files elsewhere; neither is ever used")
    if not tower:
        return
    if found.get("model_type") not in _TOWERS:
        kinds = ", ".join(_TOWERS)
        raise WeightsError(f"{path}: refused: model_type is {found.get('model_type')!r}, expected one of: {kinds}")
    for key, most in _UPPER_BOUNDS.items():
        if key in found and not (isinstance(found[key], int) and 0 <= found[key] <= most):
            raise WeightsError(f"{path}: refused: {key} is {found[key]!r:.60}, expected a number up to {most:,}")


def _fetched(repository: str, offline: bool, progress: Progress) -> Path:
    name = repository.replace("/", "--")
    folder = cache_folder() / "tokenizers" / name
    if (folder / _COMPLETE).is_file():
        _require_unchanged(folder)
        return folder
    if offline:
        raise DownloadError(f"the tokenizer {repository} is not in the cache, and offline mode forbids downloading it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(Download(name=name, addresses=()), folder.parent, progress):
            from_hub_folder(repository, folder, _PATTERNS)
            (folder / _COMPLETE).touch()
            _require_unchanged(folder)
    except (AddressError, OSError) as error:
        raise DownloadError(
            f"the tokenizer {repository} could not be fetched: {error}; tokenizer.json and tokenizer_config.json may"
            " lie beside weights of your own"
        ) from error
    return folder


def _require_unchanged(folder: Path) -> None:
    """Record the SHA-256 of every file at first use, and compare it from then on.

    Raises:
        WeightsError: a file differs from its version at first use.
    """
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != _COMPLETE)
    found = {name: sha256(folder / name) for name in names}
    try:
        record = (folder / _COMPLETE).read_text(encoding="utf-8")
        recorded = json.loads(record) if record else None
        if recorded is None:  # empty, as earlier versions wrote it
            (folder / _COMPLETE).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            return
    except (OSError, ValueError) as error:
        raise WeightsError(f"{folder / _COMPLETE}: cannot be read or written: {error}") from error
    if found != recorded:
        raise WeightsError(f"{folder}: its files changed since first use; remove it to download them again")
