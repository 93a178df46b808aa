"""MiDaS small from files in the published format: a state dict as torch.save writes it."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from render.errors import WeightsError
from render.models import registry
from render.motion.depth.estimators.midas import Midas, Network, load, seen_size

CPU = torch.device("cpu")
# Of `MidasNet_small(features=64, backbone="efficientnet_lite3", blocks={"expand": True})` in isl-org/MiDaS.
TENSORS, NUMBERS = 482, 21_394_729
SHAPES = {
    "pretrained.layer1.0.weight": (32, 3, 3, 3),
    "pretrained.layer1.1.running_mean": (32,),
    "pretrained.layer1.3.0.conv_dw.weight": (32, 1, 3, 3),
    "pretrained.layer1.4.2.conv_pwl.weight": (32, 192, 1, 1),
    "pretrained.layer2.0.0.conv_dw.weight": (192, 1, 5, 5),
    "pretrained.layer3.1.4.bn3.running_var": (136,),
    "pretrained.layer4.1.0.conv_pwl.weight": (384, 1392, 1, 1),
    "scratch.layer4_rn.weight": (512, 384, 3, 3),
    "scratch.refinenet4.out_conv.weight": (256, 512, 1, 1),
    "scratch.refinenet1.resConfUnit2.conv2.bias": (64,),
    "scratch.output_conv.0.weight": (32, 64, 3, 3),
    "scratch.output_conv.2.weight": (32, 32, 3, 3),
    "scratch.output_conv.4.bias": (1,),
}


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    """Weights whose nearness differs from picture to picture, unlike that of fresh ones."""
    torch.manual_seed(5)
    state = Network().state_dict()
    state["scratch.output_conv.4.bias"].fill_(1.0)
    return state


def published(state: Any, path: Path, write: Callable[[Any, Path], None] = torch.save) -> Path:
    write(state, path)
    return path


def loaded(weights: Path) -> Midas:
    return load(registry.find_depth("midas-small").files(weights), CPU, torch.float32)


def test_its_tensors_are_those_of_the_published_file(state: dict[str, Tensor]) -> None:
    assert {key: tuple(state[key].shape) for key in SHAPES} == SHAPES
    assert len(state) == TENSORS
    assert sum(value.numel() for value in state.values()) == NUMBERS
    assert {key.partition(".")[0] for key in state} == {"pretrained", "scratch"}


@pytest.mark.parametrize("layout", [{}, {"_use_new_zipfile_serialization": False}])
def test_it_computes_with_the_weights_of_a_file(state: dict[str, Tensor], layout: Any, tmp_path: Path) -> None:
    ours = loaded(published(state, tmp_path / "a.pt", lambda value, path: torch.save(value, path, **layout)))
    expected = Network().eval()
    expected.load_state_dict(state)
    image = torch.rand(1, 3, 64, 256)
    mean, std = (torch.tensor(numbers).view(1, 3, 1, 1) for numbers in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.no_grad():
        assert torch.equal(ours(image), expected((image - mean) / std))
    assert ours(image).std() > 1e-3


def test_pictures_of_any_size_and_number(state: dict[str, Tensor], tmp_path: Path) -> None:
    ours = loaded(published(state, tmp_path / "a.pt"))
    image = torch.rand(2, 3, 31, 77)
    with torch.autocast("cpu", torch.bfloat16):
        found = ours(image)
    assert found.shape == (2, 31, 77)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found[1:], ours(image[1:]), atol=1e-5, rtol=1e-5)


def test_a_picture_is_seen_at_the_size_that_the_published_transform_chooses() -> None:
    assert seen_size(144, 256) == (128, 256)
    assert seen_size(720, 1280) == (128, 256)
    assert seen_size(1000, 900) == (256, 224)
    assert seen_size(5, 1000) == (32, 256)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: dict(list(state.items())[1:]), "is missing"),
        (lambda state: {**state, "scratch.layer1_rn.weight": torch.zeros(3)}, "has shape"),
        (lambda state: {**state, "scratch.output_conv.4.bias": torch.tensor([torch.nan])}, "not finite"),
        (list, "no state dict"),
    ],
)
def test_other_weights_are_refused(state: dict[str, Tensor], change: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=message):
        loaded(published(change(state), tmp_path / "a.pt"))


class Opens:
    def __reduce__(self) -> tuple[Any, ...]:
        return open, ("opened", "w")


def test_nothing_in_a_file_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number, write in enumerate((torch.save, lambda value, path: path.write_bytes(pickle.dumps(value)))):
        with pytest.raises(WeightsError):
            loaded(published({"pretrained.layer1.0.weight": Opens()}, tmp_path / f"{number}.pt", write))
    assert not (tmp_path / "opened").exists()


def test_random_weights_are_the_same_every_time() -> None:
    image = torch.rand(1, 3, 64, 64)
    files = registry.find_depth("random:midas-small").files()
    one, other = (load(files, CPU, torch.float32)(image) for _ in range(2))
    assert torch.equal(one, other)
