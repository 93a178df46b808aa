"""RAFT from files in the published format: a state dict as torch.save writes it."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torchvision.models.optical_flow import raft_large, raft_small

from render.errors import WeightsError
from render.models import registry
from render.models.model import ModelFiles
from render.motion.flow.estimators.raft import Raft, load

CPU = torch.device("cpu")
BUILD = {"raft-small": raft_small, "raft-large": raft_large}


def files(name: str, weights: Path) -> ModelFiles:
    return registry.find_flow(name).files(weights)


def published(name: str, path: Path, change: Callable[[dict[str, Tensor]], Any] = lambda state: state) -> ModelFiles:
    torch.manual_seed(5)
    torch.save(change(BUILD[name](weights=None, progress=False).state_dict()), path)
    return files(name, path)


@pytest.mark.parametrize("name", BUILD)
def test_it_computes_what_torchvision_computes(name: str, tmp_path: Path) -> None:
    torch.manual_seed(5)
    theirs: Any = BUILD[name](weights=None, progress=False).eval()
    ours = load(published(name, tmp_path / "raft.pth"), CPU)
    first, second = torch.rand(2, 1, 3, 128, 136).unbind()
    with torch.no_grad():
        expected = theirs(first * 2 - 1, second * 2 - 1, num_flow_updates=12)[-1]
    assert torch.equal(ours(first, second), expected)
    assert ours.identity.startswith(name.replace("-", "_"))


@pytest.mark.parametrize(("height", "width"), [(40, 64), (130, 250), (128, 128)])
def test_pictures_of_any_size(height: int, width: int) -> None:
    ours = load(registry.find_flow("random:raft-small").files(), CPU)
    moved = ours(*torch.rand(2, 1, 3, height, width).unbind())
    assert moved.shape == (1, 2, height, width)
    assert moved.isfinite().all()
    assert moved.dtype == torch.float32


def test_it_computes_in_float32_whatever_surrounds_it() -> None:
    ours = load(registry.find_flow("random:raft-small").files(), CPU)
    pictures = torch.rand(2, 1, 3, 128, 128).unbind()
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(ours(*pictures), ours(*(picture.clone() for picture in pictures)))
        inside = ours(*pictures)
    assert torch.equal(inside, ours(*pictures))


def without_one(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return dict(list(state.items())[1:])


def with_another_shape(state: dict[str, Tensor]) -> dict[str, Tensor]:
    key = next(iter(state))
    return {**state, key: state[key][:-1].clone()}


def with_nan(state: dict[str, Tensor]) -> dict[str, Tensor]:
    next(iter(state.values())).fill_(torch.nan)
    return state


@pytest.mark.parametrize(
    ("change", "message"),
    [(without_one, "is missing"), (with_another_shape, "has shape"), (with_nan, "not finite"), (list, "no state dict")],
)
def test_other_weights_are_refused(change: Callable[[dict[str, Tensor]], Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=message):
        load(published("raft-small", tmp_path / "raft.pth", change), CPU)


def test_the_large_one_is_not_the_small_one(tmp_path: Path) -> None:
    small = published("raft-small", tmp_path / "raft.pth")
    assert small.weights is not None
    with pytest.raises(WeightsError, match="raft-large"):
        load(files("raft-large", small.weights), CPU)


class Opens:
    def __reduce__(self) -> tuple[Any, ...]:
        return open, ("opened", "w")


def test_nothing_in_a_file_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path, write in ((tmp_path / "a.pth", torch.save), (tmp_path / "b.pth", dumped)):
        write({"feature_encoder.weight": Opens()}, path)
        with pytest.raises(WeightsError):
            load(files("raft-small", path), CPU)
    assert not (tmp_path / "opened").exists()


def dumped(value: object, path: Path) -> None:
    path.write_bytes(pickle.dumps(value))


def test_published_files_are_known_by_their_digest() -> None:
    for name in BUILD:
        model = registry.find_flow(name)
        download = model.download
        assert download is not None
        assert download.sha256 is not None
        assert f"-{download.sha256[:8]}.pth" in download.addresses[0]
        assert model.licence


def test_random_weights_are_the_same_every_time() -> None:
    pictures = torch.rand(2, 1, 3, 128, 128).unbind()
    one, other = (load(registry.find_flow("random:raft-small").files(), CPU) for _ in range(2))
    assert isinstance(one, Raft)
    assert one.identity == other.identity
    assert torch.equal(one(*pictures), other(*pictures))
