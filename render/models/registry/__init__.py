"""The models by name: shipped ones, published ones, and any architecture with random weights.

`vqgan.yaml`, `clip.yaml`, `transformers.yaml`, `flow.yaml` and `depth.yaml` hold the data, one entry per published
checkpoint; `architectures/` and `transformers/` hold configs in taming's layout. Reading them does not need torch.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from render.errors import UnknownNameError
from render.models.clip_config import architectures
from render.models.downloads import Download
from render.models.model import Model
from render.models.registry import shipped

RANDOM = "random:"  # prefix of an architecture's name, for random weights
RANDOM_SEED = 0

_FEW = 8  # names that a message lists rather than the command that lists them
_HERE = Path(__file__).parent


def find_latent(name: str) -> Model:
    """Return the latent model `name`, or `random:` and such a name. Raises `UnknownNameError`."""
    return _find("latent model", name, latents())


def find_perceptor(name: str) -> Model:
    """Return the perceptor `name`: a shipped one, open_clip's `model/pretrained`, or `random:model`.

    Raises:
        UnknownNameError: there is none of this name; the message suggests a similar one.
    """
    architecture = name.removeprefix(RANDOM)
    if name.startswith(RANDOM) and architecture in clip_architectures():
        return Model(name=name, entry="clip", architecture=architecture, random_seed=RANDOM_SEED)
    own = {model.name: model for model in shipped.PERCEPTORS}
    return own.get(name) or _find("perceptor", name, perceptors())


def find_prior(name: str) -> Model:
    """Return the prior `name`, what a frame can start from beside noise. Raises `UnknownNameError`."""
    return _find("prior", name, priors())


def find_segmenter(name: str) -> Model:
    """Return the segmentation model `name`, what finds a text in a picture. Raises `UnknownNameError`."""
    return _find("segmentation model", name, segmenters())


def find_flow(name: str) -> Model:
    """Return what finds motion by its name, or `random:` and such a name. Raises `UnknownNameError`."""
    return _find("flow model", name, flows())


def find_depth(name: str) -> Model:
    """Return what estimates depth by its name, or `random:` and such a name. Raises `UnknownNameError`."""
    return _find("depth model", name, depths())


@functools.cache
def depths() -> Mapping[str, Model]:
    """Return everything that estimates depth by name: what ships first, then published networks."""
    return {model.name: model for model in (*shipped.DEPTHS, *map(_depth, _entries("depth.yaml").items()))}


@functools.cache
def flows() -> Mapping[str, Model]:
    """Return everything that finds motion by name: what ships first, then published networks."""
    return {model.name: model for model in (*shipped.FLOWS, *map(_flow, _entries("flow.yaml").items()))}


@functools.cache
def segmenters() -> Mapping[str, Model]:
    """Return every segmentation model by name."""
    return {model.name: model for model in shipped.SEGMENTERS}


@functools.cache
def priors() -> Mapping[str, Model]:
    """Return every prior by name: those that ship first, then the published transformers."""
    published = map(_transformer, _entries("transformers.yaml").items())
    return {model.name: model for model in (*shipped.PRIORS, *published)}


@functools.cache
def latents() -> Mapping[str, Model]:
    """Return every latent model by name: shipped ones first, then published VQGANs."""
    return {model.name: model for model in (*shipped.LATENTS, *map(_vqgan, _entries("vqgan.yaml").items()))}


@functools.cache
def perceptors() -> Mapping[str, Model]:
    """Return every perceptor by name: shipped ones first, then open_clip's pairs as `model/pretrained`."""
    return {model.name: model for model in (*shipped.PERCEPTORS, *map(_clip, _entries("clip.yaml").items()))}


def architecture_of(file_name: str) -> str | None:
    """Return the architecture of one of open_clip's own files, which are named by their hash; None for other files.

    Two architectures that differ only in their activation fit the same file, and no shape reveals the wrong one.
    """
    for model in perceptors().values():
        if model.download is not None and isinstance(model.architecture, str):
            address = model.download.addresses[-1].partition("#")
            if address[2] and address[0].endswith(f"/{file_name}"):
                return model.architecture
    return None


@functools.cache
def clip_architectures() -> tuple[str, ...]:
    """List the architectures that the installed open_clip can build, without importing it."""
    return architectures()


def _find(kind: str, name: str, known: Mapping[str, Model]) -> Model:
    if name in known:
        return known[name]
    template = known.get(name.removeprefix(RANDOM))
    if name.startswith(RANDOM) and template is not None and template.architecture is not None:
        return Model(
            name=name,
            entry=template.entry,
            architecture=template.architecture,
            random_seed=RANDOM_SEED,
            quantize=template.quantize,
        )
    with_weights = [full for full in known if full.startswith(f"{name}/")]
    hint = f"name its weights, such as '{with_weights[0]}'" if with_weights else _hint(known)
    raise UnknownNameError(kind, name, [] if with_weights else known, hint)


def _hint(known: Mapping[str, Model]) -> str:
    """Where the names are listed; "" if they are few enough for the message."""
    return "`render models --all` lists them" if len(known) > _FEW else ""


def _entries(name: str) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, if libyaml is installed
    entries: dict[str, Any] = yaml.load((_HERE / name).read_text(encoding="utf-8"), Loader=loader)
    return entries


def _vqgan(entry: tuple[str, dict[str, Any]]) -> Model:
    name, facts = entry
    return Model(
        name=name,
        entry="vqgan",
        about=facts["about"],
        architecture=_HERE / "architectures" / f"{facts['architecture']}.yaml",
        download=_checkpoint(facts),
        prefix=facts.get("prefix", ""),
        quantize=True,
        licence=facts["licence"],
    )


def _transformer(entry: tuple[str, dict[str, Any]]) -> Model:
    name, facts = entry
    known = facts.get("architecture")
    return Model(
        name=name,
        entry="transformer",
        about=facts["about"],
        architecture=_HERE / "transformers" / f"{known}.yaml" if known else None,
        config=None if known else Download(name=f"{name}.yaml", addresses=tuple(facts["config"])),
        download=_checkpoint(facts),
        licence=facts["licence"],
    )


def _flow(entry: tuple[str, dict[str, Any]]) -> Model:
    name, facts = entry
    return Model(
        name=name,
        entry="raft",
        about=facts["about"],
        architecture=facts["architecture"],
        download=_checkpoint(facts),
        licence=facts["licence"],
    )


def _depth(entry: tuple[str, dict[str, Any]]) -> Model:
    name, facts = entry
    return Model(
        name=name,
        entry=facts["entry"],
        about=facts["about"],
        architecture=facts.get("architecture"),
        config=Download(name=f"{name}.json", addresses=tuple(facts["config"])) if "config" in facts else None,
        download=_checkpoint(facts),
        licence=facts["licence"],
    )


def _checkpoint(facts: dict[str, Any]) -> Download:
    addresses = tuple(facts["addresses"])
    return Download(name=facts["file"], addresses=addresses, size=facts.get("size"), sha256=facts.get("sha256"))


def _clip(entry: tuple[str, dict[str, Any]]) -> Model:
    name, facts = entry
    # Weights on the hub are stored as safetensors or as a torch file; the content shows which.
    files = facts.get("files", ("open_clip_model.safetensors", "open_clip_pytorch_model.bin"))
    addresses = [f"hf://{facts['hf_hub']}/{file}" for file in files] if "hf_hub" in facts else []
    if "url" in facts and "openaipublic" not in facts["url"]:  # OpenAI's own files contain code
        addresses.append(facts["url"] + (f"#sha256={facts['url_sha256']}" if "url_sha256" in facts else ""))
    return Model(
        name=name,
        entry="clip",
        about=f"{facts['image_size']} px",
        architecture=facts["model"],
        download=Download(name=f"{name.replace('/', '--')}.weights", addresses=tuple(addresses)),
        licence=facts.get("licence", "not looked up"),
    )
