"""Depth Anything from files as transformers publishes them, of tiny networks; compared with transformers' own."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from render.errors import WeightsError
from render.models import registry
from render.models.model import ModelFiles
from render.motion.depth.estimators.depth_anything import DepthAnything, _built, load, read_settings

CPU = torch.device("cpu")
SMALL = {  # of Depth-Anything-V2-Small-hf/config.json, what determines the network
    "architectures": ["DepthAnythingForDepthEstimation"],
    "backbone": None,
    "backbone_config": {
        "architectures": ["Dinov2Model"],
        "hidden_size": 384,
        "image_size": 518,
        "model_type": "dinov2",
        "num_attention_heads": 6,
        "out_features": ["stage3", "stage6", "stage9", "stage12"],
        "out_indices": [3, 6, 9, 12],
        "patch_size": 14,
        "reshape_hidden_states": False,
        "torch_dtype": "float32",
    },
    "fusion_hidden_size": 64,
    "head_hidden_size": 32,
    "head_in_index": -1,
    "model_type": "depth_anything",
    "neck_hidden_sizes": [48, 96, 192, 384],
    "patch_size": 14,
    "reassemble_factors": [4, 2, 1, 0.5],
    "reassemble_hidden_size": 384,
    "use_pretrained_backbone": False,
}
TINY = {"hidden_size": 24, "num_hidden_layers": 4, "num_attention_heads": 2, "image_size": 56, "patch_size": 14}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as on the hub: config.json and model.safetensors."""
    transformers = pytest.importorskip("transformers")
    backbone = transformers.Dinov2Config(**TINY, out_indices=[1, 2, 3, 4], reshape_hidden_states=False)
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=24,
        neck_hidden_sizes=[8, 8, 16, 16],
        fusion_hidden_size=8,
        head_hidden_size=4,
    )
    torch.manual_seed(3)
    network = transformers.DepthAnythingForDepthEstimation(config)
    for name, value in network.named_parameters():  # fresh ones see the same in every picture
        torch.nn.init.normal_(value, mean=1.0 if "norm" in name and "weight" in name else 0.0, std=0.2)
    network.head.conv3.bias.data.fill_(1.0)
    folder = tmp_path_factory.mktemp("depth-anything")
    network.save_pretrained(folder)
    return folder


def files(folder: Path, weights: str = "model.safetensors") -> ModelFiles:
    return ModelFiles(
        name="tiny", entry="depth_anything", architecture=folder / "config.json", weights=folder / weights
    )


def picture(height: int, width: int, count: int = 1) -> torch.Tensor:
    small = torch.rand(count, 3, 5, 7, generator=torch.Generator().manual_seed(1))
    return F.interpolate(small, size=(height, width), mode="bilinear")


def theirs(folder: Path, image: torch.Tensor) -> Any:
    import transformers

    network: Any = transformers.DepthAnythingForDepthEstimation.from_pretrained(folder)
    network.eval()
    mean, std = (torch.tensor(numbers).view(1, 3, 1, 1) for numbers in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.no_grad():
        return network((image - mean) / std).predicted_depth


@pytest.mark.parametrize(("height", "width"), [(56, 56), (56, 98)])
def test_nearness_is_that_of_transformers(published: Path, height: int, width: int) -> None:
    ours = load(files(published), CPU, torch.float32)
    image = picture(height, width, 2)
    expected = theirs(published, image)
    assert expected.std() > 1e-3
    torch.testing.assert_close(ours(image), expected, atol=1e-5, rtol=1e-5)


def test_a_picture_is_seen_at_the_size_that_the_published_preprocessor_chooses(published: Path) -> None:
    from transformers import DPTImageProcessor

    processor = DPTImageProcessor(
        size={"height": 56, "width": 56}, keep_aspect_ratio=True, ensure_multiple_of=14, resample=3, do_rescale=False
    )
    ours = load(files(published), CPU, torch.float32)
    for height, width in ((48, 64), (72, 128), (30, 40), (200, 90)):
        seen = processor(picture(height, width)[0], return_tensors="pt")["pixel_values"]
        assert ours._network.seen_size(height, width) == tuple(seen.shape[-2:])


def test_pictures_of_any_size_and_number(published: Path) -> None:
    ours = load(files(published), CPU, torch.bfloat16)
    for height, width in ((40, 64), (31, 77), (4, 400)):
        image = picture(height, width, 2)
        with torch.autocast("cpu", torch.bfloat16):
            found = ours(image)
        assert found.shape == (2, height, width)
        assert found.dtype == torch.float32
        assert found.isfinite().all()
        torch.testing.assert_close(found[1:], ours(image[1:]), atol=1e-5, rtol=1e-5)


def test_the_published_config_describes_a_network_of_the_published_size(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(SMALL))
    with torch.device("meta"):
        network = _built(read_settings(tmp_path / "config.json"))
    assert sum(value.numel() for value in network.parameters()) == 24_785_089  # "24.8M params" on the hub
    assert network.state_dict()["backbone.encoder.layer.11.attention.attention.query.weight"].shape == (384, 384)
    assert DepthAnything(network)._network.seen_size(144, 256) == (294, 518)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "dpt"}, "not a Depth Anything config"),
        ({"backbone": "someone/else"}, "backbone: expected null"),
        ({"depth_estimation_type": "metric"}, "relative"),
        ({"neck_hidden_sizes": [8, 8, 16, 10**9]}, "neck_hidden_sizes: expected a whole number"),
        ({"reassemble_factors": [4, 2, 1, 1]}, "reassemble_factors"),
        ({"backbone_config": {"hidden_size": 10**9}}, r"hidden_size: expected a whole number from 1 to 4096"),
        ({"backbone_config": {"num_hidden_layers": 10**9}}, "num_hidden_layers"),
        ({"backbone_config": {"image_size": 2048, "patch_size": 1, "hidden_size": 4096}}, "far larger than its check"),
        ({"backbone_config": {"image_size": 7}}, "image_size"),
        ({"backbone_config": {"num_attention_heads": 7}}, "multiple of 7 heads"),
        ({"backbone_config": {"out_indices": [1, 2, 3, 9]}}, "out_indices"),
        ({"backbone_config": {"out_indices": None}}, "out_indices"),
        ({"fusion_hidden_size": 16}, "has shape"),
    ],
)
def test_other_settings_are_refused(published: Path, change: dict[str, Any], message: str, tmp_path: Path) -> None:
    config = json.loads((published / "config.json").read_text())
    inner = {**config["backbone_config"], **change.get("backbone_config", {})}
    (tmp_path / "config.json").write_text(json.dumps({**config, **change, "backbone_config": inner}))
    with pytest.raises(WeightsError, match=message):
        load(files(tmp_path, str(published / "model.safetensors")), CPU, torch.float32)


@pytest.mark.parametrize("text", ["[]", "{", '{"model_type": "depth_anything"}', "[" * 100_000, "x" * 200_000])
def test_a_file_that_is_no_config_is_refused(published: Path, text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(WeightsError, match=r"config\.json"):
        load(files(tmp_path, str(published / "model.safetensors")), CPU, torch.float32)


def test_other_weights_are_refused(published: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    state = load_file(published / "model.safetensors")
    first = next(iter(state))
    for change, message in (
        ({first: torch.full_like(state[first], torch.nan)}, "not finite"),
        ({first: torch.zeros(3)}, "has shape"),
        ({"backbone.more": torch.zeros(3)}, "has no place"),
    ):
        save_file({**state, **change}, tmp_path / "model.safetensors")
        with pytest.raises(WeightsError, match=message):
            load(files(published, str(tmp_path / "model.safetensors")), CPU, torch.float32)


def test_the_published_file_is_known_by_its_digest() -> None:
    model = registry.find_depth("depth-anything-v2-small")
    assert model.download is not None
    assert model.download.sha256 is not None
    assert model.licence == "Apache-2.0"
