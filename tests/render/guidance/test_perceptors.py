import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import open_clip
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

from render import catalogue
from render.errors import WeightsError
from render.guidance import perceptors
from render.guidance.perceptors import Perceptor, clip, toy
from render.models.model import ModelFiles
from render.models.registry import find_perceptor
from render.models.registry import perceptors as known_perceptors

CPU = torch.device("cpu")
FILES = find_perceptor("embedded").files()
CONFIG, WEIGHTS = FILES.paths
SHIPPED = sorted(name for name, model in known_perceptors().items() if model.download is None)
TEXTS = ["a golden sunset over the sea", "a starry night sky", "a red poppy"]


@pytest.fixture(scope="module")
def original() -> open_clip.CLIP:
    """The embedded model as loaded by open_clip itself."""
    open_clip.add_model_config(CONFIG)
    return open_clip.create_model(CONFIG.stem, pretrained=str(WEIGHTS)).eval()


@pytest.fixture
def copies(tmp_path: Path) -> ModelFiles:
    """Copies of the embedded files, to be damaged."""
    shutil.copy(CONFIG, tmp_path / "damaged-clip.json")
    shutil.copy(WEIGHTS, tmp_path / "damaged-clip.safetensors")
    return replace(FILES, architecture=tmp_path / "damaged-clip.json", weights=tmp_path / "damaged-clip.safetensors")


def loading(files: ModelFiles) -> None:
    clip.load(files, CPU, torch.float32)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_perceptor_gives_unit_vectors_and_a_gradient_in_the_picture(
    name: str, generator: torch.Generator
) -> None:
    files = find_perceptor(name).files()
    perceptor: Perceptor = catalogue.load(perceptors, files.entry).load(files, CPU, torch.float32)
    texts = perceptor.encode_text(TEXTS)
    images = torch.rand(2, 3, perceptor.side, perceptor.side, generator=generator).requires_grad_()
    seen = perceptor.encode_image(images)
    assert texts.shape[1] == seen.shape[1]
    assert not texts.requires_grad
    for embeddings in (texts, seen.detach()):
        torch.testing.assert_close(torch.linalg.vector_norm(embeddings, dim=1), torch.ones(len(embeddings)))
    (gradient,) = torch.autograd.grad((seen @ texts[0]).sum(), images)
    assert torch.isfinite(gradient).all()
    assert (gradient.abs().sum(dim=(1, 2, 3)) > 0).all()


def test_texts_are_embedded_as_open_clip_does(embedded_clip: clip.CLIP, original: open_clip.CLIP) -> None:
    with torch.no_grad():
        wanted = original.encode_text(open_clip.tokenize(TEXTS), normalize=True)
    torch.testing.assert_close(embedded_clip.encode_text(TEXTS), wanted, atol=1e-5, rtol=0)


def test_a_text_is_embedded_the_same_alone_and_in_a_batch(embedded_clip: clip.CLIP) -> None:
    alone = torch.cat([embedded_clip.encode_text([text]) for text in TEXTS])
    torch.testing.assert_close(embedded_clip.encode_text(TEXTS), alone, atol=1e-5, rtol=0)


def test_pictures_are_embedded_as_open_clip_does_with_its_own_normalisation(
    embedded_clip: clip.CLIP, original: open_clip.CLIP, generator: torch.Generator
) -> None:
    images = torch.rand(3, 3, 64, 64, generator=generator)
    normalize = open_clip.image_transform(
        64, is_train=False, mean=original.visual.image_mean, std=original.visual.image_std
    ).transforms[-1]
    with torch.no_grad():
        wanted = original.encode_image(normalize(images), normalize=True)
    torch.testing.assert_close(embedded_clip.encode_image(images), wanted, atol=1e-5, rtol=0)


def test_size_mean_and_deviation_come_from_the_model(original: open_clip.CLIP, generator: torch.Generator) -> None:
    model = open_clip.create_model(CONFIG.stem, pretrained=str(WEIGHTS), force_preprocess_cfg=None)
    model.visual.image_mean, model.visual.image_std = (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)
    model.visual.image_size = (48, 48)
    odd = clip.CLIP(model, open_clip.tokenize, CPU, torch.float32)
    assert odd.side == 48
    images = torch.rand(1, 3, 64, 64, generator=generator)
    shifted = (images - torch.tensor([0.1, 0.2, 0.3])[:, None, None]) / torch.tensor([0.5, 0.6, 0.7])[:, None, None]
    with torch.no_grad():
        wanted = F.normalize(original.visual(shifted), dim=-1)
    torch.testing.assert_close(odd.encode_image(images), wanted, atol=1e-5, rtol=0)


def test_bf16_embeddings_agree_with_float32(embedded_clip: clip.CLIP) -> None:
    small = clip.load(FILES, CPU, torch.bfloat16)
    images = torch.stack([sky((0.02, 0.02, 0.15), (0.0, 0.0, 0.05)), sky((1.0, 0.6, 0.1), (0.7, 0.3, 0.1))])
    seen = small.encode_image(images)
    assert seen.dtype == torch.float32
    cosines = (seen * embedded_clip.encode_image(images)).sum(dim=1)
    assert float(cosines.min()) > 0.999


def sky(top: tuple[float, float, float], bottom: tuple[float, float, float]) -> Tensor:
    """A picture that fades from one colour at the top to another at the bottom."""
    ends = torch.tensor([top, bottom]).T[:, :, None]
    return F.interpolate(ends[None], size=(64, 1), mode="bilinear", align_corners=True)[0].expand(3, 64, 64)


def test_the_embedded_clip_distinguishes_night_sunset_and_meadow(embedded_clip: clip.CLIP) -> None:
    night = sky((0.02, 0.02, 0.12), (0.0, 0.0, 0.05))
    stars = torch.rand(64, 64, generator=torch.Generator().manual_seed(0)) > 0.985
    pictures = torch.stack(
        [
            torch.where(stars, 1.0, night),
            sky((1.0, 0.75, 0.2), (0.8, 0.3, 0.05)),
            torch.cat(
                [sky((0.5, 0.7, 1.0), (0.7, 0.8, 1.0))[:, :32], sky((0.2, 0.6, 0.1), (0.1, 0.5, 0.05))[:, 32:]], 1
            ),
        ]
    )
    texts = ["a starry night sky", "a golden sunset", "a green meadow under a blue sky"]
    scores = embedded_clip.encode_image(pictures) @ embedded_clip.encode_text(texts).T
    assert scores.argmax(dim=0).tolist() == [0, 1, 2]
    assert scores.argmax(dim=1).tolist() == [0, 1, 2]


def test_a_missing_config_is_named(copies: ModelFiles, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"not-there\.json: no such file"):
        loading(replace(copies, architecture=tmp_path / "not-there.json"))


def test_missing_weights_are_named(copies: ModelFiles, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"not-there\.safetensors: cannot be read: No such file"):
        loading(replace(copies, weights=tmp_path / "not-there.safetensors"))


def test_weights_with_a_missing_tensor_are_refused(copies: ModelFiles) -> None:
    state = load_file(WEIGHTS)
    del state["visual.conv1.weight"]
    assert copies.weights is not None
    save_file(state, copies.weights)
    with pytest.raises(WeightsError) as caught:
        loading(copies)
    belongs = f"does {copies.architecture} belong to it?"
    assert str(caught.value) == f"{copies.weights}: 'visual.conv1.weight' is missing; {belongs}"


def test_weights_of_another_architecture_are_refused(copies: ModelFiles) -> None:
    config_file = copies.paths[0]
    config = json.loads(config_file.read_text())
    config["vision_cfg"]["width"] = 16
    config_file.write_text(json.dumps(config))
    with pytest.raises(WeightsError, match=r"'visual\..*' has shape \(.*damaged-clip\.json asks for"):
        loading(copies)


def test_truncated_weights_are_refused(copies: ModelFiles) -> None:
    assert copies.weights is not None
    os.truncate(copies.weights, copies.weights.stat().st_size // 2)
    with pytest.raises(WeightsError, match="damaged-clip"):
        loading(copies)


def test_a_web_page_instead_of_weights_is_refused(copies: ModelFiles) -> None:
    assert copies.weights is not None
    copies.weights.write_text("<!doctype html><title>404</title>")
    with pytest.raises(WeightsError, match="damaged-clip"):
        loading(copies)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!doctype html>", "not JSON"),
        ("{}", "not an open_clip config"),
        ("[1]", "not an open_clip config"),
        ('{"model_cfg": 3}', "not an open_clip config"),
    ],
)
def test_a_config_of_another_kind_is_named(text: str, message: str, copies: ModelFiles) -> None:
    copies.paths[0].write_text(text)
    with pytest.raises(WeightsError, match=rf"damaged-clip\.json: {message}"):
        loading(copies)


@pytest.mark.parametrize("colour", sorted(toy.COLOURS))
def test_the_toy_recognises_its_colours(colour: str) -> None:
    scorer = toy.Toy(CPU)
    names = sorted(toy.COLOURS)
    picture = torch.tensor(toy.COLOURS[colour])[None, :, None, None].expand(1, 3, 16, 16)
    scores = scorer.encode_image(picture) @ scorer.encode_text(names).T
    assert names[int(scores.argmax())] == colour
    assert float(scores.max()) == pytest.approx(1.0)


def test_the_toy_mixes_named_colours_and_gives_other_texts_unique_vectors() -> None:
    scorer = toy.Toy(CPU)
    both, yellowish, sea, sky_text = scorer.encode_text(["a RED and green thing", "green red", "the sea", "the sky"])
    torch.testing.assert_close(both, yellowish)
    assert not torch.allclose(sea, sky_text)
