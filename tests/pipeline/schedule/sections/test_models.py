"""`models:` and pictures as prompts: by name, by path, random; and every wrong way to write them."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline.schedule.loader import load_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections.models import Models
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError
from render.models.registry import find_latent, find_perceptor

QUICK_GELU = "vit_b_32-quickgelu-laion400m_e32-46683a32.pt"  # open_clip's name for it
EMBEDDED = find_latent("embedded"), find_perceptor("embedded")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A schedule's folder that contains model files and a picture, and another picture next to the folder."""
    folder = tmp_path / "mine"
    (folder / "weights").mkdir(parents=True)
    for model in EMBEDDED:
        for path in model.files().paths:
            shutil.copy(path, folder / "weights" / path.name)
    (folder / "weights" / QUICK_GELU).touch()
    for place in (folder, tmp_path):
        Image.new("RGB", (8, 6), "red").save(place / "reference.png")
    (folder / "torn.png").write_bytes((folder / "reference.png").read_bytes()[:20])
    return folder


def read(folder: Path, text: str, *, allow_paths: bool = False) -> Schedule:
    file = folder / "test.yaml"
    file.write_text(text if "prompts" in text else f"{text}\nprompts: a calm sea\n")
    return load_schedule(file, allow_paths=allow_paths)


def problem(folder: Path, text: str) -> str:
    with pytest.raises(ScheduleError) as caught:
        read(folder, text)
    return str(caught.value).replace(f"{folder / 'test.yaml'}:", "").replace(str(folder.resolve()), "FOLDER")


def located(models: Models) -> dict[str, Any]:
    return models.locate(offline=True, progress=lambda *said: None).digests()


def test_models_by_path_are_relative_to_the_schedule_and_equal_those_by_name(folder: Path) -> None:
    by_path = read(
        folder,
        "models:\n"
        "  latent: {config: weights/vqgan.yaml, checkpoint: weights/vqgan.safetensors}\n"
        "  perceptors: [{model: weights/clip.json, checkpoint: weights/clip.safetensors, weight: 0.5}]\n"
        "  quantize: false\n",
    ).models
    assert by_path.size_unit == 8
    digests = located(by_path)
    shipped = located(Models())
    assert digests["latent"] == {**shipped["latent"], "name": "vqgan.safetensors"}
    assert digests["perceptors"] == [{**shipped["perceptors"][0], "name": "clip.safetensors", "weight": 0.5}]


def test_published_models_by_path_snap_to_their_codebook(folder: Path) -> None:
    models = read(
        folder, "models: {latent: {config: weights/vqgan.yaml, checkpoint: weights/vqgan.safetensors}}"
    ).models
    assert models.locate(offline=True, progress=lambda *said: None).quantize
    assert find_latent("imagenet-f16-16384").quantize


def test_published_and_random_models_are_known_before_they_are_downloaded(folder: Path) -> None:
    models = read(
        folder,
        "output: {size: [256, 256]}\n"
        "models: {latent: imagenet-f16-16384, perceptors: [ViT-B-32/openai, {model: RN50/openai, weight: 2}]}",
    ).models
    assert models.size_unit == 16
    assert [(perceptor.model.architecture, perceptor.weight) for perceptor in models.perceptors] == [
        ("ViT-B-32-quickgelu", 1.0),
        ("RN50-quickgelu", 2.0),
    ]
    random = read(
        folder, "models: {latent: random:imagenet-f16-1024, perceptors: [random:ViT-B-32]}\noutput: {size: [256, 256]}"
    ).models
    digests = located(random)
    assert digests["latent"]["random_seed"] == 0
    assert digests["perceptors"][0]["random_seed"] == 0


def test_frames_depend_on_precision_and_weights(folder: Path) -> None:
    plain = located(read(folder, "models: {perceptors: [embedded, toy]}").models)
    for other in (
        "models: {perceptors: [embedded, toy], precision: fp32}",
        "models: {perceptors: [embedded, {model: toy, weight: 0.5}]}",
        "models: {perceptors: [embedded, toy], quantize: true}",
    ):
        assert located(read(folder, other).models) != plain


def test_frames_depend_on_the_architecture_if_a_checkpoint_fits_two(folder: Path) -> None:
    """No weight shows which activation an architecture uses."""
    lines = "models: {{perceptors: [{{model: {}, checkpoint: weights/clip.safetensors}}]}}"
    plain, quick = (located(read(folder, lines.format(name)).models) for name in ("ViT-B-32", "ViT-B-32-quickgelu"))
    assert plain != quick


LATENT = "the name of a latent model, or {config: model.yaml, checkpoint: last.ckpt}"
PERCEPTOR = "the name of a perceptor, or {model: ViT-B-32-quickgelu, checkpoint: clip.safetensors, weight: 1}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models: {latent: 3}", f"1:18: models.latent: expected {LATENT}, got '3'"),
        (
            "models: {latent: imagenet-f16-1638}",
            "1:18: models.latent: unknown latent model 'imagenet-f16-1638'; did you mean 'imagenet-f16-16384'?",
        ),
        (
            "models: {perceptors: [ViT-B-32]}",
            "1:23: models.perceptors[0]: unknown perceptor 'ViT-B-32'; name its weights, such as 'ViT-B-32/openai'",
        ),
        (
            "models: {latent: {checkpoint: weights/vqgan.safetensors}}",
            f"1:18: models.latent: 'config' is missing; expected {LATENT}",
        ),
        (
            "models: {latent: {config: weights/vqgan.yaml, checkpoint: weights/last.ckpt}}",
            "1:59: models.latent.checkpoint: 'weights/last.ckpt': no such file: FOLDER/weights/last.ckpt",
        ),
        (
            "models: {latent: {config: weights/clip.json, checkpoint: weights/vqgan.safetensors}}",
            "1:18: models.latent: FOLDER/weights/clip.json: not a taming VQGAN config: 'model'",
        ),
        (
            "models: {latent: {config: ../reference.png, checkpoint: weights/vqgan.safetensors}}",
            "1:27: models.latent.config: '../reference.png' is outside the schedule's folder; move the file there or"
            " pass --allow-paths",
        ),
        (
            "models: {perceptors: [{weight: 2}]}",
            f"1:23: models.perceptors[0]: 'model' is missing; expected {PERCEPTOR}",
        ),
        (
            "models: {perceptors: [{model: toy, weight: -1}]}",
            "1:44: models.perceptors[0].weight: expected a number from 0 to 1000 or a map of times, got '-1'",
        ),
        (
            "models: {perceptors: [{model: ViT-B-33, checkpoint: weights/clip.safetensors}]}",
            "1:31: models.perceptors[0].model: unknown CLIP architecture 'ViT-B-33'; did you mean 'ViT-B-32'?",
        ),
        (
            f"models: {{perceptors: [{{model: ViT-B-32, checkpoint: weights/{QUICK_GELU}}}]}}",
            f"1:31: models.perceptors[0].model: '{QUICK_GELU}' contains the weights of "
            "ViT-B-32-quickgelu, not of ViT-B-32",
        ),
        (
            "models: {precision: bf15}",
            "1:21: models.precision: unknown precision 'bf15'; did you mean 'bf16'?",
        ),
        (
            "prompts: [{image: torn.png}]",
            "1:19: prompts[0].image: FOLDER/torn.png: cannot be read: Truncated File Read; expected a PNG, JPEG, WebP,"
            " BMP, TIFF or GIF picture, undamaged",
        ),
        (
            "prompts: [{image: ../reference.png, weight: 2}]",
            "1:19: prompts[0].image: '../reference.png' is outside the schedule's folder; move the file there or pass"
            " --allow-paths",
        ),
        (
            "prompts: {0s: {image: nothing.png}}",
            "1:23: prompts.0s.image: 'nothing.png': no such file: FOLDER/nothing.png",
        ),
    ],
)
def test_mistakes_are_reported_with_their_position(text: str, message: str, folder: Path) -> None:
    assert problem(folder, text) == message


def test_allow_paths_permits_files_outside_the_folder(folder: Path) -> None:
    schedule = read(folder, "prompts: [{image: ../reference.png}]", allow_paths=True)
    assert schedule.prompts[0].image is not None
    absolute = read(folder, f"prompts: [{{image: {folder.parent / 'reference.png'}}}]", allow_paths=True)
    assert absolute.prompts[0].image == schedule.prompts[0].image


def test_pictures_are_prompts_with_weight_in_layers_and_in_scenes(folder: Path) -> None:
    layers = Timeline(read(folder, "prompts: [a sea, {image: reference.png, weight: {0: 0.5, end: -0.5}}]"))
    text, picture = layers.at(0).prompts
    assert (text.text, text.image, picture.text, picture.weight) == ("a sea", None, "reference.png", 0.5)
    assert picture.image is not None
    assert picture.image.path == (folder / "reference.png").resolve()
    scenes = Timeline(read(folder, "prompts: {0s: a sea, 6s: {image: reference.png, ease: in_sine}}\noutput: {fps: 2}"))
    assert [prompt.text for prompt in scenes.at(0).prompts] == ["a sea"]
    assert [prompt.image for prompt in scenes.at(12).prompts] == [picture.image]


def test_a_picture_is_identified_by_its_content_not_its_path(folder: Path) -> None:
    spec = Timeline(read(folder, "prompts: [{image: reference.png}]")).at(0).to_json()
    assert str(folder) not in spec
    Image.new("RGB", (8, 6), "blue").save(folder / "reference.png")
    assert Timeline(read(folder, "prompts: [{image: reference.png}]")).at(0).to_json() != spec


def _with(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / "weights" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_mistakes_in_a_config_are_found_by_check(folder: Path) -> None:
    perceptor = "models: {perceptors: [{model: weights/clip.json, checkpoint: weights/clip.safetensors}]}"
    _with(folder, "clip.json", '"vision_cfg"', '"wdith": 4, "vision_cfg"')
    said = problem(folder, perceptor)
    assert re.fullmatch(
        r"1:31: models.perceptors\[0\].model: FOLDER/weights/clip.json:\d+:\d+: wdith: unknown setting, refused; .*",
        said,
    )
    latent = "models: {latent: {config: weights/vqgan.yaml, checkpoint: weights/vqgan.safetensors}}"
    _with(folder, "vqgan.yaml", "num_res_blocks: 1", "num_res_blocks: 999")
    assert re.search(
        r"1:18: models.latent: FOLDER/weights/vqgan.yaml:\d+:\d+: .*num_res_blocks: expected", problem(folder, latent)
    )


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("open_clip_config.json", '{"model_cfg": {}}', "open_clip_config.json: not an open_clip config"),
        ("tokenizer_config.json", '{"auto_map": {}}', "tokenizer_config.json: refused: 'auto_map' names code"),
        ("text.txt", "", "'x/y' is not a repository that open_clip names"),
    ],
)
def test_files_beside_the_weights_are_checked(folder: Path, name: str, content: str, said: str) -> None:
    (folder / "weights" / name).write_text(content)
    if name != "open_clip_config.json":
        _with(folder, "clip.json", '"text_cfg": {', '"text_cfg": {"hf_tokenizer_name": "x/y", ')
    found = problem(folder, "models: {perceptors: [{model: weights/clip.json, checkpoint: weights/clip.safetensors}]}")
    assert said in found
    assert found.startswith("1:31: ")
