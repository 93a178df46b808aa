"""CLIPSeg from files as transformers publishes them, of tiny networks; each answer is compared with transformers'."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from render.errors import WeightsError
from render.guidance import clipseg
from render.models import registry
from render.models.model import ModelFiles
from render.renderer.loading.load import load_renderer
from render.spec import FrameSpec
from render.spec.prompts import PromptWeight
from render.spec.regions import Keep, Region

transformers = pytest.importorskip("transformers")
CPU = torch.device("cpu")
TOWER = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2}


def network() -> Any:
    config = transformers.CLIPSegConfig(
        text_config={**TOWER, "num_hidden_layers": 2},
        vision_config={**TOWER, "num_hidden_layers": 4, "patch_size": 16, "image_size": 224},
        projection_dim=16,
        extract_layers=[1, 2, 3],
        reduce_dim=16,
        decoder_intermediate_size=32,
        use_complex_transposed_convolution=True,  # as in clipseg-rd64-refined
    )
    torch.manual_seed(3)
    made = transformers.CLIPSegForImageSegmentation(config).eval()
    for name, value in made.named_parameters():  # fresh ones give the same mask for every text
        if "decoder" in name or "projection" in name or "embedding" in name:
            torch.nn.init.normal_(value, std=0.3)
    return made


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as on the hub: config.json and model.safetensors."""
    folder = tmp_path_factory.mktemp("clipseg")
    network().save_pretrained(folder)
    return folder


def files(folder: Path, weights: str = "model.safetensors") -> ModelFiles:
    return ModelFiles(name="tiny", entry="clipseg", architecture=folder / "config.json", weights=folder / weights)


def picture(height: int = 48, width: int = 80) -> torch.Tensor:
    small = torch.rand(1, 3, 6, 10, generator=torch.Generator().manual_seed(1))
    return F.interpolate(small, size=(height, width), mode="bilinear")


def test_the_mask_is_that_of_transformers(published: Path) -> None:
    import open_clip

    found = clipseg.load(files(published), CPU)
    theirs = transformers.CLIPSegForImageSegmentation.from_pretrained(published).eval()
    image = picture(352, 352)
    mean, std = (torch.tensor(numbers).view(1, 3, 1, 1) for numbers in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    masks = []
    for text in ("the sky", "a red house by the sea"):
        tokens = open_clip.tokenizer.SimpleTokenizer()(text)
        length = int((tokens != 0).sum())
        tokens[:, length:] = 49_407  # transformers pads with the end of text
        with torch.no_grad():
            expected = theirs(
                pixel_values=(image - mean) / std,
                input_ids=tokens,
                attention_mask=(torch.arange(77) < length).long()[None],
            ).logits.sigmoid()
        masks.append(found(image, text))
        torch.testing.assert_close(masks[-1], expected.view(352, 352), atol=1e-4, rtol=0)
    assert float((masks[0] - masks[1]).abs().mean()) > 1e-3, "it depends on the text"


def test_a_text_is_found_anew_in_every_frame(published: Path, spec: FrameSpec) -> None:
    """The first frame is noise, in which it is everywhere; then it is looked for in the frame before."""
    model = registry.find_latent("pixels").files(), [(registry.find_perceptor("toy").files(), 1.0)]
    renderer = load_renderer(*model, False, CPU, torch.float32, segmenter=files(published))
    sky = Region(kind="text", text="the sky")
    frame = replace(spec, size=(32, 16), prompts=(PromptWeight(text="red", weight=1.0, region=sky),), num_steps=2)
    first = renderer.step(None, replace(frame, index=0))
    everywhere = replace(frame, index=0, prompts=(PromptWeight(text="red", weight=1.0),))
    torch.testing.assert_close(first.image, renderer.step(None, everywhere).image, atol=1e-3, rtol=0)
    kept = replace(frame, losses={"prompt": 1.0}, keep=Keep(region=sky))
    second = renderer.step(first, kept)
    mask = clipseg.load(files(published), CPU)(first.image, "the sky")
    expected = first.image * mask + renderer.step(first, replace(kept, keep=None)).image * (1 - mask)
    assert float((second.image - expected).abs().mean()) < 0.05
    assert torch.equal(second.image, renderer.step(first, kept).image)


def test_a_mask_has_the_size_of_its_picture(published: Path) -> None:
    mask = clipseg.load(files(published), CPU)(picture(), "the sky")
    assert mask.shape == (48, 80)
    assert 0.0 <= float(mask.min()) < float(mask.max()) <= 1.0


def test_a_checkpoint_of_torch_and_buffers_of_earlier_versions_are_read(published: Path, tmp_path: Path) -> None:
    state = {**network().state_dict(), "clip.text_model.embeddings.position_ids": torch.arange(77)[None]}
    torch.save(state, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_bytes((published / "config.json").read_bytes())
    found = clipseg.load(files(tmp_path, "pytorch_model.bin"), CPU)
    torch.testing.assert_close(found(picture(), "a"), clipseg.load(files(published), CPU)(picture(), "a"))


def config_of(published: Path, **changes: Any) -> str:
    config = json.loads((published / "config.json").read_text())
    for path, value in changes.items():
        *outer, name = path.split("__")
        place = config
        for key in outer:
            place = place[key]
        place[name] = value
    return json.dumps(config)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "bert"}, "expected model_type to be clipseg"),
        ({"vision_config__hidden_size": 10**9}, "vision_config.hidden_size: expected a whole number from 1 to 8192"),
        ({"vision_config__num_hidden_layers": -1}, "num_hidden_layers: expected a whole number"),
        ({"text_config__hidden_act": "os.system"}, "text_config.hidden_act: expected one of: quick_gelu, gelu"),
        ({"text_config": 5}, "text_config: expected a map"),
        ({"reduce_dim": 17}, "."),
        (
            {"vision_config__hidden_size": 8000, "vision_config__num_hidden_layers": 100},
            "far larger than its checkpoint",
        ),
        ({"vision_config__num_attention_heads": 3}, "not a CLIPSeg config"),
        ({"extract_layers": [1, 2, 100]}, "extract_layers has a layer that vision_config does not have: 100"),
        ({"conditional_layer": 3}, "conditional_layer is not one of the 3"),
        ({"projection_dim": 32}, r"has shape \(16, 32\)"),
    ],
)
def test_a_hostile_config_is_refused(published: Path, tmp_path: Path, changes: Any, message: str) -> None:
    (tmp_path / "config.json").write_text(config_of(published, **changes))
    (tmp_path / "model.safetensors").write_bytes((published / "model.safetensors").read_bytes())
    with pytest.raises(WeightsError, match=message) as caught:
        clipseg.load(files(tmp_path), CPU)
    assert "\n" not in str(caught.value)


def test_code_that_a_config_names_is_not_looked_at(published: Path, tmp_path: Path) -> None:
    """Neither the file beside it nor a name in the config is ever imported."""
    (tmp_path / "config.json").write_text(
        config_of(published, auto_map={"AutoModel": "evil.Model"}, architectures=["Evil"])
    )
    (tmp_path / "model.safetensors").write_bytes((published / "model.safetensors").read_bytes())
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')")
    assert clipseg.load(files(tmp_path), CPU)(picture(), "a").shape == (48, 80)


@pytest.mark.parametrize("content", ["", "{", "[]", "5", "[" * 100_000, '{"a": ' * 10_000])
def test_what_is_no_config_is_refused(published: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    (tmp_path / "model.safetensors").write_bytes((published / "model.safetensors").read_bytes())
    with pytest.raises(WeightsError, match=r"config\.json"):
        clipseg.load(files(tmp_path), CPU)


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("ran",)


def test_a_pickle_with_code_is_refused(published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"a": Evil()}, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_bytes((published / "config.json").read_bytes())
    with pytest.raises(WeightsError):
        clipseg.load(files(tmp_path, "pytorch_model.bin"), CPU)
    assert "ran" not in capsys.readouterr().out


def test_a_missing_tensor_is_named(published: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    state = load_file(published / "model.safetensors")
    del state["decoder.film_mul.weight"]
    save_file(state, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_bytes((published / "config.json").read_bytes())
    with pytest.raises(WeightsError, match=r"'decoder.film_mul.weight' is missing"):
        clipseg.load(files(tmp_path), CPU)


def test_the_published_one_is_known() -> None:
    model = registry.find_segmenter("clipseg-rd64-refined")
    assert model.config is not None
    assert model.download is not None
    assert all(address.startswith("hf://CIDAS/clipseg-rd64-refined/") for address in model.download.addresses)
    assert model.licence == "Apache-2.0"
