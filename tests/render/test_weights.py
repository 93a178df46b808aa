"""Checkpoints as they are published, and everything that can be wrong with them."""

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import save_file
from torch import Tensor

from render.errors import UnknownNameError, WeightsError
from render.latents import vqgan
from render.weights import (
    LATENTS,
    PERCEPTORS,
    ModelFiles,
    find_latent,
    find_perceptor,
    latent_stride,
    read_state_dict,
)

CPU = torch.device("cpu")
# The layout of taming's published model.yaml: no norm_groups, so channels come in 32s.
CONFIG: dict[str, Any] = {
    "model": {
        "base_learning_rate": 4.5e-06,
        "target": "taming.models.vqgan.VQModel",
        "params": {
            "embed_dim": 8,
            "n_embed": 16,
            "ddconfig": {
                "double_z": False,
                "z_channels": 12,
                "resolution": 16,
                "in_channels": 3,
                "out_ch": 3,
                "ch": 32,
                "ch_mult": [1, 1, 2],
                "num_res_blocks": 1,
                "attn_resolutions": [4],
                "dropout": 0.0,
            },
            "lossconfig": {"target": "taming.modules.losses.vqperceptual.VQLPIPSWithDiscriminator", "params": {}},
        },
    }
}


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    """Random weights in the published graph, with the leftovers of training."""
    torch_state = torch.get_rng_state()
    torch.manual_seed(3)
    state: dict[str, Tensor] = vqgan.VQModel(CONFIG["model"]["params"]).state_dict()
    torch.set_rng_state(torch_state)
    return {**state, "loss.logvar": torch.zeros(1), "loss.discriminator.main.0.weight": torch.zeros(64, 3, 4, 4)}


@pytest.fixture
def published(weights: dict[str, Tensor], tmp_path: Path) -> ModelFiles:
    """A tiny VQGAN in the format that taming publishes: a Lightning checkpoint and its config."""
    config, checkpoint = tmp_path / "model.yaml", tmp_path / "last.ckpt"
    config.write_text(yaml.safe_dump(CONFIG))
    save_lightning(weights, checkpoint)
    return ModelFiles(name="tiny", entry="vqgan", about="for tests", config=config, weights=checkpoint)


def save_lightning(state: Mapping[str, object], path: Path, **extra: object) -> None:
    torch.save(
        {
            "epoch": 4,
            "global_step": 123,
            "pytorch-lightning_version": "1.0.8",
            "state_dict": dict(state),
            "optimizer_states": [],
            "lr_schedulers": [],
            **extra,
        },
        path,
    )


def load(files: ModelFiles, *, quantize: bool = True) -> vqgan.VQGAN:
    return vqgan.load(files, CPU, torch.float32, quantize)


def paths(files: ModelFiles) -> tuple[Path, Path]:
    config, weights = files.paths
    return config, weights


def test_a_published_checkpoint_is_read_as_it_is(
    published: ModelFiles, weights: dict[str, Tensor], generator: torch.Generator
) -> None:
    model = load(published)
    assert model.stride == latent_stride(published) == 4
    image = torch.rand(1, 3, 16, 24, generator=generator)
    reference = vqgan.VQModel(CONFIG["model"]["params"]).eval()
    reference.load_state_dict({key: value for key, value in weights.items() if not key.startswith("loss.")})
    with torch.no_grad():
        latent = reference.quant_conv(reference.encoder(image * 2 - 1))
        quantised = reference.quantize(latent)[0]
        picture = (reference.decoder(reference.post_quant_conv(quantised)) + 1) / 2
    torch.testing.assert_close(model.encode(image), latent, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(model.nearest(latent), quantised, atol=1e-6, rtol=0)
    torch.testing.assert_close(model.decode(latent), picture.clamp(0, 1), atol=1e-5, rtol=0)


def test_a_bare_state_dict_and_safetensors_are_read_alike(
    published: ModelFiles, weights: dict[str, Tensor], tmp_path: Path
) -> None:
    torch.save(weights, tmp_path / "bare.pt")
    save_file({key: value.contiguous() for key, value in weights.items()}, tmp_path / "same.safetensors")
    wanted = read_state_dict(paths(published)[1])
    assert not any(key.startswith("loss.") for key in wanted)
    assert len(wanted) == len(weights) - 2
    for name in ("bare.pt", "same.safetensors"):
        read = read_state_dict(tmp_path / name)
        assert read.keys() == wanted.keys()
        assert all(torch.equal(read[key], value) for key, value in wanted.items())


def test_a_checkpoint_in_the_format_before_torch_1_6_is_read(weights: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({"state_dict": weights}, tmp_path / "old.ckpt", _use_new_zipfile_serialization=False)
    assert len(read_state_dict(tmp_path / "old.ckpt")) == len(weights) - 2


def test_a_checkpoint_that_names_a_lightning_callback_is_read(
    weights: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "pytorch_lightning.callbacks.model_checkpoint"
    module = ModuleType(name)
    callback = type("ModelCheckpoint", (), {"__module__": name})
    module.ModelCheckpoint = callback  # type: ignore[attr-defined]
    with monkeypatch.context() as patch:
        for package in ("pytorch_lightning", "pytorch_lightning.callbacks"):
            patch.setitem(sys.modules, package, ModuleType(package))
        patch.setitem(sys.modules, name, module)
        save_lightning(weights, tmp_path / "last.ckpt", callbacks={callback: {"best_model_score": torch.tensor(0.1)}})
    assert len(read_state_dict(tmp_path / "last.ckpt")) == len(weights) - 2


@pytest.mark.parametrize("key", ["quantize.embedding.weight", "decoder.conv_out.bias", "encoder.mid.attn_1.q.weight"])
def test_a_missing_tensor_is_named_with_both_files(key: str, published: ModelFiles, weights: dict[str, Tensor]) -> None:
    config, checkpoint = paths(published)
    save_lightning({name: value for name, value in weights.items() if name != key}, checkpoint)
    with pytest.raises(WeightsError) as caught:
        load(published)
    assert str(caught.value) == f"{checkpoint}: '{key}' is missing; does {config} belong to it?"


def test_a_tensor_of_another_shape_is_named_with_both_shapes(published: ModelFiles, weights: dict[str, Tensor]) -> None:
    config, checkpoint = paths(published)
    save_lightning({**weights, "quantize.embedding.weight": torch.zeros(1024, 8)}, checkpoint)
    with pytest.raises(WeightsError) as caught:
        load(published)
    wanted = f"{checkpoint}: 'quantize.embedding.weight' has shape (1024, 8), {config} asks for (16, 8)"
    assert str(caught.value) == wanted


@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors"])
def test_a_missing_checkpoint_is_named(suffix: str, published: ModelFiles, tmp_path: Path) -> None:
    missing = tmp_path / f"nowhere{suffix}"
    with pytest.raises(WeightsError, match=f"nowhere{suffix}: cannot be read: No such file"):
        load(replace(published, weights=missing))


def test_a_missing_config_is_named(published: ModelFiles, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"nowhere\.yaml: cannot be read: No such file"):
        load(replace(published, config=tmp_path / "nowhere.yaml"))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors"])
def test_a_cut_off_checkpoint_is_named(
    share: float, suffix: str, published: ModelFiles, weights: dict[str, Tensor], tmp_path: Path
) -> None:
    path = tmp_path / f"cut{suffix}"
    if suffix == ".ckpt":
        save_lightning(weights, path)
    else:
        save_file({key: value.contiguous() for key, value in weights.items()}, path)
    os.truncate(path, int(share * path.stat().st_size))
    with pytest.raises(WeightsError, match=f"cut{suffix}: "):
        load(replace(published, weights=path))


@pytest.mark.parametrize("name", ["page.ckpt", "page.safetensors"])
def test_a_web_page_in_place_of_a_checkpoint_is_named(name: str, published: ModelFiles, tmp_path: Path) -> None:
    (tmp_path / name).write_text("<!doctype html><title>Sorry, this link is dead</title>" * 9)
    with pytest.raises(WeightsError, match=name):
        load(replace(published, weights=tmp_path / name))


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("nested", [True, False])
def test_a_checkpoint_that_wants_to_execute_code_is_refused_and_does_nothing(
    zipped: bool, nested: bool, published: ModelFiles, weights: dict[str, Tensor], tmp_path: Path
) -> None:
    evil = Evil(tmp_path / "executed")
    content = {"state_dict": {**weights, "evil": evil}} if nested else evil
    torch.save(content, tmp_path / "evil.ckpt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError, match=r"evil\.ckpt"):
        load(replace(published, weights=tmp_path / "evil.ckpt"))
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    "content",
    [
        *(torch.zeros(3), [torch.zeros(3)], 7, None),
        *({1: torch.zeros(3)}, {"state_dict": [1]}, {"state_dict": None}),
    ],
)
def test_a_file_that_holds_no_state_dict_is_refused(content: object, published: ModelFiles, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "other.ckpt")
    with pytest.raises(WeightsError, match=r"other\.ckpt"):
        load(replace(published, weights=tmp_path / "other.ckpt"))


@pytest.mark.parametrize(
    "text",
    ["<!doctype html><title>404</title>", "model: {}", "", "model: {params: {embed_dim: 8, n_embed: 16}}", "a: ["],
)
def test_a_config_of_something_else_is_refused(text: str, published: ModelFiles) -> None:
    config, _ = paths(published)
    config.write_text(text)
    with pytest.raises(WeightsError, match=r"model\.yaml: not a taming VQGAN config"):
        load(published)


def test_a_config_that_is_no_text_is_refused(published: ModelFiles) -> None:
    paths(published)[0].write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(WeightsError, match=r"model\.yaml: not a taming VQGAN config"):
        load(published)


@pytest.mark.parametrize("key", ["ch", "resolution", "z_channels"])
def test_an_architecture_that_lacks_a_number_is_refused(key: str, published: ModelFiles) -> None:
    config, _ = paths(published)
    document = yaml.safe_load(config.read_text())
    del document["model"]["params"]["ddconfig"][key]
    config.write_text(yaml.safe_dump(document))
    with pytest.raises(WeightsError, match=r"model\.yaml"):
        load(published)


def test_digests_are_those_of_sha256sum(published: ModelFiles) -> None:
    config, checkpoint = paths(published)
    assert published.digests() == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (config, checkpoint)
    }
    checkpoint.unlink()
    with pytest.raises(WeightsError, match=r"last\.ckpt: cannot be read"):
        published.digests()


@pytest.mark.parametrize("model", [*LATENTS.values(), *PERCEPTORS.values()], ids=lambda model: model.about)
def test_every_listed_model_has_its_files(model: ModelFiles) -> None:
    assert len(model.digests()) == len(model.paths)


def test_models_are_found_by_name_and_slips_are_answered() -> None:
    assert find_latent("embedded").entry == "vqgan"
    assert find_perceptor("embedded").entry == "clip"
    with pytest.raises(UnknownNameError, match=r"unknown latent model 'pixel'; did you mean 'pixels'\?"):
        find_latent("pixel")
    with pytest.raises(UnknownNameError, match="unknown perceptor 'zzz'; expected one of: embedded, toy"):
        find_perceptor("zzz")


def test_the_stride_is_known_without_loading_weights() -> None:
    assert latent_stride(replace(find_latent("embedded"), weights=None)) == 8
    assert latent_stride(find_latent("pixels")) == 1
