"""Read published checkpoints as plain tensors, in any layout that training code writes; none of it is executed.

Only the functions import torch, so that listing and checking models does not need it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from render.errors import WeightsError
from render.files.pickles import load_pickled

if TYPE_CHECKING:
    from torch import Tensor

_MAX_HEADER = 4 << 20  # bytes: some 40,000 tensors
_MAX_EMPTY = 65_536  # the largest dimension of a tensor without elements
_MAX_NESTING = 4  # a dict can hold itself
_STATE_DICT_KEYS = ("state_dict_ema", "ema_state_dict", "model_ema", "ema", "state_dict", "model")  # averages first
_FIRST_STAGE = "first_stage_model."
# Running averages inside a state dict; "model_ema." is LitEma, which drops the dots of the names.
_AVERAGES = ("model_ema.", "ema_model.", "ema.")
_CODEBOOK = "quantize."  # training keeps statistics of the codebook here
_KINDS = {
    "quantize.embed.weight": "a VQGAN with a Gumbel codebook (target: taming.models.vqgan.GumbelVQ)",
    "quantize.embedding.weight": "a VQGAN with a nearest-entry codebook (target: taming.models.vqgan.VQModel)",
    "visual.trunk.": "a CLIP with a timm image tower, such as SigLIP or ConvNeXt",
    "visual.layer1.": "a CLIP with a ResNet",
    "visual.transformer.": "a CLIP with a ViT",
    "vision_model.": "a CLIP in the layout of transformers, not of open_clip",
    "encoder.": "a VQGAN",
}


def read_state_dict(path: Path, prefix: str = "") -> dict[str, Tensor]:
    """Read the weights in a checkpoint, memory-mapped: safetensors, or torch's zip and pre-1.6 formats.

    Nothing in the file is executed. The prefix `module.` (from DataParallel) is removed from names, the
    losses (`loss.*`) are dropped, and of a transformer's or diffusion model's checkpoint only the first
    stage is kept. If the checkpoint holds running averages (EMA) of the weights, in a separate state dict
    or as `model_ema.*`, these are returned: they are what training evaluates.

    Args:
        prefix: the model's prefix in the checkpoint; `first_stage_model.` is found without it.

    Raises:
        WeightsError: the file is missing, damaged, or wants to execute code.
    """
    state = read_tensors(path)
    state = {key.removeprefix("module."): value for key, value in state.items()}
    for start in (prefix, _FIRST_STAGE):
        if start and any(key.startswith(start) for key in state):
            state = {key.removeprefix(start): value for key, value in state.items() if key.startswith(start)}
            break
    return {key: _average(state, key) for key in state if not key.startswith("loss.") and not key.startswith(_AVERAGES)}


def read_tensors(path: Path, keys: tuple[str, ...] = _STATE_DICT_KEYS) -> dict[str, Tensor]:
    """Read the first state dict in a checkpoint, its names unchanged; nothing in the file is executed.

    Args:
        keys: the keys that it may be stored under, the preferred one first.

    Raises:
        WeightsError: the file is missing, damaged, or tries to execute code, or its tensors claim more
            than the file holds: a few bytes can be declared a tensor of any size.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise WeightsError(f"{path}: is a pipe or a device; expected a file")
    loaded = _safetensors(path) if _is_safetensors(path) else load_pickled(path)
    state = _state_dict(loaded, path, keys)
    held = 2 * path.stat().st_size + (1 << 20)  # tied weights count twice
    for key, tensor in state.items():
        held -= tensor.numel() * tensor.element_size()
        if held < 0 or (not tensor.numel() and max(tensor.shape) > _MAX_EMPTY):
            raise WeightsError(f"{path}: not a checkpoint: '{key}' has shape {tuple(tensor.shape)}, more than it holds")
    return state


def fit(
    state: Mapping[str, Tensor], wanted: Mapping[str, tuple[int, ...]], path: Path, config: Path | str
) -> dict[str, Tensor]:
    """Return the tensors of `state` that the architecture needs.

    Args:
        wanted: the shape of every tensor of the architecture.
        path: the file of `state`, `config`: that of the architecture; both for messages.

    Raises:
        WeightsError: a tensor is missing, has the wrong shape, or is not part of the architecture;
            the message names it and, if recognised, the kind of checkpoint.
    """
    kind = _kind(state, wanted)
    for key, shape in wanted.items():
        if key not in state:
            raise WeightsError(f"{path}: '{key}' is missing; {kind or f'does {config} belong to it?'}")
        found = tuple(state[key].shape)
        if found != shape:
            codes = f"it has n_embed {found[0]}" if key in _KINDS and len(found) == 2 else ""
            hint = f"; {kind or codes}" if kind or codes else ""
            raise WeightsError(f"{path}: '{key}' has shape {found}, {config} asks for {shape}{hint}")
    modules = {key.partition(".")[0] for key in wanted}
    for key in state:
        if key not in wanted and key.partition(".")[0] in modules and not key.startswith(_CODEBOOK):
            raise WeightsError(f"{path}: '{key}' has no place in {config}; does it belong to the checkpoint?")
    return {key: state[key] for key in wanted}


def convert(
    original: Path,
    target: Path,
    *,
    wanted: Mapping[str, tuple[int, ...]],
    source_sha256: str,
    prefix: str = "",
) -> None:
    """Write the wanted tensors of a checkpoint as safetensors, atomically.

    Afterwards `original` is no longer needed: the metadata store its name and SHA-256.

    Raises:
        WeightsError: the checkpoint lacks wanted tensors, or `target` cannot be written.
    """
    state = fit(read_state_dict(original, prefix), wanted, original, "its architecture")
    store(state, target, original=original, source_sha256=source_sha256)


def store(state: Mapping[str, Tensor], target: Path, *, original: Path, source_sha256: str) -> None:
    """Write tensors as safetensors, atomically; name and SHA-256 of the file that they come from are kept with them.

    Raises:
        WeightsError: `target` cannot be written.
    """
    from safetensors.torch import save_file

    metadata = {"format": "pt", "source": original.name, "source_sha256": source_sha256}
    try:
        with _replacing(target) as partial:
            # safetensors refuses tensors that share memory, such as views of one storage.
            save_file({key: value.detach().clone().contiguous() for key, value in state.items()}, partial, metadata)
    except OSError as error:
        raise WeightsError(f"{target}: cannot be written: {error.strerror or error}") from error


def _is_safetensors(path: Path) -> bool:
    """Check the suffix, then the content: files in the cache are named after their model."""
    if path.suffix == ".safetensors":
        return True
    try:
        with path.open("rb") as file:
            return file.read(9)[8:] == b"{"  # the JSON header begins after its length
    except OSError:
        return False  # reported when the file is read


def _safetensors(path: Path) -> object:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
        if length > _MAX_HEADER:
            raise WeightsError(f"{path}: not a checkpoint: its header would be {length:,} bytes long")
        return load_file(path)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (SafetensorError, ValueError) as error:
        raise WeightsError(f"{path}: not a checkpoint: {error}") from error


def _state_dict(loaded: object, path: Path, keys: tuple[str, ...]) -> dict[str, Tensor]:
    for _ in range(_MAX_NESTING):
        if isinstance(loaded, Mapping) and _holds_tensors(loaded):
            return dict(loaded)
        outer: Mapping[Any, Any] = loaded if isinstance(loaded, Mapping) else {}
        inside: Iterable[Any] = (outer[name] for name in keys if isinstance(outer.get(name), Mapping))
        loaded = next(iter(inside), None)
    raise WeightsError(f"{path}: not a checkpoint: it holds no state dict")


def _holds_tensors(value: Mapping[Any, Any]) -> bool:
    import torch

    return bool(value) and all(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in value.items())


def _average(state: Mapping[str, Tensor], key: str) -> Tensor:
    """Return the running average of a weight if there is one, else the weight."""
    names = (f"{_AVERAGES[0]}{key.replace('.', '')}", *(f"{prefix}{key}" for prefix in _AVERAGES))
    return next((state[name] for name in names if name in state), state[key])


def _kind(state: Mapping[str, Tensor], wanted: Mapping[str, tuple[int, ...]]) -> str:
    for start, kind in _KINDS.items():
        if any(key.startswith(start) for key in state) and not any(key.startswith(start) for key in wanted):
            return f"it looks like {kind}"
    return ""


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """Yield a file beside `target` to write to; it replaces `target` at the end and is removed after an error."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
