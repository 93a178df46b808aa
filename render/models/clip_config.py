"""Read a CLIP's JSON config: an open_clip architecture, with or without the normalisation. No torch here."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from render.errors import WeightsError, printable
from render.files.bounded import TooLargeError, read_bounded
from render.files.setting_rules import RefusedSettingError, place_of, require_known
from render.models.clip_rules import MAX_PARAMETERS, RULES, least_parameters

HUB_CONFIG = "open_clip_config.json"  # its file name beside weights on the hub
_MAX_BYTES = 100_000
_NEEDED = {"embed_dim", "vision_cfg", "text_cfg"}
# Keys that may differ between the hub's config and open_clip's own without changing results.
_SOURCES = {"hf_tokenizer_name", "hf_model_name", "hf_model_pretrained", "timm_model_pretrained", "tokenizer_kwargs"}


def read_clip_config(path: Path) -> dict[str, Any]:
    """Read a model's JSON: `model_cfg` with an optional `preprocess_cfg`, as on the hub, or the bare architecture.

    Raises:
        WeightsError: there is no such file, or it is not a CLIP config.
    """
    text = _text(path)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{path}: not JSON: {error}") from error
    bare = isinstance(found, dict) and "model_cfg" not in found
    if bare:
        found = {"model_cfg": found}
    model = found.get("model_cfg") if isinstance(found, dict) else None
    if not isinstance(model, dict) or not model.keys() >= _NEEDED:
        raise WeightsError(f"{path}: not an open_clip config: embed_dim, vision_cfg or text_cfg is missing")
    read: dict[str, Any] = found
    try:
        require_known(read, RULES)
        if (count := least_parameters(model)) > MAX_PARAMETERS:
            size = f"{count:,} parameters; at most {MAX_PARAMETERS:,} are read"
            raise RefusedSettingError(("model_cfg",), f"describes a network of {size}")
    except RefusedSettingError as error:
        keys = error.keys[1:] if bare else error.keys
        message = str(error).removeprefix("model_cfg.") if bare else str(error)
        raise WeightsError(printable(f"{path}:{place_of(text, keys)}: {message}")) from error
    return read


def _text(path: Path) -> str:
    try:
        return read_bounded(path, _MAX_BYTES).decode("utf-8")
    except TooLargeError as error:
        raise WeightsError(f"{path}: {error}; is this a config?") from error
    except OSError as error:
        raise WeightsError(f"{path}: no such file" if not path.exists() else f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WeightsError(f"{path}: not JSON: {error}") from error


def repositories() -> frozenset[str]:
    """Return every repository that the installed open_clip's configs name: no other is ever accessed."""
    texts = [json.loads(path.read_text(encoding="utf-8"))["text_cfg"] for path in _open_clip_configs().glob("*.json")]
    return frozenset(text[key] for text in texts for key in ("hf_tokenizer_name", "hf_model_name") if text.get(key))


def text_config(architecture: Path | str) -> dict[str, Any]:
    """Read the text tower's settings from a JSON config or a named open_clip architecture, without importing open_clip.

    Raises:
        WeightsError: there is no such architecture.
    """
    path = architecture if isinstance(architecture, Path) else _open_clip_configs() / f"{architecture}.json"
    text: dict[str, Any] = read_clip_config(path)["model_cfg"]["text_cfg"]
    return text


def architectures() -> tuple[str, ...]:
    """List the architectures that the installed open_clip can build, without importing it."""
    return tuple(sorted(path.stem for path in _open_clip_configs().glob("*.json")))


def _open_clip_configs() -> Path:
    found = importlib.util.find_spec("open_clip")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "model_configs"


def check_agreement(ours: Mapping[str, Any], theirs: Mapping[str, Any], name: str, beside: Path) -> None:
    """Compare an architecture with the config beside its weights, since shapes do not reveal quick_gelu.

    Raises:
        WeightsError: they describe different models.
    """
    pairs = [("quick_gelu", ours.get("quick_gelu", False), theirs.get("quick_gelu", False))]
    pairs += [(key, ours[key], theirs[key]) for key in sorted(ours.keys() & theirs.keys() - {"quick_gelu"})]
    for key, mine, other in pairs:
        if isinstance(mine, Mapping) and isinstance(other, Mapping):
            check_agreement(mine, other, name, beside)
        elif key not in _SOURCES and mine != other:
            raise WeightsError(f"{beside}: says {key}: {other}, but {name} has {mine}: these weights belong to another")
