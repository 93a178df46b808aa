"""Every published kind of transformer, in its published format, compared with taming's modules and mingpt's formula."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from render.errors import InputError, WeightsError
from render.files.checkpoints import store
from render.latents import vqgan
from render.models.net2net import read_net2net
from render.priors.transformer.checkpoint import load_second_stage, needed_tensors
from render.priors.transformer.conditions import Condition, coordinates, map_codes, tokens
from render.priors.transformer.sampling import Sampling, draw
from render.priors.transformer.windows import UNKNOWN, fill
from render.rng import uniform
from tests.mingpt import logits, weights_only
from tests.published import VQ, Taming
from tests.second_stage import KINDS, SEGMENTATION, SIDE, STUFF, publish_second_stage, stage, states

CPU = torch.device("cpu")


def saved(values: object, folder: Path) -> Path:
    path = folder / "map.png"
    Image.fromarray(np.asarray(values, np.uint8)).save(path)
    return path


def test_the_config_is_read_as_taming_reads_it(tmp_path: Path) -> None:
    read = {}
    for kind, config in KINDS.items():
        files = publish_second_stage(config, tmp_path, {"transformer.x": torch.zeros(1)})
        assert isinstance(files.architecture, Path)
        read[kind] = read_net2net(files.architecture)
        assert (read[kind].side, read[kind].stride, read[kind].num_codes) == (SIDE, 4, 16)
    assert [found.condition for found in read.values()] == [
        *("none", "none", "class", "coordinates", "segmentation", "segmentation", "depth", "depth", "picture")
    ]
    assert (read["celebahq"].sos_token, read["ffhq"].sos_token) == (0, 3)
    assert (read["imagenet"].num_classes, read["faceshq"].num_levels, read["coco"].channels) == (10, 16, 7)
    assert [kind for kind, found in read.items() if found.is_spatial] == [
        *("faceshq", "sflckr", "coco", "drin", "first stage")
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_codes_and_picture_are_tamings(kind: str, tmp_path: Path) -> None:
    """From the checkpoint to the picture, with codes of a condition before those of the picture."""
    config = KINDS[kind]
    files = publish_second_stage(config, tmp_path)
    second = load_second_stage(files, CPU, torch.float64)
    rows = SIDE * SIDE
    num_before = second.read.num_before or rows
    before = torch.arange(num_before).view(1, -1) % 16
    generator = torch.Generator().manual_seed(2)
    grid = torch.full((1, SIDE, SIDE), UNKNOWN)
    found = fill(second.gpt, grid, Condition(codes=before, side=SIDE), SIDE, Sampling(), generator, num_codes=16)
    state = {key[12:]: value.double() for key, value in states(config).items() if key.startswith("transformer.")}
    sequence, drawing = before, torch.Generator().manual_seed(2)
    for _ in range(rows):
        last = logits(weights_only(state), 2, sequence)[:, -1]
        sequence = torch.cat((sequence, draw(last, uniform((1, 1), drawing), Sampling())[:, None]), dim=1)
    assert torch.equal(found.flatten(1), sequence[:, num_before:])
    with torch.no_grad():
        taming = Taming(VQ)
        entries = F.embedding(found, taming.modules["quantize"].get_parameter("embedding.weight")).movedim(-1, 1)
        ours = vqgan.load(files, CPU, torch.float32, quantize=True)
        torch.testing.assert_close(ours.decode(ours.entries(found)), taming.decode(entries), atol=1e-5, rtol=0)


def tamings_codes(config: dict[str, Any], maps: Tensor) -> Tensor:
    """`Net2NetTransformer.encode_to_c` for a condition stage that is a VQGAN."""
    modules = Taming(config).modules
    info = modules["quantize"](modules["quant_conv"](modules["encoder"](maps)))[2]
    indices: Tensor = info[2].view(len(maps), -1)
    return indices


@pytest.mark.parametrize(("kind", "condition", "num_labels"), [("sflckr", SEGMENTATION, 5), ("coco", STUFF, 7)])
def test_a_segmentation_is_encoded_as_taming_does(
    kind: str, condition: dict[str, Any], num_labels: int, tmp_path: Path
) -> None:
    labels = torch.randint(num_labels, (24, 32), generator=torch.Generator().manual_seed(0))
    second = load_second_stage(publish_second_stage(KINDS[kind], tmp_path), CPU, torch.float32)
    assert second.encoder is not None
    found = map_codes(saved(labels, tmp_path), second.read, second.encoder, 6, 8)
    maps = torch.from_numpy(np.eye(num_labels)[labels.numpy()]).permute(2, 0, 1)[None].float()
    assert torch.equal(found.flatten(1), tamings_codes(condition, maps))
    assert found.shape == (1, 6, 8)
    assert len(set(found.flatten().tolist())) > 2


def test_labels_of_coco_stuff_are_shifted_by_one(tmp_path: Path) -> None:
    config = copy.deepcopy(KINDS["coco"])
    config["params"]["cond_stage_config"] = stage(183, "VQSegmentationModel", n_labels=183)
    second = load_second_stage(publish_second_stage(config, tmp_path), CPU, torch.float32)
    assert second.encoder is not None
    labels = torch.tensor([0, 181, 255, 17]).repeat(16, 4)
    found = map_codes(saved(labels, tmp_path), second.read, second.encoder, 4, 4)
    maps = torch.from_numpy(np.eye(183)[np.uint8(labels.numpy()) + np.uint8(1)]).permute(2, 0, 1)[None].float()
    assert torch.equal(found.flatten(1), tamings_codes(config["params"]["cond_stage_config"], maps))


def test_a_depth_map_is_encoded_as_taming_does(tmp_path: Path) -> None:
    depth = torch.randint(20, 200, (16, 24), generator=torch.Generator().manual_seed(0))
    second = load_second_stage(publish_second_stage(KINDS["drin"], tmp_path), CPU, torch.float32)
    assert second.encoder is not None
    found = map_codes(saved(depth, tmp_path), second.read, second.encoder, 4, 6)
    scaled = (depth.float() - depth.min()) / (depth.max() - depth.min()) * 2 - 1
    assert torch.equal(found.flatten(1), tamings_codes(stage(1), scaled[None, None]))


def test_a_condition_of_one_size_comes_whole_before_every_window(tmp_path: Path) -> None:
    second = load_second_stage(publish_second_stage(KINDS["downsampled"], tmp_path), CPU, torch.float32)
    assert second.encoder is not None
    path = saved(np.linspace(0, 255, 24 * 32).reshape(24, 32), tmp_path)
    codes = map_codes(path, second.read, second.encoder, 6, 8)
    assert codes.shape == (1, 4)
    condition = Condition(codes=codes, side=SIDE)
    assert torch.equal(condition(0, 0), condition(2, 4))


@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (5, 9)])
def test_coordinates_are_tamings(rows: int, columns: int) -> None:
    """`FacesHQTrain` numbers the pixels, `CoordStage` takes means and rounds."""
    height, width = rows * 16, columns * 16
    pixels = torch.from_numpy(np.arange(height * width).reshape(1, 1, height, width) / (height * width))
    wanted = (1024 * F.interpolate(pixels, scale_factor=1 / 16, mode="area").clamp(0, 1)).round().long()
    assert torch.equal(coordinates(rows, columns, 16, 1024), wanted[0])


def test_a_class_and_a_start_token_are_one_code_before_the_picture() -> None:
    """`Labelator` and `SOSProvider`."""
    condition = Condition(codes=tokens(torch.tensor([3, 3, 7])), side=SIDE)
    assert condition(5, 2).tolist() == [[3], [3], [7]]


@pytest.mark.parametrize("kind", ["coco", "celebahq", "first stage"])
def test_the_needed_tensors_load_as_the_whole_checkpoint_does(kind: str, tmp_path: Path) -> None:
    files = publish_second_stage(KINDS[kind], tmp_path)
    assert isinstance(files.architecture, Path)
    assert files.weights is not None
    needed = needed_tensors(files.weights, files.architecture)
    assert needed.keys() < states(KINDS[kind]).keys()
    assert not any("mask" in key or ".loss." in key for key in needed)
    codes = torch.arange(8).view(1, -1)
    wanted = load_second_stage(files, CPU, torch.float32).gpt(codes)
    target = tmp_path / "kept.safetensors"
    store(needed, target, original=files.weights, source_sha256="0")
    kept = load_second_stage(replace(files, weights=target), CPU, torch.float32)
    assert torch.equal(kept.gpt(codes), wanted)


def test_random_weights_come_from_their_seed_alone(tmp_path: Path) -> None:
    files = replace(publish_second_stage(KINDS["drin"], tmp_path), weights=None)
    codes, before = torch.arange(8).view(1, -1), torch.get_rng_state()
    drawn = [load_second_stage(replace(files, random_seed=seed), CPU, torch.float32) for seed in (5, 5, 6)]
    first, again, other = (second.gpt(codes) for second in drawn)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(WeightsError, match="it has neither weights nor a seed"):
        load_second_stage(files, CPU, torch.float32)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full((8, 8), 9), r"map\.png: it has label 9; the model has 5 labels"),
        (np.random.default_rng(0).integers(0, 4, (8, 8, 3)), r"map\.png: expected a grey picture .*; it has colours"),
    ],
)
def test_a_picture_that_is_no_map_is_refused(values: object, message: str, tmp_path: Path) -> None:
    second = load_second_stage(publish_second_stage(KINDS["sflckr"], tmp_path), CPU, torch.float32)
    assert second.encoder is not None
    with pytest.raises(InputError, match=message):
        map_codes(saved(values, tmp_path), second.read, second.encoder, 4, 4)


def changed(kind: str, change: Callable[[dict[str, Any]], object], folder: Path) -> Path:
    config = copy.deepcopy(KINDS[kind])
    change(config["params"])
    files = publish_second_stage(config, folder, {"transformer.x": torch.zeros(1)})
    assert isinstance(files.architecture, Path)
    return files.architecture


def gpt(**numbers: object) -> Callable[[dict[str, Any]], object]:
    return lambda params: params["transformer_config"]["params"].update(numbers)


HOSTILE: dict[str, tuple[str, Callable[[dict[str, Any]], object], str]] = {
    "layers": ("celebahq", gpt(n_layer=10**6), "n_layer: expected a whole number from 1 to 256, got 1000000"),
    "width": ("celebahq", gpt(n_embd=10**9), "n_embd: expected a whole number"),
    "all together": ("celebahq", gpt(n_layer=256, n_embd=16384), "at most 20,000,000,000 are read"),
    "vocabulary": ("celebahq", gpt(vocab_size=2**40), "vocab_size: expected a whole number"),
    "block": ("celebahq", gpt(block_size=10**8), "block_size: expected a whole number"),
    "a negative number": ("celebahq", gpt(n_layer=-1), "n_layer: expected a whole number"),
    "a text": ("celebahq", gpt(n_head="x" * 99), "n_head: expected a whole number"),
    "heads": ("celebahq", gpt(n_head=3), "n_head: 3 heads do not divide n_embd 8"),
    "a small vocabulary": ("celebahq", gpt(vocab_size=15), "vocab_size: expected at least 16, for codes and condition"),
    "classes": ("imagenet", lambda params: params["cond_stage_config"]["params"].update(n_classes=17), "at least 17"),
    "unmasked": ("celebahq", gpt(n_unmasked=2), "n_unmasked: 2 is more than the condition's codes"),
    "an unknown number": ("celebahq", gpt(n_hidden=3), "n_hidden: unknown setting, refused"),
    "another transformer": (
        "celebahq",
        lambda params: params["transformer_config"].update(target="os.system"),
        "target: expected one of: taming.modules.transformer.mingpt.GPT, got 'os.system'",
    ),
    "another condition": (
        "imagenet",
        lambda params: params["cond_stage_config"].update(target="subprocess.run"),
        "target: expected one of: taming.modules.util.SOSProvider, .*, got 'subprocess.run'",
    ),
    "another order": (
        "celebahq",
        lambda params: params.update(permuter_config={"target": "taming.modules.transformer.permuter.Subsample"}),
        "permuter_config.target: expected one of: taming.modules.transformer.permuter.Identity",
    ),
    "codes all at once": ("drin", lambda params: params.update(pkeep=0), "pkeep: 0 describes a model that draws all"),
    "a huge map": ("drin", lambda params: params.update(downsample_cond_size=10**6), "downsample_cond_size: expected"),
    "no condition": ("celebahq", lambda params: params.pop("cond_stage_config"), "not a taming transformer config"),
    "a list": ("celebahq", lambda params: params.update(transformer_config=[1]), "not a taming transformer config"),
    "a wide condition": (
        "drin",
        lambda params: params["cond_stage_config"]["params"]["ddconfig"].update(ch=2048, ch_mult=[64, 64]),
        "ch_mult: expected at most 8,192 channels",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_config_is_refused_with_its_place(case: str, tmp_path: Path) -> None:
    kind, change, message = HOSTILE[case]
    with pytest.raises(WeightsError, match=rf"model\.yaml:.*{message}"):
        read_net2net(changed(kind, change, tmp_path))


def test_a_config_of_a_vqgan_alone_is_no_transformer(tmp_path: Path) -> None:
    path = changed("celebahq", lambda params: None, tmp_path)
    path.write_text(path.read_text().replace("cond_transformer.Net2NetTransformer", "vqgan.VQModel"))
    with pytest.raises(WeightsError, match=r"target is 'taming\.models\.vqgan\.VQModel', expected 'taming"):
        read_net2net(path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("transformer.head.weight", None, "'head.weight' is missing"),
        ("transformer.blocks.1.attn.key.weight", torch.zeros(4, 8), r"has shape \(4, 8\), .* asks for \(8, 8\)"),
        ("transformer.blocks.7.ln1.weight", torch.zeros(8), "has no place in"),
        ("cond_stage_model.encoder.conv_in.weight", None, "'encoder.conv_in.weight' is missing"),
        ("first_stage_model.quant_conv.bias", torch.zeros(3), r"has shape \(3,\)"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(
    key: str, value: Tensor | None, message: str, tmp_path: Path
) -> None:
    state = states(KINDS["drin"])
    state.pop(key, None)
    if value is not None:
        state[key] = value
    with pytest.raises(WeightsError, match=rf"last\.ckpt: .*{message}"):
        load_second_stage(publish_second_stage(KINDS["drin"], tmp_path, state), CPU, torch.float32)
