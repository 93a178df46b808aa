"""The published transformers of the registry: described, consistent, of the published size."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from render.models import registry
from render.models.model import read_vqgan_config
from render.models.net2net import read_net2net

REGISTRY = Path(registry.__file__).parent
ENTRIES: dict[str, dict[str, Any]] = yaml.safe_load((REGISTRY / "transformers.yaml").read_text(encoding="utf-8"))
KEYS = {"about", "architecture", "config", "file", "addresses", "size", "sha256", "licence", "source"}
ADDRESS = re.compile(r"https://[^\s/]+/\S+|hf://[\w.-]+/[\w.-]+(@[0-9a-f]{40})?/[\w./-]+")
# Table 8 of the paper: 307 million parameters, 24 layers of 1,024, for S-FLCKR, FacesHQ and D-RIN (the larger one).
PARAMETERS = 307e6
CONDITIONS = {"faceshq": "coordinates", "sflckr": "segmentation", "drin": "depth"}


@pytest.mark.parametrize("name", ENTRIES)
def test_a_transformer_is_described(name: str) -> None:
    entry = ENTRIES[name]
    assert {"about", "file", "addresses", "licence", "source"} <= entry.keys() <= KEYS
    assert ("architecture" in entry) != ("config" in entry)
    assert entry["file"] == f"{name}.ckpt"
    addresses = [*entry["addresses"], *entry.get("config", [])]
    assert [address for address in addresses if not ADDRESS.fullmatch(address)] == []
    assert re.fullmatch("[0-9a-f]{64}", entry.get("sha256", "0" * 64))


def test_names_and_files_are_no_other_models() -> None:
    others = {**registry.latents(), **registry.perceptors()}
    assert not ENTRIES.keys() & others.keys()
    files = [model.download.name for model in others.values() if model.download is not None]
    assert not {entry["file"] for entry in ENTRIES.values()} & {*files}


def test_models_are_made_of_the_entries() -> None:
    for name in ENTRIES:
        model = registry.find_prior(name)
        assert (model.entry, model.licence) == ("transformer", "not stated")
        assert (model.architecture is None) != (model.config is None)
    drawn = registry.find_prior("random:drin-depth")
    assert (drawn.download, drawn.random_seed) == (None, registry.RANDOM_SEED)


def test_every_config_is_used_and_of_the_published_size() -> None:
    found = {path.stem: path for path in (REGISTRY / "transformers").glob("*.yaml")}
    assert found.keys() == {entry["architecture"] for entry in ENTRIES.values() if "architecture" in entry}
    for name, path in found.items():
        read = read_net2net(path)
        assert abs(read.gpt.parameters / PARAMETERS - 1) < 0.02
        assert (read.side, read.stride, read.num_codes, read.gpt.vocab_size) == (16, 16, 1024, 1024)
        assert (read.condition, read.is_spatial) == (CONDITIONS[name], True)
        vqgan = read_vqgan_config(REGISTRY / "architectures" / "vq-f16-1024.yaml")
        assert read_vqgan_config(path)["params"] == vqgan["params"]
