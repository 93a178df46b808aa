"""Load a published transformer: its config, and the tensors of its checkpoint under their published names."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from render.errors import WeightsError
from render.files.checkpoints import fit, read_state_dict, read_tensors
from render.latents import vqgan
from render.latents.vqgan import VQGAN
from render.models.condition_stages import CONDITION_STAGE
from render.models.model import ModelFiles, read_vqgan_config
from render.models.net2net import Net2Net, read_net2net
from render.priors.transformer.coarse import CoarseCodes
from render.priors.transformer.gpt import GPT
from render.priors.transformer.maps import MapEncoder
from render.priors.transformer.texts import TextStage

TRANSFORMER, FIRST_STAGE, CONDITION = "transformer.", "first_stage_model.", "cond_stage_model."
CODEBOOK = "quantize.embedding.weight"
"""All that a transformer of texts has of a first stage."""

_MASK = ".attn.mask"  # a buffer that the config determines
Stage = MapEncoder | TextStage


@dataclass(frozen=True, kw_only=True)
class SecondStage:
    """A transformer, what its codes stand for, and the stage of its condition where that has weights.

    Attributes:
        first_stage: its own VQGAN; of a transformer of texts only the entries of its codes, which are latents of the
            VQGAN that it was made for.
        encoder: of maps, else None.
        texts: the stage of texts, else None.
    """

    read: Net2Net
    gpt: GPT
    first_stage: VQGAN | CoarseCodes
    encoder: MapEncoder | None = None
    texts: TextStage | None = None


def load_second_stage(files: ModelFiles, device: torch.device, dtype: torch.dtype) -> SecondStage:
    """Read config and checkpoint, or draw random weights.

    Raises:
        WeightsError: a file is missing, the config is not a transformer's, or a tensor does not fit.
    """
    assert isinstance(files.architecture, Path)
    read = read_net2net(files.architecture)
    if files.weights is not None:
        gpt, stage = _read(files.weights, files.architecture, read, dtype)
    elif files.random_seed is not None and read.condition != "text":
        gpt, stage = _random(files.architecture, read, files.random_seed)
    else:
        raise WeightsError(f"{files.name}: it has neither weights nor a seed for random ones")
    for module in filter(None, (gpt, stage)):
        module.eval().requires_grad_(False)
    stage = None if stage is None else stage.float().to(device)
    return SecondStage(
        read=read,
        gpt=gpt.to(device, dtype),
        first_stage=_first_stage(files, read, device, dtype),
        encoder=stage if isinstance(stage, MapEncoder) else None,
        texts=stage if isinstance(stage, TextStage) else None,
    )


def needed_tensors(path: Path, architecture: Path) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint that are needed, under their names in it, without optimiser and losses.

    Raises:
        WeightsError: as `load_second_stage`.
    """
    read = read_net2net(architecture)
    parts = _parts(path, architecture, read, *_empty(architecture, read))
    first = fit(read_state_dict(path), _first_shapes(architecture, read), path, architecture)
    return {
        f"{prefix}{key}": value
        for prefix, part in (*parts.items(), (FIRST_STAGE, first))
        for key, value in part.items()
    }


def _first_stage(files: ModelFiles, read: Net2Net, device: torch.device, dtype: torch.dtype) -> VQGAN | CoarseCodes:
    if read.condition != "text":
        return vqgan.load(files, device, dtype, quantize=True)
    assert files.weights is not None
    assert isinstance(files.architecture, Path)
    wanted = _first_shapes(files.architecture, read)
    state = fit(read_state_dict(files.weights), wanted, files.weights, files.architecture)
    return CoarseCodes(state[CODEBOOK].to(device, torch.float32, copy=True))


def _first_shapes(architecture: Path, read: Net2Net) -> dict[str, tuple[int, ...]]:
    shapes = vqgan.shapes(architecture)
    return {CODEBOOK: shapes[CODEBOOK]} if read.condition == "text" else shapes


def _read(path: Path, architecture: Path, read: Net2Net, dtype: torch.dtype) -> tuple[GPT, Stage | None]:
    gpt, stage = _empty(architecture, read)
    parts = _parts(path, architecture, read, gpt, stage)
    _fill(gpt, parts[TRANSFORMER], dtype)
    if stage is not None:
        _fill(stage, parts[_prefix(read)], torch.float32)
    return gpt, stage


def _random(architecture: Path, read: Net2Net, seed: int) -> tuple[GPT, Stage | None]:
    """Build the networks with weights that depend on `seed` alone; the global generator's state is preserved."""
    with torch.random.fork_rng(devices=()):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed the GPUs as well
        return _networks(architecture, read)


def _empty(architecture: Path, read: Net2Net) -> tuple[GPT, Stage | None]:
    """Build the networks without storage."""
    with torch.device("meta"):
        return _networks(architecture, read)


def _networks(architecture: Path, read: Net2Net) -> tuple[GPT, Stage | None]:
    gpt = GPT(read.gpt)
    if read.condition == "text":
        return gpt, TextStage(read.embed_dim, read.gpt.n_embd, read.positions)
    return gpt, None if read.stage is None else _map_encoder(architecture, read.stage)


def _prefix(read: Net2Net) -> str:
    """Where in a checkpoint the stage of the condition is."""
    return CONDITION if read.stage == CONDITION_STAGE or read.condition == "text" else FIRST_STAGE


def _parts(
    path: Path, architecture: Path, read: Net2Net, gpt: GPT, stage: Stage | None
) -> dict[str, dict[str, Tensor]]:
    """Read what belongs to each network, by the prefix that it has in the checkpoint."""
    state = {key.removeprefix("module."): value for key, value in read_tensors(path).items()}
    modules: dict[str, nn.Module] = {TRANSFORMER: gpt}
    if stage is not None:
        modules[_prefix(read)] = stage
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
