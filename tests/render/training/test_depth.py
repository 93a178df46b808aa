"""The nearness of drawn scenes, and the training of the depth network."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from render.training.config import DepthConfig
from render.training.depth.export import folded
from render.training.depth.losses import gradient_error, normalised, trimmed_error, unexplained
from render.training.depth.measure import ground
from render.training.depth.network import MULTIPLE, DepthNet, TrainedDepth, seen_size
from render.training.depth.scenes import DepthScenes, depth_scene, load_depth_scenes
from render.training.depth.train import DepthRun
from render.training.depth.views import views
from render.training.scenes import SUBJECTS, make_scene, make_sky, make_subject
from render.training.scenes.canvas import Canvas, floor
from render.training.scenes.compose import draw_scene
from render.training.scenes.motifs.water import mirror_water
from render.training.scenes.outlines import Place, oval, points, region, solid
from render.training.scenes.relief import Relief
from render.training.scenes.skies import draw_sky
from render.training.scenes.sky import paint_sky
from render.training.scenes.subjects import draw_subject

SIDE = 64


def canvas(horizon: float = 0.5, time: str = "golden sunset") -> Canvas:
    c = Canvas(np.random.default_rng(3), SIDE, Relief(SIDE))
    c.horizon = horizon
    paint_sky(c, time)
    return c


def nearness(c: Canvas) -> np.ndarray:
    assert c.relief is not None
    return c.relief.nearness


@pytest.mark.parametrize(
    ("make", "draw"), [(make_scene, draw_scene), (make_sky, draw_sky), (make_subject, draw_subject)]
)
def test_a_relief_does_not_change_the_picture(make, draw) -> None:  # type: ignore[no-untyped-def]
    for seed in range(12):
        picture, captions = draw(Canvas(np.random.default_rng(seed), 48, Relief(48)))
        plain, words = make(seed, 48)
        assert np.array_equal(picture, plain)
        assert captions == words


def test_every_subject_has_a_relief_of_finite_nearness() -> None:
    for name in SUBJECTS:
        relief = Relief(32)
        draw_subject(Canvas(np.random.default_rng(1), 32, relief), name)
        assert np.isfinite(relief.nearness).all()
        assert relief.nearness.min() >= 0


def test_water_is_a_floor_up_to_the_horizon_and_the_sun_is_in_the_sky() -> None:
    c = canvas(0.5)
    mirror_water(c, 0.5, np.asarray((20, 60, 120)), 0.5, 0.3)
    assert np.allclose(nearness(c), ground(0.5, SIDE).numpy(), atol=1e-6)
    assert nearness(c)[: SIDE // 2].max() == 0


def test_a_thing_is_as_near_as_the_ground_that_it_stands_on() -> None:
    c = canvas(0.5)
    floor(c, 0.5, (90, 140, 60))
    level = c.relief.horizon if c.relief else None
    solid(c, region(c, Place(0.5, 0.75, 0.2)(points("-0.3,0 -0.3,-2 0.3,-2 0.3,0"))), (90, 60, 40))
    inside = nearness(c)[int(0.4 * SIDE) : int(0.7 * SIDE), SIDE // 2]
    assert level is not None
    assert np.ptp(inside) == 0
    assert inside[0] == pytest.approx(0.75 - level, abs=1.5 / SIDE)


def test_of_two_things_the_one_that_stands_lower_hides_the_other() -> None:
    c = canvas(0.4)
    mirror_water(c, 0.4, np.asarray((20, 60, 120)), 0.5, 0.3)
    for y in (0.6, 0.8):
        c.blend(region(c, oval(0.5, y - 0.1, 0.1, 0.1)), (200, 40, 40))
    far, near = nearness(c)[int(0.45 * SIDE), SIDE // 2], nearness(c)[int(0.75 * SIDE), SIDE // 2]
    assert far == pytest.approx(0.2, abs=2 / SIDE)
    assert near == pytest.approx(0.4, abs=2 / SIDE)


def test_what_is_painted_on_a_thing_is_part_of_it() -> None:
    c = canvas(0.4)
    mirror_water(c, 0.4, np.asarray((20, 60, 120)), 0.5, 0.3)
    c.blend(region(c, oval(0.5, 0.5, 0.2, 0.3)), (200, 40, 40))
    c.blend(region(c, oval(0.5, 0.35, 0.05, 0.05)), (240, 240, 240))
    assert nearness(c)[int(0.35 * SIDE), SIDE // 2] == nearness(c)[int(0.6 * SIDE), SIDE // 2]


def test_errors_do_not_depend_on_scale_and_shift() -> None:
    true = torch.rand(2, 12, 16, generator=torch.Generator().manual_seed(0))
    found = true * torch.tensor([3.0, 0.2])[:, None, None] + torch.tensor([-5.0, 9.0])[:, None, None]
    assert float(trimmed_error(normalised(found), normalised(true), 0.05)) == pytest.approx(0, abs=1e-4)
    assert float(gradient_error(normalised(found), normalised(true))) == pytest.approx(0, abs=1e-3)
    assert float(unexplained(found, true).max()) == pytest.approx(0, abs=1e-3)
    assert float(unexplained(-true, true).min()) == 1
    assert float(unexplained(torch.zeros_like(true), true).min()) == 1


def test_weights_with_their_normalisation_folded_in_compute_the_same() -> None:
    torch.manual_seed(0)
    net = DepthNet(nn.BatchNorm2d)
    for _ in range(3):
        net(torch.rand(2, 3, 64, 64))
    plain = DepthNet()
    plain.load_state_dict(folded(net.state_dict()))
    picture = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        assert torch.allclose(net.eval()(picture), plain.eval()(picture), atol=1e-4)


def scenes(count: int) -> DepthScenes:
    drawn = [found for number in range(4 * count) if (found := depth_scene(number, 50_000_000, 48))][:count]
    pictures = np.stack([picture for picture, _ in drawn])
    near = np.stack([np.round(255 * relief.nearness / relief.nearness.max()) for _, relief in drawn]).astype(np.uint8)
    return DepthScenes(pictures=pictures, nearness=near, horizons=np.full(count, 0.5, np.float32), seen=pictures)


def test_views_fit_together_and_come_again() -> None:
    few = scenes(4)
    for seed in range(4):
        one, again = (views(few, np.arange(4), 2, np.random.default_rng(seed)) for _ in range(2))
        assert one.pictures.shape[-2:] == (2 * one.nearness.shape[1], 2 * one.nearness.shape[2])
        assert torch.equal(one.pictures, again.pictures)
        assert 0 <= float(one.pictures.min()) <= float(one.pictures.max()) <= 1


def test_a_training_run_resumes_where_it_was_saved(tmp_path: Path) -> None:
    few = scenes(6)
    few.save(tmp_path / "few.npz")
    assert np.array_equal(load_depth_scenes(tmp_path / "few.npz").nearness, few.nearness)
    config = DepthConfig(steps=4, batch=4, save_every=2)
    whole = DepthRun(few, tmp_path / "whole", config)
    whole.train()
    DepthRun(few, tmp_path / "parts", config).train(until=3)  # the third step is lost
    rest = DepthRun(few, tmp_path / "parts", config)
    rest.train()
    assert rest.step == 4
    for name, value in whole.net.state_dict().items():
        assert torch.equal(value, rest.net.state_dict()[name])


@pytest.mark.parametrize(("height", "width"), [(96, 160), (37, 211), (300, 20), (1, 1)])
def test_it_estimates_every_size_each_picture_as_if_alone(height: int, width: int) -> None:
    torch.manual_seed(0)
    estimate = TrainedDepth(DepthNet().eval())
    several = torch.rand(2, 3, height, width)
    found = estimate(several)
    assert found.shape == (2, height, width)
    assert found.isfinite().all()
    assert all(side % MULTIPLE == 0 and side > 0 for side in seen_size(height, width))
    for number, picture in enumerate(several):
        assert torch.equal(found[number], estimate(picture[None])[0])
