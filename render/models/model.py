"""Describe the models that a schedule can name, and their files. No torch here."""

from __future__ import annotations

import copy
import functools
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from render.errors import WeightsError, printable
from render.files.archives import require_weights
from render.files.bounded import TooLargeError, read_bounded
from render.files.setting_rules import (
    RefusedSettingError,
    Rules,
    either,
    flag,
    list_of,
    nothing,
    place_of,
    real,
    require_known,
    whole,
)

if TYPE_CHECKING:
    from render.models.downloads import Download


_MAX_CONFIG = 100_000  # bytes
_MAX_CHANNELS = 8192
_PARAMS: Rules = {"embed_dim": whole(1, 8192), "n_embed": whole(1, 1 << 20), "norm_groups": whole(1, 1024)}
_DDCONFIG: Rules = {
    "ch": whole(1, 2048),
    "ch_mult": list_of(whole(1, 64), 1, 10),
    "num_res_blocks": whole(1, 32),
    "z_channels": whole(1, 8192),
    "resolution": whole(1, 16_384),
    "in_channels": whole(1, 1024),
    "out_ch": whole(1, 1024),
    "attn_resolutions": list_of(whole(1, 16_384), 0, 16),
    "dropout": real(0, 1),
    "double_z": flag,
    "resamp_with_conv": flag,
    "give_pre_end": either(nothing, flag),
}


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """A model whose files are on this machine.

    Attributes:
        name: as written in the schedule.
        entry: the entry of `render.latents` or `render.guidance.perceptors` that loads it.
        architecture: for a VQGAN a config in taming's layout; for CLIP open_clip's name of an
            architecture or a JSON config; None for a model without weights.
        weights: a state dict: safetensors, or a torch checkpoint; None if weights are random
            or there are none.
        random_seed: the seed of random weights, for benchmarks and tests.
        prefix: the model's prefix in the checkpoint, such as `first_stage_model.`.
        companions: repositories on the hub that the architecture names, with their local folders.
    """

    name: str
    entry: str
    architecture: Path | str | None = None
    weights: Path | None = None
    random_seed: int | None = None
    prefix: str = ""
    companions: tuple[tuple[str, Path], ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        tokenizers = (folder / "tokenizer.json" for _, folder in self.companions)
        return (
            *(path for path in (self.architecture, self.weights) if isinstance(path, Path)),
            *(path for path in tokenizers if path.is_file()),
        )

    def digests(self) -> dict[str, str]:
        """Map the name of every file of the model to its SHA-256.

        Raises:
            WeightsError: a file is missing, or is large and not a checkpoint.
        """
        if self.weights is not None:
            require_weights(self.weights)
        return {path.name: sha256(path) for path in self.paths}


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model as a schedule names it; `render.renderer.loading.weights.locate` finds its files.

    Attributes:
        name, entry, architecture, random_seed, prefix: see `ModelFiles`.
        about: one line for `render models`.
        checkpoint: a local file: shipped with the package, or the user's own.
        download: where to download the weights on first use.
        config: where to download the architecture on first use, if it is published beside the weights alone.
        quantize: whether latents are snapped to the codebook (straight-through) unless the
            schedule says otherwise; with the small embedded codebook, pictures look smoother if they are not.
        robust: whether the image tower was trained adversarially, and so needs few augmentations.
        licence: the weights' licence, as stated by their publisher.
    """

    name: str
    entry: str
    about: str = ""
    architecture: Path | str | None = None
    checkpoint: Path | None = None
    download: Download | None = None
    config: Download | None = None
    random_seed: int | None = None
    prefix: str = ""
    quantize: bool = False
    robust: bool = False
    licence: str = ""

    def files(self, weights: Path | None = None, companions: tuple[tuple[str, Path], ...] = ()) -> ModelFiles:
        """Return the model with its files; `weights` is the path of the download, if it has one."""
        return ModelFiles(
            name=self.name,
            entry=self.entry,
            architecture=self.architecture,
            weights=weights or self.checkpoint,
            random_seed=self.random_seed,
            prefix=self.prefix,
            companions=companions,
        )

    @property
    def stride(self) -> int:
        """Pixels per latent cell; a picture's width and height must be multiples of it.

        Raises:
            WeightsError: the config cannot be read.
        """
        return vqgan_stride(read_vqgan_config(self.architecture)) if isinstance(self.architecture, Path) else 1


def read_vqgan_config(path: Path, stage: str = "first_stage_config") -> dict[str, Any]:
    """Read the `model` section of a VQGAN's config, `target` and `params`, in taming's published layout.

    For the config of a transformer over a VQGAN (Net2NetTransformer), its first stage is returned, or another `stage`.
    Nothing that `target` names is imported.

    Raises:
        WeightsError: there is no such file, or it lacks settings that a VQGAN needs.
    """
    with refusing(path, "VQGAN"):
        model, text = read_model_section(path)
        keys = ["model", "params"]
        if stage in model["params"]:
            model = model["params"][stage]
            keys += [stage, "params"]
        for key in ("embed_dim", "n_embed", "ddconfig"):
            model["params"][key]
        model["params"]["ddconfig"]["ch_mult"]
        _require_bounded(model["params"], text, path, tuple(keys))
    return model


def read_model_section(path: Path) -> tuple[dict[str, Any], str]:
    """Read a config's `model` section, and the config's text, for messages that name a place; see `refusing`."""
    text = read_bounded(path, _MAX_CONFIG).decode("utf-8")
    return copy.deepcopy(_model_section(text)), text


@functools.lru_cache(maxsize=4)  # parsing takes longer than the rest of checking a schedule, which is done as one types
def _model_section(text: str) -> dict[str, Any]:
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
        raise ValueError("it has aliases, which could multiply")
    model: dict[str, Any] = yaml.safe_load(text)["model"]
    return model


@contextmanager
def refusing(path: Path, kind: str) -> Iterator[None]:
    """Turn everything that a wrong config can raise into a `WeightsError` that says what was expected."""
    try:
        yield
    except TooLargeError as error:
        raise WeightsError(f"{path}: {error}; is this a config?") from error
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise WeightsError(f"{path}: not a taming {kind} config: {error}") from error


def _require_bounded(params: Mapping[str, Any], text: str, path: Path, keys: tuple[str, ...]) -> None:
    """Check the bounds of every number that determines the network's size; settings of training are ignored."""
    sizes = {key: params[key] for key in _PARAMS if key in params}
    sizes["ddconfig"] = {key: params["ddconfig"][key] for key in _DDCONFIG if key in params["ddconfig"]}
    try:
        require_known(sizes, {**_PARAMS, "ddconfig": _DDCONFIG}, keys)
        width = sizes["ddconfig"].get("ch", 1) * max(sizes["ddconfig"]["ch_mult"])
        if width > _MAX_CHANNELS:
            at = (*keys, "ddconfig", "ch_mult")
            raise RefusedSettingError(at, f"expected at most {_MAX_CHANNELS:,} channels, got {width:,}")
    except RefusedSettingError as error:
        raise WeightsError(printable(f"{path}:{place_of(text, error.keys)}: {error}")) from error


def vqgan_stride(model: Mapping[str, Any]) -> int:
    """Return pixels per latent cell: every level but the first halves the resolution."""
    return int(2 ** (len(model["params"]["ddconfig"]["ch_mult"]) - 1))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal. Raises `WeightsError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from error
