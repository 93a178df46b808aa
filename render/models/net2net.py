"""The config of a transformer over a VQGAN: taming's Net2NetTransformer, read as data. No torch here.

Source: CompVis/taming-transformers, `taming/models/cond_transformer.py`. Classes that a config names are never
    imported: they are compared with the few that are known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from render.errors import WeightsError, printable
from render.files.setting_rules import (
    RefusedSettingError,
    Rules,
    flag,
    one_of,
    place_of,
    real,
    require_known,
    whole,
)
from render.models.condition_stages import CONDITION_STAGE, STAGES
from render.models.model import read_model_section, read_vqgan_config, refusing, vqgan_stride

TARGET = "taming.models.cond_transformer.Net2NetTransformer"
_GPT = "taming.modules.transformer.mingpt.GPT"
_MAX_PARAMETERS = 20_000_000_000
_SHAPE: Rules = {
    "vocab_size": whole(2, 1 << 20),
    "block_size": whole(1, 16_384),
    "n_layer": whole(1, 256),
    "n_head": whole(1, 256),
    "n_embd": whole(1, 16_384),
    "n_unmasked": whole(0, 16_384),
    "embd_pdrop": real(0, 1),
    "resid_pdrop": real(0, 1),
    "attn_pdrop": real(0, 1),
}
_NEEDED = ("vocab_size", "block_size")
_PARAMS: Rules = {
    "unconditional": flag,
    "sos_token": whole(0, 1 << 20),
    "downsample_cond_size": whole(-1, 4096),
    "pkeep": real(0, 1),
    "permuter_config": {"target": one_of("taming.modules.transformer.permuter.Identity"), "params": {}},
}


@dataclass(frozen=True, kw_only=True)
class GPTShape:
    """The size of a transformer; the names are minGPT's.

    Attributes:
        vocab_size: how many codes there are, those of the condition among them.
        block_size: the length of the longest sequence that it can look at.
        n_unmasked: how many positions at the beginning see each other in both directions.
    """

    vocab_size: int
    block_size: int
    n_layer: int = 12
    n_head: int = 8
    n_embd: int = 256
    n_unmasked: int = 0

    @property
    def parameters(self) -> int:
        """The number of its parameters, biases and norms left out."""
        return (12 * self.n_layer * self.n_embd + 2 * self.vocab_size + self.block_size) * self.n_embd


@dataclass(frozen=True, kw_only=True)
class Net2Net:
    """A transformer over the codes of a VQGAN, and what it is conditioned on.

    Attributes:
        gpt: the transformer's size.
        num_codes: entries of the first stage's codebook.
        stride: pixels per code.
        condition: one of `condition_stages.CONDITIONS`.
        sos_token: the code before the first one of a model without condition.
        num_classes: of a model of classes, else 0.
        num_levels: how many steps coordinates from 0 to 1 have, else 0.
        stage: the key of the VQGAN that encodes the condition if that is a map, else None: its own,
            `CONDITION_STAGE`, or the first stage's, where that does both.
        channels: of the map that the condition stage encodes, else 0; of a segmentation the number of labels.
        resized: the side in pixels that the map is resized to before it is encoded; None if it keeps its size.
        embed_dim: of a model of texts, the length of their embeddings, else 0.
        positions: of a model of texts, how many positions before the codes tell it the text, else 0.
        codebook: of a model of texts, the SHA-256 of the codebook of the VQGAN whose latents it draws. Its own first
            stage is a codebook alone, of entries for the same decoder; else "".
    """

    gpt: GPTShape
    num_codes: int
    stride: int
    condition: str
    sos_token: int = 0
    num_classes: int = 0
    num_levels: int = 0
    stage: str | None = None
    channels: int = 0
    resized: int | None = None
    embed_dim: int = 0
    positions: int = 0
    codebook: str = ""

    @property
    def is_spatial(self) -> bool:
        """Whether the condition has a code for every code of the picture, so that a window of it can be taken."""
        return self.condition not in ("none", "class", "text") and self.resized is None

    @property
    def num_before(self) -> int | None:
        """How many positions the condition has; None if it has one for every code of the picture."""
        if self.is_spatial:
            return None
        if self.condition == "text":
            return self.positions
        return 1 if self.resized is None else (self.resized // self.stride) ** 2

    @property
    def side(self) -> int:
        """The side of the square of codes that it was trained on.

        It is the largest that fits without the last code, which is never read. The published transformers have a block
        of 256 after one code of condition, or of 512 with as many as the picture's.
        """
        before = self.num_before
        return math.isqrt((self.gpt.block_size + 1) // 2 if before is None else self.gpt.block_size + 1 - before)


def read_net2net(path: Path) -> Net2Net:
    """Read the config of a transformer over a VQGAN, as taming writes it beside its checkpoints.

    Raises:
        WeightsError: it cannot be read, is no such config, names a class that is not known, or describes a network
            that is out of bounds or cannot work.
    """
    with refusing(path, "transformer"):
        model, text = read_model_section(path)
        if model.get("target") != TARGET:
            raise ValueError(f"target is {model.get('target')!r}, expected '{TARGET}'")
        try:
            found = _read(path, model["params"])
        except RefusedSettingError as error:
            place = place_of(text, error.keys)
            raise WeightsError(printable(f"{path}:{place}: {error}")) from error
    return found


def _read(path: Path, params: Mapping[str, Any]) -> Net2Net:
    keys = ("model", "params")
    known = {key: params[key] for key in _PARAMS if params.get(key) is not None}
    require_known(known, _PARAMS, keys)
    if known.get("pkeep", 1) == 0:
        raise RefusedSettingError((*keys, "pkeep"), "0 describes a model that draws all codes at once: not supported")
    first = read_vqgan_config(path)
    read = Net2Net(
        gpt=_shape(params["transformer_config"], (*keys, "transformer_config")),
        num_codes=first["params"]["n_embed"],
        stride=vqgan_stride(first),
        **_condition(path, params, (*keys, "cond_stage_config")),
    )
    _require_consistent(read, (*keys, "transformer_config", "params"))
    return read


def _shape(config: Mapping[str, Any], keys: tuple[str, ...]) -> GPTShape:
    require_known({"target": config["target"]}, {"target": one_of(_GPT)}, keys)
    params = config["params"]
    keys = (*keys, "params")
    require_known(params, _SHAPE, keys)
    _require_all(params, _NEEDED, keys)
    return GPTShape(**{key: value for key, value in params.items() if not key.endswith("pdrop")})


def _condition(path: Path, params: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of a `Net2Net` that describe its condition."""
    config = params["cond_stage_config"]
    if config == "__is_unconditional__" or params.get("unconditional"):
        return {"condition": "none", "sos_token": params.get("sos_token", 0)}
    if config == "__is_first_stage__":
        config = params["first_stage_config"]
    require_known({"target": config["target"]}, {"target": one_of(*STAGES)}, keys)
    kind, rules = STAGES[config["target"]]
    inner = config.get("params") or {}
    if kind == "codes":
        return _coded(path, params)
    require_known(inner, rules, (*keys, "params"))
    if kind == "text":
        _require_all(inner, tuple(rules), (*keys, "params"))
        return {"condition": kind, **{key: inner[key] for key in rules}}
    numbers = {"n_classes": "num_classes", "n_embed": "num_levels", "sos_token": "sos_token"}
    return {"condition": kind, **{ours: inner[theirs] for theirs, ours in numbers.items() if theirs in inner}}


def _require_all(params: Mapping[str, Any], needed: tuple[str, ...], keys: tuple[str, ...]) -> None:
    for key in needed:
        if key not in params:
            raise RefusedSettingError(keys, f"'{key}' is missing")


def _coded(path: Path, params: Mapping[str, Any]) -> dict[str, Any]:
    """The condition of a model whose condition stage is a VQGAN of maps, or its own first stage."""
    stage = "first_stage_config" if params["cond_stage_config"] == "__is_first_stage__" else CONDITION_STAGE
    channels = read_vqgan_config(path, stage)["params"]["ddconfig"]["in_channels"]
    key = params.get("cond_stage_key", "depth")
    size = params.get("downsample_cond_size", -1)
    return {
        "condition": key if key in ("segmentation", "depth") else "picture",
        "stage": stage,
        "channels": channels,
        "resized": size if size > 0 else None,
    }


def _require_consistent(read: Net2Net, keys: tuple[str, ...]) -> None:
    """Check what no single number shows. Raises `RefusedSettingError`."""
    gpt = read.gpt
    if gpt.n_embd % gpt.n_head:
        raise RefusedSettingError((*keys, "n_head"), f"{gpt.n_head} heads do not divide n_embd {gpt.n_embd}")
    if gpt.parameters > _MAX_PARAMETERS:
        size = f"{gpt.parameters:,} parameters; at most {_MAX_PARAMETERS:,} are read"
        raise RefusedSettingError(keys, f"describes a network of {size}")
    least = max(read.num_codes, read.num_classes, read.sos_token + 1)
    if gpt.vocab_size < least:
        raise RefusedSettingError((*keys, "vocab_size"), f"expected at least {least}, for codes and condition")
    if gpt.block_size < (read.num_before or 1) or read.side < 1:
        raise RefusedSettingError((*keys, "block_size"), "too small for the condition and a code")
    if gpt.n_unmasked > (read.side**2 if read.num_before is None else read.num_before):
        raise RefusedSettingError((*keys, "n_unmasked"), f"{gpt.n_unmasked} is more than the condition's codes")
