"""Which models there are, where their files lie, and how a checkpoint's weights are read.

Listing and checking need no torch; only `read_state_dict` imports it.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from render.errors import UnknownNameError, WeightsError

if TYPE_CHECKING:
    from torch import Tensor

_LIGHTNING_CALLBACK = "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint"
_EMBEDDED = Path(__file__).parent / "embedded"


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """A model by name: the catalogue entry that loads it, and its files.

    Attributes:
        name: the key under `models:`.
        entry: the entry of `render.latents` or `render.perceptors` that loads it.
        about: one line for `render models`.
        config: the architecture: taming's YAML or open_clip's JSON.
        weights: a state dict: safetensors, or a torch checkpoint.
        quantize: whether latents are snapped to the codebook (straight-through) unless the
            schedule says otherwise; the small embedded codebook looks smoother without.
    """

    name: str
    entry: str
    about: str
    config: Path | None = None
    weights: Path | None = None
    quantize: bool = False

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(path for path in (self.config, self.weights) if path is not None)

    def digests(self) -> dict[str, str]:
        """File name to SHA-256 of every file of the model.

        Raises:
            WeightsError: a file is missing.
        """
        return {path.name: _sha256(path) for path in self.paths}


LATENTS = {
    model.name: model
    for model in (
        ModelFiles(
            name="embedded",
            entry="vqgan",
            about="small VQGAN that ships with the package, f8, 1,024 codes",
            config=_EMBEDDED / "vqgan.yaml",
            weights=_EMBEDDED / "vqgan.safetensors",
        ),
        ModelFiles(name="pixels", entry="pixels", about="the picture itself, no weights, for tests"),
    )
}
PERCEPTORS = {
    model.name: model
    for model in (
        ModelFiles(
            name="embedded",
            entry="clip",
            about="small CLIP that ships with the package, 64 px",
            config=_EMBEDDED / "clip.json",
            weights=_EMBEDDED / "clip.safetensors",
        ),
        ModelFiles(name="toy", entry="toy", about="knows the names of eight colours, no weights, for tests"),
    )
}


class _Callback:
    """Stands for the class that published checkpoints name beside their weights; nothing of it is used."""


def find_latent(name: str) -> ModelFiles:
    """The latent model called `name`. Raises `UnknownNameError`."""
    return _find("latent model", name, LATENTS)


def find_perceptor(name: str) -> ModelFiles:
    """The perceptor called `name`. Raises `UnknownNameError`."""
    return _find("perceptor", name, PERCEPTORS)


def latent_stride(files: ModelFiles) -> int:
    """Pixels per latent step; a picture's width and height must be multiples of it."""
    return vqgan_stride(read_vqgan_config(files)) if files.config else 1


def read_vqgan_config(files: ModelFiles) -> dict[str, Any]:
    """The `model.params` of a VQGAN's config, in the layout that taming publishes.

    Raises:
        WeightsError: there is no such file, or it lacks what a VQGAN needs.
    """
    assert files.config is not None
    try:
        document = yaml.safe_load(files.config.read_text(encoding="utf-8"))
        params: dict[str, Any] = document["model"]["params"]
        for key in ("embed_dim", "n_embed", "ddconfig"):
            params[key]
        params["ddconfig"]["ch_mult"]
    except OSError as error:
        raise WeightsError(f"{files.config}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise WeightsError(f"{files.config}: not a taming VQGAN config: {error}") from error
    return params


def vqgan_stride(params: Mapping[str, Any]) -> int:
    """Every level but the first halves the resolution."""
    return int(2 ** (len(params["ddconfig"]["ch_mult"]) - 1))


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint: safetensors, or torch's format with or without `state_dict` nesting.

    Nothing in the file is executed (`weights_only`). Training leftovers (`loss.*`) are dropped.

    Raises:
        WeightsError: the file is missing, damaged, or wants to execute code.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            with torch.serialization.safe_globals([(_Callback, _LIGHTNING_CALLBACK)]):
                mapped = zipfile.is_zipfile(path)  # the format before torch 1.6 cannot be
                loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
            state = loaded.get("state_dict", loaded)
        if not all(isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in state.items()):
            raise ValueError("it holds no state dict")
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (SafetensorError, RuntimeError, ValueError, AttributeError) as error:
        raise WeightsError(f"{path}: not a checkpoint: {error}") from error
    except Exception as error:  # pickle.UnpicklingError and whatever a damaged archive raises
        raise WeightsError(f"{path}: refused: it is damaged or wants to execute code ({error})") from error
    return {key: value for key, value in state.items() if not key.startswith("loss.")}


def _find(kind: str, name: str, known: Mapping[str, ModelFiles]) -> ModelFiles:
    if name not in known:
        raise UnknownNameError(kind, name, known)
    return known[name]


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from error
