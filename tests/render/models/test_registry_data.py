"""The registry's data: up to date, consistent, and architectures of the published size."""

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
import yaml
from taming.modules.diffusionmodules.model import Decoder, Encoder
from taming.modules.vqvae.quantize import GumbelQuantize, VectorQuantizer2
from torch import nn

from render.models.registry import generate

REGISTRY = Path(generate.__file__).parent
VQGANS: dict[str, dict[str, Any]] = yaml.safe_load((REGISTRY / "vqgan.yaml").read_text(encoding="utf-8"))
CLIPS: dict[str, dict[str, Any]] = yaml.safe_load(generate.CLIP_YAML.read_text(encoding="utf-8"))
# Millions of parameters without the loss; 4096 codes are 3,072 x 256 more than 1024.
PARAMETERS = {
    "vq-f16-1024": 72.1,
    "vq-f16-4096": 72.9,
    "vq-f16-8192": 74.0,
    "vq-f16-16384": 76.1,
    "gumbel-f8-8192": 69.0,
}
VQGAN_KEYS = {"about", "architecture", "file", "addresses", "size", "sha256", "prefix", "licence", "source", "memory"}
CLIP_TYPES: dict[str, type] = {
    "model": str,
    "pretrained": str,
    "hf_hub": str,
    "files": list,
    "url": str,
    "url_sha256": str,
    "image_size": int,
    "mean": list,
    "std": list,
    "hf_tokenizer": str,
    "hf_text": str,
    "licence": str,
}
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
ADDRESS = re.compile(r"https://[^\s/]+/\S+|hf://[\w.-]+/[\w.-]+(@[0-9a-f]{40})?/[\w./-]+")


def made_from() -> str:
    """The version of open_clip that clip.yaml was generated from."""
    match = re.match(r"# Made from open_clip (\S+) ", generate.CLIP_YAML.read_text(encoding="utf-8"))
    assert match is not None
    return match[1]


def build(model: dict[str, Any]) -> nn.Module:
    """The networks of a config, built from taming's own modules."""
    params = model["params"]
    architecture = params["ddconfig"]
    latent, entry, codes = architecture["z_channels"], params["embed_dim"], params["n_embed"]
    with contextlib.redirect_stdout(io.StringIO()):  # taming's Decoder prints when built
        networks: list[nn.Module] = [Encoder(**architecture), Decoder(**architecture)]
    networks += [nn.Conv2d(latent, entry, 1), nn.Conv2d(entry, latent, 1)]
    if model["target"] == "taming.models.vqgan.GumbelVQ":
        networks.append(GumbelQuantize(latent, entry, codes, kl_weight=params["kl_weight"]))
    else:
        assert model["target"] == "taming.models.vqgan.VQModel"
        networks.append(VectorQuantizer2(codes, entry, beta=0.25))
    return nn.ModuleList(networks)


@pytest.mark.skipif(
    open_clip.__version__ != made_from(),
    reason=f"clip.yaml was made from open_clip {made_from()}, installed is {open_clip.__version__}",
)
def test_clip_yaml_is_what_the_installed_open_clip_makes() -> None:
    assert generate.CLIP_YAML.read_text(encoding="utf-8") == generate.document()


@pytest.mark.parametrize("path", sorted((REGISTRY / "architectures").glob("*.yaml")), ids=lambda path: path.stem)
def test_an_architecture_has_the_published_size(path: Path) -> None:
    model = yaml.safe_load(path.read_text(encoding="utf-8"))["model"]
    with torch.device("meta"):
        parameters = sum(parameter.numel() for parameter in build(model).parameters())
    assert round(parameters / 1e6, 1) == PARAMETERS[path.stem]


def test_every_architecture_exists_and_is_used() -> None:
    used = {entry["architecture"] for entry in VQGANS.values()}
    assert used == {path.stem for path in (REGISTRY / "architectures").glob("*.yaml")} == PARAMETERS.keys()


@pytest.mark.parametrize("name", VQGANS)
def test_a_vqgan_is_described(name: str) -> None:
    entry = VQGANS[name]
    assert {"about", "architecture", "file", "addresses", "licence", "source"} <= entry.keys() <= VQGAN_KEYS
    assert FILE_NAME.fullmatch(name)
    assert FILE_NAME.fullmatch(entry["file"])
    assert Path(entry["file"]).stem == name
    assert entry["addresses"]
    assert [address for address in entry["addresses"] if not ADDRESS.fullmatch(address)] == []
    assert len(set(entry["addresses"])) == len(entry["addresses"])
    assert re.fullmatch("[0-9a-f]{64}", entry.get("sha256", "0" * 64))
    # In fp32 no checkpoint is smaller than its network.
    assert entry.get("size", 10**9) > PARAMETERS[entry["architecture"]] * 4e6 * 0.999


def test_no_two_vqgans_are_one_file() -> None:
    addresses = [address for entry in VQGANS.values() for address in entry["addresses"]]
    hashes = [entry["sha256"] for entry in VQGANS.values() if "sha256" in entry]
    assert len(set(addresses)) == len(addresses)
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize("file", ["vqgan.yaml", "clip.yaml"])
def test_names_are_unique(file: str) -> None:
    """In YAML, a repeated key silently overrides the first."""
    names = re.findall(r"^(\S+?):", (REGISTRY / file).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(names) > 10
    assert len({name.lower() for name in names}) == len(names)  # some file systems ignore case


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_is_described(name: str) -> None:
    entry = CLIPS[name]
    model, pretrained = name.split("/")
    assert FILE_NAME.fullmatch(model)
    assert FILE_NAME.fullmatch(pretrained)
    assert {key: type(value) for key, value in entry.items()} == {key: CLIP_TYPES[key] for key in entry}
    assert {"model", "pretrained", "hf_hub", "image_size"} <= entry.keys()
    assert entry["pretrained"] == pretrained
    assert entry["model"] in (model, f"{model}-quickgelu")
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", entry["hf_hub"])
    assert entry.get("url", "https://").startswith("https://")


@pytest.mark.parametrize("tag", ["openai", "laion400m_e32", "metaclip_fullcc"])
def test_both_names_of_a_quick_gelu_pair_build_the_same(tag: str) -> None:
    assert CLIPS[f"ViT-B-32/{tag}"] == CLIPS[f"ViT-B-32-quickgelu/{tag}"]
    assert CLIPS[f"ViT-B-32/{tag}"]["model"] == "ViT-B-32-quickgelu"


def test_a_hash_in_an_address_is_used() -> None:
    openai = CLIPS["ViT-B-32/openai"]
    assert len(openai["url_sha256"]) == 64
    assert openai["url_sha256"] in openai["url"]
    assert CLIPS["ViT-B-32/laion2b_e16"]["url_sha256"] == "af8dbd0c"
    assert "url_sha256" not in CLIPS["ViT-B-32/metaclip_400m"]


def test_settings_that_open_clip_gets_wrong_from_a_file_are_recorded() -> None:
    """open_clip normalises with OpenAI's colours unless it knows the tag."""
    assert "mean" not in CLIPS["ViT-L-14/openai"]
    assert CLIPS["ViT-L-14/laion2b_s32b_b82k"]["mean"] == [0.5, 0.5, 0.5]
    assert CLIPS["MobileCLIP-S1/datacompdr"]["std"] == [1.0, 1.0, 1.0]
    assert CLIPS["ViT-B-16-SigLIP/webli"]["hf_tokenizer"] == "timm/ViT-B-16-SigLIP"
