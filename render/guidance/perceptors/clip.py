"""Run CLIP models of open_clip: any architecture, by its name or from a JSON config, with a checkpoint.

Source: Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (2021);
    Zhai et al., "Sigmoid Loss for Language Image Pre-Training" (2023), SigLIP.
"""

import contextlib
import json
import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import open_clip
import timm
import torch
import torch.nn.functional as F
from open_clip.convert import convert_state_dict
from open_clip.model import convert_to_custom_text_state_dict
from open_clip.pretrained import get_pretrained_cfg
from torch import Tensor, nn

from render.errors import WeightsError, suggestion
from render.files.allowance import building
from render.files.checkpoints import fit, read_state_dict
from render.kernels import vit
from render.kernels.foreign import repeatable_attention
from render.kernels.hardware import layout
from render.models.clip_config import HUB_CONFIG, check_agreement, read_clip_config
from render.models.clip_rules import least_parameters
from render.models.model import ModelFiles

_Tokenize = Callable[[list[str]], Tensor]


@dataclass(frozen=True, kw_only=True)
class _Architecture:
    """An architecture as open_clip describes it, and the normalisation of its input pictures."""

    name: str
    config: dict[str, Any]
    preprocess: dict[str, Any]


class CLIP:
    """An open_clip model as a `Perceptor`; size and normalisation are read from the model."""

    def __init__(
        self,
        model: nn.Module,
        tokenize: _Tokenize,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        visual: Any = model.visual
        size = visual.image_size
        self.side = int(size if isinstance(size, int) else size[0])
        self._mean, self._std = (
            torch.tensor(values, device=device)[:, None, None] for values in (visual.image_mean, visual.image_std)
        )
        self._device, self._dtype = device, dtype
        self._tokenize = tokenize
        model.eval().requires_grad_(False).to(device)
        # The text tower runs once per prompt and stays in float32.
        visual.to(dtype=dtype, memory_format=layout(device))
        if vit.fits(visual):
            model.visual = vit.FrozenViT(visual)
        self._model: Any = model

    @torch.no_grad()
    def encode_text(self, texts: Sequence[str]) -> Tensor:
        tokens = self._tokenize(list(texts)).to(self._device)
        return F.normalize(self._model.encode_text(tokens).float(), dim=-1)

    def encode_image(self, images: Tensor) -> Tensor:
        pixels = ((images - self._mean) / self._std).to(self._dtype)
        visual = self._model.visual
        with contextlib.nullcontext() if isinstance(visual, vit.FrozenViT) else repeatable_attention(visual, pixels):
            embeddings = self._model.encode_image(pixels.contiguous(memory_format=layout(pixels.device)))
        return F.normalize(embeddings.float(), dim=-1)


def load(files: ModelFiles, device: torch.device, dtype: torch.dtype) -> CLIP:
    """Build the architecture and load the checkpoint into it, or draw random weights if `files` has a seed for them.

    Raises:
        WeightsError: a file is missing or does not fit; weights are never random unless requested.
    """
    architecture = _architecture(files)
    tokenize = _tokenizer(architecture, files)
    if files.weights is None:
        if files.random_seed is None:
            raise WeightsError(f"{files.name}: it has neither weights nor a seed for random weights")
        return CLIP(_random(architecture, files.random_seed), tokenize, device, dtype)
    state = read_state_dict(files.weights, files.prefix)
    _require_size(architecture, state, files.weights)
    with building(f"{files.architecture}", state):
        model = _build(architecture)
    wanted = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    model.load_state_dict(fit(_renamed(state, model), wanted, files.weights, files.architecture or architecture.name))
    return CLIP(model, tokenize, device, dtype)


def _architecture(files: ModelFiles) -> _Architecture:
    assert files.architecture is not None
    if isinstance(files.architecture, Path):
        name, found = files.architecture.stem, read_clip_config(files.architecture)
    else:
        name, found = files.architecture, {"model_cfg": open_clip.get_model_config(files.architecture)}
        if found["model_cfg"] is None:
            raise WeightsError(f"open_clip has no '{name}'; {suggestion(name, open_clip.list_models())}")
    config: dict[str, Any] = found["model_cfg"]
    preprocess = _known_normalisation(name, files.name.rpartition("/")[2]) | found.get("preprocess_cfg", {})
    beside = files.weights.with_name(HUB_CONFIG) if files.weights is not None else None
    if beside is not None and beside.is_file():
        hub = read_clip_config(beside)
        check_agreement(config, hub["model_cfg"], name, beside)
        preprocess |= hub.get("preprocess_cfg", {})
    size = config["vision_cfg"].get("image_size", 224)
    if not isinstance(size, int) and len(set(size)) > 1:
        raise WeightsError(f"{name}: its input is {size[0]}x{size[1]} pixels; cutouts are always square")
    text = config["text_cfg"]
    if text.get("hf_model_name"):
        tower = dict(files.companions).get(text["hf_model_name"])
        _require_transformers(name)
        if tower is None:  # transformers would contact the hub for it
            raise WeightsError(f"{name}: the files of its text tower '{text['hf_model_name']}' were not located")
        config = {**config, "text_cfg": {**text, "hf_model_name": str(tower), "hf_model_pretrained": False}}
    return _Architecture(name=name, config=config, preprocess=preprocess)


def _require_size(architecture: _Architecture, state: dict[str, Tensor], weights: Path) -> None:
    """Refuse a config that describes more weights than its checkpoint holds, before anything is built."""
    timm_name = architecture.config["vision_cfg"].get("timm_model_name")
    if timm_name is not None and not timm.is_model(timm_name):
        raise WeightsError(
            f"{architecture.name}: unknown timm model '{timm_name}'; {suggestion(timm_name, timm.list_models())}"
        )
    wanted, found = least_parameters(architecture.config), sum(value.numel() for value in state.values())
    if wanted > 2 * found + 1_000_000:
        raise WeightsError(
            f"{weights}: holds {found:,} numbers, but {architecture.name} describes a network of {wanted:,} or more"
        )


def _known_normalisation(name: str, tag: str) -> dict[str, Any]:
    """Return the mean and standard deviation with which the weights of an architecture were trained.

    They belong to weights, not to architectures; but all published weights of an architecture agree (except
    those of ViT-L-14, where `tag` decides and OpenAI's are the default).
    """
    tags = open_clip.list_pretrained_tags_by_model(name)
    known = {key: get_pretrained_cfg(name, key) for key in ([tag] if tag in tags else tags)}
    values = [{key: config[key] for key in ("mean", "std")} for config in known.values()]
    return values[0] if values and all(value == values[0] for value in values) else {}


def _build(architecture: _Architecture) -> Any:
    """Build the architecture with its initial weights."""
    # open_clip reads a config from a folder; otherwise it stores it in a process-wide list.
    with tempfile.TemporaryDirectory() as folder, _quiet():
        described = {"model_cfg": architecture.config, "preprocess_cfg": architecture.preprocess}
        Path(folder, HUB_CONFIG).write_text(json.dumps(described), encoding="utf-8")
        try:
            return open_clip.create_model(f"local-dir:{folder}", load_weights=False, pretrained_text=False)
        except WeightsError:
            raise
        except Exception as error:  # open_clip may raise anything for a wrong number or a missing package
            if "transformers" in str(error):
                raise _needs_transformers(architecture.name) from error
            raise WeightsError(f"{architecture.name}: open_clip cannot build it: {error}") from error


def _random(architecture: _Architecture, seed: int) -> Any:
    """Build the model with weights that depend on `seed` alone; the global generator's state is preserved."""
    with torch.random.fork_rng(devices=()):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed the GPUs as well
        return _build(architecture)


def _renamed(state: dict[str, Tensor], model: Any) -> dict[str, Tensor]:
    """Rename older and foreign weights to open_clip's names, as its own loader does.

    What differs: position embeddings for another picture size are not resized; they are an error.
    """
    state = convert_state_dict(model, state)
    if "positional_embedding" in state and not hasattr(model, "positional_embedding"):
        state = convert_to_custom_text_state_dict(state)
    for key in ("logit_scale", "logit_bias"):  # published as scalars, as vectors of one element, or not at all
        ours = model.state_dict().get(key)
        if ours is not None:
            state[key] = state[key].reshape(ours.shape) if key in state else ours
    state.pop("text.transformer.embeddings.position_ids", None)
    return state


def _tokenizer(architecture: _Architecture, files: ModelFiles) -> _Tokenize:
    text = architecture.config["text_cfg"]
    given = text.get("tokenizer_kwargs", {})
    options = {key: given[key] for key in ("clean", "strip_sep_token", "language") if key in given}
    options["context_length"] = text.get("context_length", 77)
    name = text.get("hf_tokenizer_name")
    if not name:
        simple: _Tokenize = open_clip.SimpleTokenizer(
            **{key: value for key, value in options.items() if key in ("context_length", "clean")}
        )
        return simple
    options["tokenizer_mode"] = text.get("tokenizer_mode")
    folder = dict(files.companions).get(name)
    _require_transformers(architecture.name)
    if folder is None:  # transformers would contact the hub for it
        raise WeightsError(f"{architecture.name}: the files of its tokenizer '{name}' were not located")
    source = str(folder)
    try:
        # Code in a folder is never run, the user is not prompted to allow it, and nothing is fetched.
        tokenize: _Tokenize = open_clip.tokenizer.HFTokenizer(
            source, **options, trust_remote_code=False, local_files_only=True
        )
        return tokenize
    except ImportError as error:
        raise _needs_transformers(architecture.name) from error
    except Exception as error:  # errors of the hub's client, or anything that a damaged file raises
        reason = " ".join(str(error).split()[:24])
        raise WeightsError(f"{architecture.name}: its tokenizer '{source}' cannot be loaded ({reason})") from error


def _require_transformers(name: str) -> None:
    try:
        import transformers  # noqa: F401
    except ImportError as error:
        raise _needs_transformers(name) from error


def _needs_transformers(name: str) -> WeightsError:
    return WeightsError(f"{name}: its tokenizer needs a package that is not installed: pip install transformers")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence open_clip's warning that no weights are loaded: they are loaded afterwards, or random on purpose."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)
