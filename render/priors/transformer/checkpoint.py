"""Load a published transformer: its config, and the tensors of its checkpoint under their published names."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from render.errors import WeightsError
from render.files.checkpoints import fit, read_tensors
from render.latents import vqgan
from render.latents.vqgan import VQGAN
from render.models.model import ModelFiles, read_vqgan_config
from render.models.net2net import CONDITION_STAGE, Net2Net, read_net2net
from render.priors.transformer.gpt import GPT
from render.priors.transformer.maps import MapEncoder

TRANSFORMER, FIRST_STAGE, CONDITION = "transformer.", "first_stage_model.", "cond_stage_model."
_MASK = ".attn.mask"  # a buffer that the config determines


@dataclass(frozen=True, kw_only=True)
class SecondStage:
    """A transformer with the VQGAN whose codes it draws, and the encoder of its condition where that is a map."""

    read: Net2Net
    gpt: GPT
    first_stage: VQGAN
    encoder: MapEncoder | None


def load_second_stage(files: ModelFiles, device: torch.device, dtype: torch.dtype) -> SecondStage:
    """Read config and checkpoint.

    Raises:
        WeightsError: a file is missing, the config is not a transformer's, or a tensor does not fit.
    """
    assert isinstance(files.architecture, Path)
    if files.weights is None:
        raise WeightsError(f"{files.name}: it has no weights")
    read = read_net2net(files.architecture)
    state = {key.removeprefix("module."): value for key, value in read_tensors(files.weights).items()}
    with torch.device("meta"):
        gpt = GPT(read.gpt)
    _fill(gpt, state, TRANSFORMER, files, dtype)
    encoder = None
    if read.stage is not None:
        encoder = _map_encoder(files.architecture, read.stage)
        prefix = CONDITION if read.stage == CONDITION_STAGE else FIRST_STAGE
        _fill(encoder, state, prefix, files, torch.float32)
        encoder.to(device)
    return SecondStage(
        read=read,
        gpt=gpt.to(device),
        first_stage=vqgan.load(files, device, dtype, quantize=True),
        encoder=encoder,
    )


def wanted_shapes(architecture: Path) -> dict[str, tuple[int, ...]]:
    """Return the name in a checkpoint and the shape of every tensor that is needed of it, without allocating them.

    Raises:
        WeightsError: as `load_second_stage`, for the config.
    """
    read = read_net2net(architecture)
    with torch.device("meta"):
        parts: dict[str, dict[str, Tensor]] = {TRANSFORMER: GPT(read.gpt).state_dict()}
    if read.stage == CONDITION_STAGE:
        parts[CONDITION] = _map_encoder(architecture, read.stage).state_dict()
    shapes = {f"{prefix}{key}": tuple(value.shape) for prefix, part in parts.items() for key, value in part.items()}
    return shapes | {f"{FIRST_STAGE}{key}": shape for key, shape in vqgan.shapes(architecture).items()}


def _map_encoder(architecture: Path, stage: str) -> MapEncoder:
    params = read_vqgan_config(architecture, stage)["params"]
    try:
        with torch.device("meta"):
            return MapEncoder(params)
    except Exception as error:  # taming may raise anything for a wrong number
        raise WeightsError(f"{architecture}: {stage}: not a taming VQGAN config: {error}") from error


def _fill(module: nn.Module, state: dict[str, Tensor], prefix: str, files: ModelFiles, dtype: torch.dtype) -> None:
    """Copy the tensors below `prefix` into a module without storage."""
    assert files.weights is not None
    assert isinstance(files.architecture, Path)
    wanted = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    found = {
        key.removeprefix(prefix): value
        for key, value in state.items()
        if key.startswith(prefix) and not key.endswith(_MASK)
    }
    fitting = fit(found, wanted, files.weights, files.architecture)
    # Copied one by one: the checkpoint is only memory-mapped, and its file may change during a long run.
    module.load_state_dict({key: value.to(dtype, copy=True) for key, value in fitting.items()}, assign=True)
    module.eval().requires_grad_(False)
