"""Load a published transformer: its config, and the tensors of its checkpoint under their published names."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from render.errors import WeightsError
from render.files.checkpoints import fit, read_state_dict, read_tensors
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
    """Read config and checkpoint, or draw random weights.

    Raises:
        WeightsError: a file is missing, the config is not a transformer's, or a tensor does not fit.
    """
    assert isinstance(files.architecture, Path)
    read = read_net2net(files.architecture)
    if files.weights is not None:
        gpt, encoder = _read(files.weights, files.architecture, read, dtype)
    elif files.random_seed is not None:
        gpt, encoder = _random(files.architecture, read, files.random_seed)
    else:
        raise WeightsError(f"{files.name}: it has neither weights nor a seed for random ones")
    for module in filter(None, (gpt, encoder)):
        module.eval().requires_grad_(False)
    return SecondStage(
        read=read,
        gpt=gpt.to(device, dtype),
        first_stage=vqgan.load(files, device, dtype, quantize=True),
        encoder=None if encoder is None else encoder.float().to(device),
    )


def needed_tensors(path: Path, architecture: Path) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint that are needed, under their names in it, without optimiser and losses.

    Raises:
        WeightsError: as `load_second_stage`.
    """
    read = read_net2net(architecture)
    gpt, encoder = _empty(architecture, read)
    parts = _parts(path, architecture, read, gpt, encoder)
    first = fit(read_state_dict(path), vqgan.shapes(architecture), path, architecture)
    return {
        f"{prefix}{key}": value
        for prefix, part in (*parts.items(), (FIRST_STAGE, first))
        for key, value in part.items()
    }


def _read(path: Path, architecture: Path, read: Net2Net, dtype: torch.dtype) -> tuple[GPT, MapEncoder | None]:
    gpt, encoder = _empty(architecture, read)
    parts = _parts(path, architecture, read, gpt, encoder)
    _fill(gpt, parts[TRANSFORMER], dtype)
    if encoder is not None:
        _fill(encoder, parts[_prefix(read)], torch.float32)
    return gpt, encoder


def _random(architecture: Path, read: Net2Net, seed: int) -> tuple[GPT, MapEncoder | None]:
    """Build the networks with weights that depend on `seed` alone; the global generator's state is preserved."""
    with torch.random.fork_rng(devices=()):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed the GPUs as well
        return _networks(architecture, read)


def _empty(architecture: Path, read: Net2Net) -> tuple[GPT, MapEncoder | None]:
    """Build the networks without storage."""
    with torch.device("meta"):
        return _networks(architecture, read)


def _networks(architecture: Path, read: Net2Net) -> tuple[GPT, MapEncoder | None]:
    return GPT(read.gpt), None if read.stage is None else _map_encoder(architecture, read.stage)


def _prefix(read: Net2Net) -> str:
    """Where in a checkpoint the encoder of maps is."""
    return CONDITION if read.stage == CONDITION_STAGE else FIRST_STAGE


def _parts(
    path: Path, architecture: Path, read: Net2Net, gpt: GPT, encoder: MapEncoder | None
) -> dict[str, dict[str, Tensor]]:
    """Read what belongs to each network, by the prefix that it has in the checkpoint."""
    state = {key.removeprefix("module."): value for key, value in read_tensors(path).items()}
    modules: dict[str, nn.Module] = {TRANSFORMER: gpt}
    if encoder is not None:
        modules[_prefix(read)] = encoder
    parts = {}
    for prefix, module in modules.items():
        wanted = {key: tuple(value.shape) for key, value in module.state_dict().items()}
        found = {
            key.removeprefix(prefix): value
            for key, value in state.items()
            if key.startswith(prefix) and not key.endswith(_MASK)
        }
        parts[prefix] = fit(found, wanted, path, architecture)
    return parts


def _map_encoder(architecture: Path, stage: str) -> MapEncoder:
    params = read_vqgan_config(architecture, stage)["params"]
    try:
        return MapEncoder(params)
    except Exception as error:  # taming may raise anything for a wrong number
        raise WeightsError(f"{architecture}: {stage}: not a taming VQGAN config: {error}") from error


def _fill(module: nn.Module, state: dict[str, Tensor], dtype: torch.dtype) -> None:
    """Copy tensors one by one: the checkpoint is only memory-mapped, and its file may change during a long run."""
    module.load_state_dict({key: value.to(dtype, copy=True) for key, value in state.items()}, assign=True)
