"""Checkpoints in every layout that training code leaves behind, and everything that can be wrong with them."""

import io
import os
import sys
import tarfile
import zipfile
from argparse import Namespace
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from render.errors import WeightsError
from render.files.checkpoints import convert, fit, read_state_dict

WEIGHTS = {
    "encoder.conv_in.weight": torch.arange(24.0).view(4, 2, 3),
    "decoder.up.0.norm1.bias": torch.linspace(-1, 1, 4),
    "quantize.embedding.weight": torch.eye(4, 3),
}
LEFTOVERS = {"loss.logvar": torch.zeros(1), "loss.discriminator.main.0.weight": torch.zeros(4, 3)}
AVERAGES = {key: value + 100 for key, value in WEIGHTS.items()}
SHAPES = {key: tuple(value.shape) for key, value in WEIGHTS.items()}


class Evil:
    """Creates a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def lightning(state: dict[str, Tensor], **extra: object) -> dict[str, object]:
    """What Lightning 1.0 wrote when taming's models were trained."""
    head: dict[str, object] = {"epoch": 4, "global_step": 123, "pytorch-lightning_version": "1.0.8"}
    optimizer = {"state": {0: {"step": 7, "exp_avg": torch.ones(2)}}, "param_groups": [{"lr": 1e-4}]}
    return {**head, "state_dict": state, "optimizer_states": [optimizer], "lr_schedulers": [], **extra}


def prefixed(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}{key}": value for key, value in state.items()}


def lit_ema(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The buffers of latent-diffusion's LitEma, whose names lack the dots."""
    flat = {f"model_ema.{key.replace('.', '')}": value for key, value in state.items()}
    return {"model_ema.decay": torch.tensor(0.9999), "model_ema.num_updates": torch.tensor(8), **flat}


def assert_read(path: Path, wanted: dict[str, Tensor], prefix: str = "") -> None:
    read = read_state_dict(path, prefix)
    assert read.keys() == wanted.keys()
    assert all(torch.equal(read[key], value) for key, value in wanted.items())


FULL = {**WEIGHTS, **LEFTOVERS}
STAGES = {
    **prefixed("first_stage_model.", FULL),
    **prefixed("cond_stage_model.", {key: -value for key, value in FULL.items()}),
    "transformer.tok_emb.weight": torch.ones(2, 2),
}
LAYOUTS: dict[str, dict[str, Any]] = {
    "taming's Lightning": lightning(FULL),
    "a bare state dict": FULL,
    "DataParallel": lightning(prefixed("module.", FULL)),
    "Net2NetTransformer": lightning(STAGES),
    "Net2NetTransformer in DataParallel": lightning(prefixed("module.", STAGES)),
    "nested in model": {"model": FULL, "step": 3},
    "nested twice": {"model": {"state_dict": FULL, "config": {"lr": 0.1}}},
    "half precision beside an optimiser": {"optimizer": {"state": {}}, "state_dict": FULL, "name": "run", "epoch": 3},
}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "pre-1.6"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_weights(layout: str, zipped: bool, tmp_path: Path) -> None:
    torch.save(LAYOUTS[layout], tmp_path / "last.ckpt", _use_new_zipfile_serialization=zipped)
    assert_read(tmp_path / "last.ckpt", WEIGHTS)


@pytest.mark.parametrize("prefix", ["", "first_stage_model.", "module."])
def test_safetensors_give_the_same_weights(prefix: str, tmp_path: Path) -> None:
    save_file(prefixed(prefix, FULL), tmp_path / "model.safetensors")
    assert_read(tmp_path / "model.safetensors", WEIGHTS)


def test_a_requested_prefix_overrides_the_detected_one(tmp_path: Path) -> None:
    torch.save(lightning(STAGES), tmp_path / "last.ckpt")
    negative = {key: -value for key, value in WEIGHTS.items()}
    assert_read(tmp_path / "last.ckpt", negative, prefix="cond_stage_model.")
    torch.save(FULL, tmp_path / "converted.ckpt")  # names that already lack the prefix
    assert_read(tmp_path / "converted.ckpt", WEIGHTS, prefix="first_stage_model.")


AVERAGED: dict[str, dict[str, Any]] = {
    "LitEma": lightning({**FULL, **lit_ema(AVERAGES)}),
    "LitEma of a first stage": lightning(prefixed("first_stage_model.", {**FULL, **lit_ema(AVERAGES)})),
    "ema_model.": lightning({**FULL, **prefixed("ema_model.", AVERAGES)}),
    "ema.": {**FULL, **prefixed("ema.", AVERAGES)},
    "state_dict_ema": {"state_dict": FULL, "state_dict_ema": {**AVERAGES, **LEFTOVERS}},
    "ema in DataParallel": {"model": FULL, "ema": prefixed("module.", AVERAGES)},
}


@pytest.mark.parametrize("layout", AVERAGED)
def test_running_averages_replace_the_weights(layout: str, tmp_path: Path) -> None:
    torch.save(AVERAGED[layout], tmp_path / "last.ckpt")
    assert_read(tmp_path / "last.ckpt", AVERAGES)


def test_the_averages_of_a_diffusion_model_are_not_those_of_its_first_stage(tmp_path: Path) -> None:
    state = {**STAGES, "model_ema.diffusion_modelinput_blocks00weight": torch.ones(2)}
    torch.save(lightning(state), tmp_path / "last.ckpt")
    assert_read(tmp_path / "last.ckpt", WEIGHTS)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="tells what is mapped on Linux only")
@pytest.mark.parametrize("name", ["last.ckpt", "model.safetensors"])
def test_a_checkpoint_is_mapped_not_copied(name: str, tmp_path: Path) -> None:
    big = {"encoder.conv_in.weight": torch.zeros(1 << 20)}
    if name == "last.ckpt":
        torch.save(lightning(big), tmp_path / name)
    else:
        save_file(big, tmp_path / name)
    read = read_state_dict(tmp_path / name)
    assert str(tmp_path / name) in Path("/proc/self/maps").read_text()
    assert_read(tmp_path / name, read)


CALLBACKS = [
    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
    "pytorch_lightning.callbacks.pt_callbacks.ModelCheckpoint",
    "pytorch_lightning.callbacks.early_stopping.EarlyStopping",
    "lightning.pytorch.callbacks.model_checkpoint.ModelCheckpoint",
    "main.ImageLogger",
]


@pytest.fixture
def published_class(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], type]:
    """Returns a function that makes a class which is pickled under a published name."""

    def make(dotted: str) -> type:
        module, _, name = dotted.rpartition(".")
        made = type(name, (), {"__module__": module})
        holder = ModuleType(module)
        setattr(holder, name, made)
        parts = module.split(".")
        for end in range(1, len(parts)):
            monkeypatch.setitem(sys.modules, ".".join(parts[:end]), ModuleType(parts[end - 1]))
        monkeypatch.setitem(sys.modules, module, holder)
        return made

    return make


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "pre-1.6"])
@pytest.mark.parametrize("name", CALLBACKS)
def test_a_pickled_callback_is_ignored(
    name: str, zipped: bool, tmp_path: Path, published_class: Callable[[str], type], monkeypatch: pytest.MonkeyPatch
) -> None:
    callback = published_class(name)
    instance = callback()
    instance.patience = 3
    content = lightning(FULL, callbacks={callback: {"best_model_score": torch.tensor(0.1)}}, instances=[instance])
    torch.save(content, tmp_path / "last.ckpt", _use_new_zipfile_serialization=zipped)
    monkeypatch.undo()
    assert_read(tmp_path / "last.ckpt", WEIGHTS)


def test_pickled_settings_and_scores_are_ignored(tmp_path: Path) -> None:
    omegaconf = pytest.importorskip("omegaconf")
    settings = omegaconf.OmegaConf.create({"embed_dim": 8, "ddconfig": {"ch_mult": [1, 2], "dropout": None}})
    scores = {"monitor": np.float64(0.25), "best": np.float32(1.5)}
    leftovers = {"when": timedelta(seconds=3), "where": Path("logs"), "args": Namespace(lr=1e-4)}
    counts = defaultdict(int, {"steps": 7})
    content = lightning(FULL, hyper_parameters=settings, callbacks=scores, counts=counts, leftovers=leftovers)
    torch.save(content, tmp_path / "last.ckpt")
    assert_read(tmp_path / "last.ckpt", WEIGHTS)


def test_a_dict_subclass_of_the_training_code_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lightning's hyper-parameters: filled item by item, with a state of their own."""
    name = "pytorch_lightning.utilities.parsing"
    module = ModuleType(name)
    module.AttributeDict = type("AttributeDict", (dict,), {"__module__": name})  # type: ignore[attr-defined]
    parameters = module.AttributeDict(lr=1e-4, nested=module.AttributeDict(ch=32))
    with monkeypatch.context() as patch:
        for package in ("pytorch_lightning", "pytorch_lightning.utilities"):
            patch.setitem(sys.modules, package, ModuleType(package))
        patch.setitem(sys.modules, name, module)
        torch.save(lightning(FULL, hyper_parameters=parameters), tmp_path / "last.ckpt")
    assert_read(tmp_path / "last.ckpt", WEIGHTS)


def test_code_under_an_ignored_name_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = []

    def attack(text: str) -> None:
        ran.append(text)

    class Disguised:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return attack, ("now",)

    attack.__module__, attack.__qualname__ = "taming.callbacks", "attack"
    module = ModuleType("taming.callbacks")
    monkeypatch.setattr(module, "attack", attack, raising=False)
    monkeypatch.setitem(sys.modules, "taming.callbacks", module)
    torch.save(lightning(FULL, callbacks=[Disguised()]), tmp_path / "last.ckpt")
    assert_read(tmp_path / "last.ckpt", WEIGHTS)
    assert ran == []


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "pre-1.6"])
@pytest.mark.parametrize("place", ["alone", "among the weights", "among the callbacks"])
def test_a_checkpoint_with_code_is_refused_and_not_executed(place: str, zipped: bool, tmp_path: Path) -> None:
    evil: Any = Evil(tmp_path / "executed")
    content = {
        "alone": evil,
        "among the weights": lightning({**FULL, "evil": evil}),
        "among the callbacks": lightning(FULL, callbacks={"ModelCheckpoint": evil}),
    }[place]
    torch.save(content, tmp_path / "evil.ckpt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError) as caught:
        read_state_dict(tmp_path / "evil.ckpt")
    refused = f"{tmp_path / 'evil.ckpt'}: refused: it wants to execute code ({os.mkdir.__module__}.mkdir)"
    assert str(caught.value) == refused
    assert [path.name for path in tmp_path.iterdir()] == ["evil.ckpt"]


def test_a_pickle_with_newer_opcodes_is_refused(tmp_path: Path) -> None:
    torch.save(lightning(FULL, evil=Evil(tmp_path / "executed")), tmp_path / "evil.ckpt", pickle_protocol=4)
    with pytest.raises(WeightsError, match=r"evil\.ckpt"):
        read_state_dict(tmp_path / "evil.ckpt")
    assert not (tmp_path / "executed").exists()


def test_openais_archives_are_refused_with_an_alternative(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "ViT-B-32.pt", "w") as archive:
        for name in ("data.pkl", "constants.pkl", "version", "code/__torch__/clip/model.py"):
            archive.writestr(f"ViT-B-32/{name}", b"")
    with pytest.raises(WeightsError, match=r"TorchScript archive contains code.*`ViT-B-32/openai`"):
        read_state_dict(tmp_path / "ViT-B-32.pt")


def test_torchs_oldest_format_is_refused_with_a_message(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "old.pth", "w") as archive:
        archive.addfile(tarfile.TarInfo("pickle"), io.BytesIO())
    with pytest.raises(WeightsError, match=r"old\.pth: refused: torch's tar format"):
        read_state_dict(tmp_path / "old.pth")


@pytest.mark.parametrize(
    "content",
    [
        *(torch.zeros(3), [torch.zeros(3)], 7, None, {}),
        *({1: torch.zeros(3)}, {"state_dict": [1]}, {"state_dict": None}, {"state_dict": {}}, {"model": {"a": "b"}}),
    ],
)
def test_a_file_without_a_state_dict_is_refused(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "other.ckpt")
    with pytest.raises(WeightsError, match=r"other\.ckpt: not a checkpoint: it holds no state dict"):
        read_state_dict(tmp_path / "other.ckpt")


@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors"])
def test_a_missing_checkpoint_is_named(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=f"nowhere{suffix}: cannot be read: No such file"):
        read_state_dict(tmp_path / f"nowhere{suffix}")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
@pytest.mark.parametrize("name", ["cut.ckpt", "old.ckpt", "cut.safetensors"])
def test_a_truncated_checkpoint_is_named(share: float, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if path.suffix == ".safetensors":
        save_file(FULL, path)
    else:
        torch.save(lightning(FULL), path, _use_new_zipfile_serialization=name == "cut.ckpt")
    os.truncate(path, int(share * path.stat().st_size))
    with pytest.raises(WeightsError, match=name):
        read_state_dict(path)


@pytest.mark.parametrize("name", ["page.ckpt", "page.safetensors"])
def test_a_web_page_instead_of_a_checkpoint_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("<!doctype html><title>Sorry, this link is dead</title>" * 9)
    with pytest.raises(WeightsError, match=f"{name}: not a checkpoint"):
        read_state_dict(tmp_path / name)


def test_matching_weights_are_returned() -> None:
    state = {**WEIGHTS, "colorize": torch.ones(3), "quantize.cluster_size": torch.ones(4)}
    assert fit(state, SHAPES, Path("last.ckpt"), "model.yaml").keys() == WEIGHTS.keys()


GUMBEL = {"quantize.embed.weight": torch.eye(4, 3), "quantize.proj.bias": torch.zeros(4)}
MISFITS = {
    "a missing tensor": (
        {key: value for key, value in WEIGHTS.items() if not key.startswith("decoder")},
        "last.ckpt: 'decoder.up.0.norm1.bias' is missing; does model.yaml belong to it?",
    ),
    "another shape": (
        {**WEIGHTS, "encoder.conv_in.weight": torch.zeros(4, 3, 3)},
        "last.ckpt: 'encoder.conv_in.weight' has shape (4, 3, 3), model.yaml asks for (4, 2, 3)",
    ),
    "another codebook": (
        {**WEIGHTS, "quantize.embedding.weight": torch.zeros(1024, 3)},
        "last.ckpt: 'quantize.embedding.weight' has shape (1024, 3), model.yaml asks for (4, 3); it has n_embed 1024",
    ),
    "a Gumbel codebook": (
        {**{key: value for key, value in WEIGHTS.items() if not key.startswith("quantize")}, **GUMBEL},
        "last.ckpt: 'quantize.embedding.weight' is missing; it looks like a VQGAN with a Gumbel codebook "
        "(target: taming.models.vqgan.GumbelVQ)",
    ),
    "a CLIP": (
        {"visual.transformer.resblocks.0.ln_1.weight": torch.ones(2)},
        "last.ckpt: 'encoder.conv_in.weight' is missing; it looks like a CLIP with a ViT",
    ),
    "a deeper network": (
        {**WEIGHTS, "decoder.up.0.block.2.norm1.bias": torch.zeros(4)},
        "last.ckpt: 'decoder.up.0.block.2.norm1.bias' has no place in model.yaml; does it belong to the checkpoint?",
    ),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_weights_that_do_not_fit_are_named(misfit: str) -> None:
    state, message = MISFITS[misfit]
    with pytest.raises(WeightsError) as caught:
        fit(state, SHAPES, Path("last.ckpt"), "model.yaml")
    assert str(caught.value) == message


def test_converting_keeps_the_wanted_weights_and_their_origin(tmp_path: Path) -> None:
    original, target = tmp_path / "last.ckpt", tmp_path / "cache" / "model.safetensors"
    torch.save(lightning(STAGES), original)
    convert(original, target, wanted=SHAPES, source_sha256="ab" * 32)
    original.unlink()
    assert_read(target, WEIGHTS)
    with safe_open(target, "pt") as file:
        assert file.metadata() == {"format": "pt", "source": "last.ckpt", "source_sha256": "ab" * 32}
    assert [path.name for path in target.parent.iterdir()] == ["model.safetensors"]


def test_weights_that_share_memory_are_converted(tmp_path: Path) -> None:
    tied = torch.ones(2, 2)
    torch.save({"encoder.a": tied, "encoder.b": tied.T}, tmp_path / "last.ckpt")
    shapes = {"encoder.a": (2, 2), "encoder.b": (2, 2)}
    convert(tmp_path / "last.ckpt", tmp_path / "model.safetensors", wanted=shapes, source_sha256="")
    assert_read(tmp_path / "model.safetensors", {"encoder.a": tied, "encoder.b": tied})


def test_a_failed_conversion_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original, target = tmp_path / "last.ckpt", tmp_path / "model.safetensors"
    target.write_bytes(b"before")
    torch.save(lightning({**FULL, "evil": Evil(tmp_path / "executed")}), original)  # type: ignore[dict-item]
    with pytest.raises(WeightsError, match="refused"):
        convert(original, target, wanted=SHAPES, source_sha256="")
    torch.save(lightning(FULL), original)

    def full(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("safetensors.torch.save_file", full)
        with pytest.raises(WeightsError, match=r"model\.safetensors: cannot be written: No space left on device"):
            convert(original, target, wanted=SHAPES, source_sha256="")
    assert target.read_bytes() == b"before"
    assert {path.name for path in tmp_path.iterdir()} == {"last.ckpt", "model.safetensors"}


def test_safetensors_are_recognised_by_their_content(tmp_path: Path) -> None:
    """Files in the cache are named after their model, whatever their format."""
    path = tmp_path / "ViT-B-32--openai.weights"
    save_file({"a.weight": torch.ones(2, 3)}, path)
    assert torch.equal(read_state_dict(path)["a.weight"], torch.ones(2, 3))
