"""Every kind of CLIP, in its published formats, compared with open_clip's own loader and towers."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

from render.errors import WeightsError
from render.guidance.perceptors import clip
from render.models.model import ModelFiles
from render.renderer.loading.load import load_renderer
from render.spec import FrameSpec

CPU = torch.device("cpu")
TEXTS = ["a golden sunset over the sea", "a red poppy", ""]
INCEPTION = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
_TEXT = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
VIT = {
    "embed_dim": 24,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8, "head_width": 32},
    "text_cfg": _TEXT,
}
RESNET = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 16},
    "text_cfg": _TEXT,
}
SIGLIP = {
    "embed_dim": 64,
    "init_logit_bias": -10,
    "custom_text": True,
    "vision_cfg": {"image_size": 160, "timm_model_name": "test_vit", "timm_pool": "map", "timm_proj": "none"},
    "text_cfg": {
        **{**_TEXT, "context_length": 64, "width": 64, "no_causal_mask": True, "proj_bias": True, "pool_type": "last"},
        **{"norm_kwargs": {"eps": 1e-6}, "tokenizer_kwargs": {"clean": "lower"}},
    },
}
COCA = {
    "embed_dim": 24,
    "vision_cfg": {**VIT["vision_cfg"], "attentional_pool": True, "attn_pooler_heads": 2, "output_tokens": True},  # type: ignore[dict-item]
    "text_cfg": {**_TEXT, "context_length": 76, "embed_cls": True, "output_tokens": True},
    "multimodal_cfg": {**_TEXT, "context_length": 76, "attn_pooler_heads": 2},
    "custom_text": True,
}
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "ViT": (VIT, {}),
    "ModifiedResNet": (RESNET, {}),
    "SigLIP": (SIGLIP, INCEPTION),
    "CoCa": (COCA, {}),
}


@dataclass(frozen=True, kw_only=True)
class Published:
    """A folder as on the hub, and its model as loaded by open_clip itself."""

    files: ModelFiles
    original: Any

    @property
    def weights(self) -> Path:
        assert self.files.weights is not None
        return self.files.weights

    @property
    def config(self) -> Path:
        assert isinstance(self.files.architecture, Path)
        return self.files.architecture

    @property
    def state(self) -> dict[str, Tensor]:
        state: dict[str, Tensor] = self.original.state_dict()
        return state


def publish(config: dict[str, Any], preprocess: dict[str, Any], folder: Path) -> Published:
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": preprocess}))
    with torch.random.fork_rng(devices=()):
        torch.default_generator.manual_seed(2)
        drawn = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    for key, value in drawn.state_dict().items():  # as after training: new blocks pass on little of a picture
        if ".bn" in key and key.endswith(("weight", "running_var")):
            low, high = (0.5, 1.5) if key.endswith("weight") else (0.1, 0.3)
            value.uniform_(low, high, generator=torch.Generator().manual_seed(1))
    save_file(drawn.state_dict(), folder / "open_clip_model.safetensors")
    files = ModelFiles(
        name="published",
        entry="clip",
        architecture=folder / "open_clip_config.json",
        weights=folder / "open_clip_model.safetensors",
    )
    return Published(files=files, original=open_clip.create_model(f"local-dir:{folder}").eval())


@pytest.fixture(params=KINDS)
def published(request: pytest.FixtureRequest, tmp_path: Path) -> Published:
    return publish(*KINDS[request.param], tmp_path)


@pytest.fixture
def vit(tmp_path: Path) -> Published:
    return publish(*KINDS["ViT"], tmp_path)


@pytest.fixture
def siglip(tmp_path: Path) -> Published:
    return publish(*KINDS["SigLIP"], tmp_path)


def load(files: ModelFiles, dtype: torch.dtype = torch.float32) -> clip.CLIP:
    return clip.load(files, CPU, dtype)


def pictures(side: int, count: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(count, 3, 5, 5, generator=generator)
    return F.interpolate(coarse, size=(side, side), mode="bicubic").clamp(0, 1)


def assert_features_agree(perceptor: clip.CLIP, original: Any, folder: Path) -> None:
    """On the same pictures and texts, with open_clip's own normalisation and tokenizer."""
    visual = original.visual
    transform = open_clip.image_transform(perceptor.side, is_train=False, mean=visual.image_mean, std=visual.image_std)
    tokens = open_clip.get_tokenizer(f"local-dir:{folder}")(TEXTS)
    images = pictures(perceptor.side)
    with torch.no_grad():
        seen = original.encode_image(transform.transforms[-1](images), normalize=True)
        read = original.encode_text(tokens, normalize=True)
        torch.testing.assert_close(perceptor.encode_image(images), seen, atol=1e-5, rtol=0)
    torch.testing.assert_close(perceptor.encode_text(TEXTS), read, atol=1e-5, rtol=0)
    for embeddings in (seen, read):  # the embeddings distinguish the inputs
        assert float((embeddings[0] - embeddings[1]).abs().max()) > 1e-4


def test_features_are_those_of_open_clip(published: Published) -> None:
    assert_features_agree(load(published.files), published.original, published.config.parent)


def test_the_normalisation_is_that_of_the_hubs_config(siglip: Published) -> None:
    assert siglip.original.visual.image_mean == INCEPTION["mean"]


FORMATS: dict[str, Callable[[dict[str, Tensor]], dict[str, Any]]] = {
    "the hub's open_clip_pytorch_model.bin": dict,
    "a checkpoint of open_clip's training": lambda state: {
        **{"epoch": 32, "name": "run", "optimizer": {"state": {}, "param_groups": []}},
        "state_dict": {f"module.{key}": value for key, value in state.items()},
    },
    "scalars as vectors": lambda state: {
        key: value.reshape(1) if key.startswith("logit_") else value for key, value in state.items()
    },
}


@pytest.mark.parametrize("layout", FORMATS)
def test_every_published_format_gives_the_same_features(layout: str, published: Published) -> None:
    path = published.weights.with_name("weights.pt")
    torch.save(FORMATS[layout](published.state), path)
    perceptor = load(replace(published.files, weights=path))
    images = pictures(perceptor.side)
    with torch.no_grad():
        assert torch.equal(perceptor.encode_image(images), load(published.files).encode_image(images))


def test_old_open_clip_names_are_read(siglip: Published) -> None:
    old = {key.removeprefix("text."): value for key, value in siglip.state.items() if key != "logit_bias"}
    old["text_projection"] = old.pop("text_projection.weight").T
    plain = {**SIGLIP, "text_cfg": {**SIGLIP["text_cfg"], "proj_bias": False}}  # type: ignore[dict-item]
    del old["text_projection.bias"]
    folder = siglip.config.parent / "old"
    folder.mkdir()
    new = publish(plain, INCEPTION, folder)
    torch.save({key: old[key] for key in old}, folder / "old.pt")
    torch.testing.assert_close(
        load(replace(new.files, weights=folder / "old.pt")).encode_image(pictures(160)),
        load(siglip.files).encode_image(pictures(160)),
    )


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_embeddings_agree_with_float32(dtype: torch.dtype, published: Published) -> None:
    full, half = load(published.files), load(published.files, dtype)
    with torch.no_grad():
        seen, wanted = half.encode_image(pictures(full.side, 6)), full.encode_image(pictures(full.side, 6))
    assert seen.dtype == torch.float32
    assert float((seen * wanted).sum(dim=1).min()) > 0.999
    assert torch.equal(half.encode_text(TEXTS), full.encode_text(TEXTS))


def test_a_frame_is_guided_by_a_published_clip(published: Published, spec: FrameSpec) -> None:
    renderer = load_renderer(
        ModelFiles(name="pixels", entry="pixels"), [(published.files, 1.0)], False, CPU, torch.float32
    )
    frame = renderer.step(None, replace(spec, index=0, size=(48, 32), num_steps=2))
    assert torch.isfinite(frame.image).all()
    assert bool(torch.isfinite(frame.similarity).all())


def test_random_weights_come_from_their_seed_alone(published: Published) -> None:
    drawn = replace(published.files, weights=None, random_seed=5)
    first = load(drawn).encode_text(TEXTS)
    torch.manual_seed(99)
    before = torch.get_rng_state()
    assert torch.equal(load(drawn).encode_text(TEXTS), first)
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(load(replace(drawn, random_seed=6)).encode_text(TEXTS), first)


def test_a_model_without_weights_is_refused(vit: Published) -> None:
    with pytest.raises(WeightsError, match="published: it has neither weights nor a seed"):
        load(replace(vit.files, weights=None))


def test_loading_prints_nothing(
    vit: Published, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    load(vit.files)
    load(replace(vit.files, weights=None, random_seed=1))
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if record.levelname != "INFO"]


def test_an_unknown_architecture_lists_similar_names() -> None:
    files = ModelFiles(name="x", entry="clip", architecture="ViT-B-32-quickgeul", random_seed=0)
    with pytest.raises(WeightsError, match=r"no 'ViT-B-32-quickgeul'; did you mean 'ViT-B-32-quickgelu'\?"):
        load(files)


def test_a_checkpoint_of_another_kind_is_refused_with_its_likely_kind(tmp_path: Path) -> None:
    kinds = {}
    for name, kind in KINDS.items():
        (tmp_path / name).mkdir()
        kinds[name] = publish(*kind, tmp_path / name)
    wrong = {
        ("ViT", "ModifiedResNet"): "looks like a CLIP with a ResNet",
        ("ModifiedResNet", "ViT"): "looks like a CLIP with a ViT",
        ("ViT", "SigLIP"): "looks like a CLIP with a timm image tower, such as SigLIP",
    }
    for (ours, theirs), message in wrong.items():
        files = replace(kinds[ours].files, weights=without_config(kinds[theirs].weights, tmp_path / "alone"))
        with pytest.raises(WeightsError, match=message):
            load(files)


def without_config(path: Path, folder: Path) -> Path:
    """The weights without the config file."""
    folder.mkdir(exist_ok=True)
    (folder / path.name).write_bytes(path.read_bytes())
    return folder / path.name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quick_gelu": False}, "says quick_gelu: True, but mine has False"),
        ({"embed_dim": 25}, "says embed_dim: 24, but mine has 25"),
        ({"text_cfg": {**_TEXT, "context_length": 64}}, "says context_length: 77, but mine has 64"),
    ],
)
def test_a_config_beside_the_weights_must_agree(change: dict[str, Any], message: str, vit: Published) -> None:
    mine = vit.config.with_name("mine.json")
    mine.write_text(json.dumps({**VIT, **change}))
    with pytest.raises(WeightsError, match=rf"open_clip_config\.json: {message}"):
        load(replace(vit.files, architecture=mine))


def test_a_matching_config_beside_the_weights_sets_the_normalisation(siglip: Published) -> None:
    mine = siglip.config.with_name("mine.json")
    other = {**SIGLIP["text_cfg"], "hf_model_pretrained": False}  # type: ignore[dict-item]
    mine.write_text(json.dumps({**SIGLIP, "text_cfg": other}))
    images = pictures(160)
    with torch.no_grad():
        wanted = load(siglip.files).encode_image(images)
        assert torch.equal(load(replace(siglip.files, architecture=mine)).encode_image(images), wanted)


@pytest.mark.parametrize(
    ("stem", "name", "mean"),
    [
        ("mine", "mine", open_clip.OPENAI_DATASET_MEAN),
        ("ViT-B-16-SigLIP", "./clip.safetensors", (0.5, 0.5, 0.5)),
        ("ViT-L-14", "ViT-L-14/laion2b_s32b_b82k", (0.5, 0.5, 0.5)),
        ("ViT-L-14", "ViT-L-14/openai", open_clip.OPENAI_DATASET_MEAN),
        ("ViT-L-14", "./clip.safetensors", open_clip.OPENAI_DATASET_MEAN),
    ],
)
def test_without_a_config_the_normalisation_is_that_of_the_published_weights(
    stem: str, name: str, mean: Sequence[float], vit: Published, tmp_path: Path
) -> None:
    (tmp_path / f"{stem}.json").write_text(json.dumps(VIT))
    alone = without_config(vit.weights, tmp_path / "alone")
    perceptor = load(replace(vit.files, name=name, architecture=tmp_path / f"{stem}.json", weights=alone))
    grey = torch.tensor(mean)[:, None, None].expand(1, 3, 32, 32)
    with torch.no_grad():
        wanted = F.normalize(vit.original.visual(torch.zeros(1, 3, 32, 32)), dim=-1)
        torch.testing.assert_close(perceptor.encode_image(grey), wanted, atol=1e-5, rtol=0)


def test_position_embeddings_of_another_size_are_an_error(vit: Published, tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text(json.dumps({**VIT, "vision_cfg": {**VIT["vision_cfg"], "image_size": 64}}))  # type: ignore[dict-item]
    alone = without_config(vit.weights, tmp_path / "alone")
    with pytest.raises(WeightsError, match=r"'visual\.positional_embedding' has shape \(17, 64\).*\(65, 64\)"):
        load(replace(vit.files, architecture=mine, weights=alone))


def test_a_model_for_non_square_pictures_is_refused(vit: Published, tmp_path: Path) -> None:
    mine = tmp_path / "oblong.json"
    mine.write_text(json.dumps({**VIT, "vision_cfg": {**VIT["vision_cfg"], "image_size": [32, 64]}}))  # type: ignore[dict-item]
    with pytest.raises(WeightsError, match="oblong: its input is 32x64 pixels"):
        load(replace(vit.files, architecture=mine, weights=None, random_seed=0))


def test_a_checkpoint_with_more_layers_than_the_config_is_refused(vit: Published, tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text(json.dumps({**VIT, "vision_cfg": {**VIT["vision_cfg"], "layers": 1}}))  # type: ignore[dict-item]
    alone = without_config(vit.weights, tmp_path / "alone")
    with pytest.raises(WeightsError, match=r"'visual\.transformer\.resblocks\.1\..*' has no place in .*mine\.json"):
        load(replace(vit.files, architecture=mine, weights=alone))


class Evil:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_weights_with_code_are_refused_and_not_executed(vit: Published, tmp_path: Path) -> None:
    torch.save({"state_dict": {**load_file(vit.weights), "evil": Evil(tmp_path / "executed")}}, tmp_path / "evil.pt")
    with pytest.raises(WeightsError, match=r"evil\.pt: refused: it wants to execute code"):
        load(replace(vit.files, weights=tmp_path / "evil.pt"))
    assert not (tmp_path / "executed").exists()


@pytest.fixture
def hub_tokenizer(siglip: Published) -> Published:
    """A SigLIP as published, with a tokenizer from the hub."""
    text = {**SIGLIP["text_cfg"], "hf_tokenizer_name": "timm/ViT-B-16-SigLIP"}  # type: ignore[dict-item]
    siglip.config.write_text(json.dumps({"model_cfg": {**SIGLIP, "text_cfg": text}, "preprocess_cfg": INCEPTION}))
    return siglip


def test_a_tokenizer_from_a_missing_package_gives_one_sentence(
    hub_tokenizer: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(WeightsError, match="pip install transformers"):
        load(hub_tokenizer.files)


def test_a_text_tower_from_a_missing_package_gives_one_sentence(
    vit: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("open_clip.hf_model.transformers", None)
    text = {"hf_model_name": "roberta-base", "hf_proj_type": "mlp", "hf_pooler_type": "mean_pooler"}
    vit.config.write_text(json.dumps({**VIT, "text_cfg": text}))
    with pytest.raises(WeightsError, match="pip install transformers"):
        load(replace(vit.files, companions=(("roberta-base", vit.config.parent),)))


def test_a_damaged_tokenizer_gives_one_sentence(hub_tokenizer: Published, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "tokenizer_config.json").write_text("{}")
    with pytest.raises(WeightsError, match=r"open_clip_config: its tokenizer '.*' cannot be loaded \("):
        load(replace(hub_tokenizer.files, companions=(("timm/ViT-B-16-SigLIP", tmp_path),)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ViT-B-32-quickgelu", "RN50-quickgelu", "ViT-B-16-SigLIP"])
def test_at_full_size_features_are_those_of_open_clip(name: str, tmp_path: Path) -> None:
    config = open_clip.get_model_config(name)
    architecture: Path | str = name
    if "hf_tokenizer_name" in config["text_cfg"]:  # the hub's vocabulary is not here: same towers, another one
        config["text_cfg"] |= {"vocab_size": 49408, "tokenizer_kwargs": {}}
        del config["text_cfg"]["hf_tokenizer_name"]
        architecture = tmp_path / "open_clip_config.json"
    published = publish(config, INCEPTION if "SigLIP" in name else {}, tmp_path)
    full = load(replace(published.files, architecture=architecture))
    assert_features_agree(full, published.original, tmp_path)
    half = load(replace(published.files, architecture=architecture), torch.bfloat16)
    with torch.no_grad():
        cosines = (half.encode_image(pictures(full.side)) * full.encode_image(pictures(full.side))).sum(dim=1)
    assert float(cosines.min()) > 0.999
