"""The depth network that ships, on scenes that it was not trained with, and on pictures of every shape."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from render.errors import WeightsError
from render.models.model import ModelFiles
from render.models.registry import find_depth
from render.motion.depth.estimators import Estimate
from render.motion.depth.estimators.embedded import MULTIPLE, load, seen_size
from render.training.depth.losses import unexplained
from render.training.depth.measure import HORIZONS, ground
from render.training.depth.scenes import depth_scene

CPU = torch.device("cpu")
SEED, SIDE = 40_000_000, 96  # of scenes that neither training nor its figures have seen


@pytest.fixture(scope="module")
def estimate() -> Estimate:
    return load(find_depth("embedded").files(), CPU, torch.float32)


def pictures(count: int, height: int, width: int) -> Tensor:
    coarse = torch.rand(count, 3, 4, 6, generator=torch.Generator().manual_seed(5))
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")


def test_it_beats_a_floor_on_scenes_that_it_has_not_seen(estimate: Estimate) -> None:
    drawn = [depth_scene(number, SEED, SIDE) for number in range(60)]
    scenes = [(torch.from_numpy(found[0]).movedim(-1, 0)[None] / 255, found[1].nearness) for found in drawn if found]
    true = torch.stack([torch.from_numpy(near) for _, near in scenes])
    found = torch.cat([estimate(picture) for picture, _ in scenes])
    ours = unexplained(found, true).mean()
    floors = [unexplained(ground(where, SIDE).expand_as(true), true).mean() for where in HORIZONS]
    assert len(scenes) > 30
    assert ours < 0.8 * min(floors)


@pytest.mark.parametrize(("height", "width"), [(96, 160), (72, 128), (37, 211), (300, 20), (1, 1)])
def test_every_size_and_shape(estimate: Estimate, height: int, width: int) -> None:
    found = estimate(pictures(1, height, width))
    assert found.shape == (1, height, width)
    assert found.dtype == torch.float32
    assert found.isfinite().all()
    assert all(side % MULTIPLE == 0 and side > 0 for side in seen_size(height, width))


def test_several_pictures_are_estimated_as_each_alone_and_as_before(estimate: Estimate) -> None:
    several = pictures(3, 48, 80)
    found = estimate(several)
    again = load(find_depth("embedded").files(), CPU, torch.bfloat16)
    for number, picture in enumerate(several):
        assert torch.equal(found[number], estimate(picture[None])[0])
        assert torch.equal(found[number], again(picture[None])[0])


def test_it_computes_in_float32_within_other_precisions(estimate: Estimate) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        within = estimate(pictures(1, 64, 64))
    assert torch.equal(within, estimate(pictures(1, 64, 64)))


def test_other_weights_are_refused(tmp_path: Path) -> None:
    shipped = find_depth("embedded").checkpoint
    assert shipped is not None
    assert shipped.stat().st_size < 4_000_000
    state = load_file(shipped)
    name = next(iter(state))
    for wrong, message in (
        ({name: state[name].new_zeros(3)}, "has shape"),
        ({name: state[name] * torch.nan}, "not finite"),
    ):
        path = tmp_path / "wrong.safetensors"
        save_file({**state, **wrong}, path)
        with pytest.raises(WeightsError, match=message):
            load(ModelFiles(name="embedded", entry="embedded", weights=path), CPU, torch.float32)
