"""What a model estimates of a room: with an oracle, which knows how near everything is up to scale and shift."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from render.errors import RunError
from render.guidance.perceptors.toy import Toy
from render.latents.pixels import Pixels
from render.models import registry
from render.models.model import ModelFiles
from render.motion.composed import Motions, carried
from render.motion.depth import estimated, estimators
from render.motion.warp import warp
from render.renderer.loading.load import load_renderer
from render.renderer.renderer import Renderer, Scorer
from render.renderer.state import FrameState
from render.spec import FrameMotion, FrameSpec
from render.spec.camera import Depth, RoomMove
from tests.render.conftest import AddEntry
from tests.render.motion.depth.rays import CARDS, SLANTED, Camera, cast
from tests.render.motion.depth.scenes import HEIGHT, SIZE, WIDTH, camera, moved, picture, pictured, view

CPU = torch.device("cpu")
SCENE = (SLANTED, *CARDS)
EVERY, FRAMES = 3, 9


class Oracle:
    """Knows what a camera sees, in another scale and from another zero each time it is asked."""

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self.camera = camera(0, 0, 0)
        self.asked = 0

    def __call__(self, image: Tensor) -> Tensor:
        self.asked += 1
        scale, zero = self._random.uniform(0.2, 20), self._random.uniform(-5, 5)
        return (scale * nearness_of(self.camera) + zero).expand(len(image), -1, -1)


def nearness_of(seen_by: Camera) -> Tensor:
    return torch.from_numpy(1 / cast(seen_by, SCENE, *SIZE).ahead).float()[None]


def room(**others: float) -> Depth:
    """The room as a model sees it whose estimates are stretched to the true distances."""
    flat = nearness_of(camera(0, 0, 0)).flatten()
    far, near = (float(1 / torch.quantile(flat, share)) for share in (0.02, 0.98))
    depth = Depth(kind="model", model="oracle", near=near, far=far, every=EVERY, smooth=0.5, fov=60.0)
    return replace(depth, **others)  # type: ignore[arg-type]


def moves(path: Sequence[Camera], depth: Depth) -> Iterator[RoomMove]:
    for number, (before, after) in enumerate(itertools.pairwise(path)):
        estimate = "first" if number == 0 else "again" if number % EVERY == 0 else None
        yield RoomMove(depth=depth, before=view(before), after=view(after), estimate=estimate)


def rendered(path: Sequence[Camera], oracle: Oracle, spec: FrameSpec, depth: Depth | None = None) -> list[FrameState]:
    """The states of frames that are moved along a path and not refined."""
    renderer = Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU, estimates={"oracle": oracle})
    image = picture(cast(path[0], SCENE, *SIZE))
    states = [FrameState(index=0, image=image, latent=None, similarity=torch.zeros(1))]
    for number, move in enumerate(moves(path, depth or room())):
        oracle.camera = path[number]
        states.append(renderer.step(states[-1], replace(spec, size=SIZE, index=number + 1, camera=move)))
    return states


def along(x: float, y: float, z: float, pan: float = 0.0) -> list[Camera]:
    return [camera(x * share, y * share, z * share, pan * share) for share in np.linspace(0, 1, FRAMES)]


@pytest.mark.parametrize("path", [along(0.3, 0.1, 0), along(0.1, 0, 0.25, 3)])
def test_an_oracle_moves_the_picture_as_a_picture_of_depth_does(path: list[Camera], spec: FrameSpec) -> None:
    oracle = Oracle()
    states = rendered(path, oracle, spec)
    depth, fields = pictured(cast(path[0], SCENE, *SIZE))
    expected = states[0].image
    for before, after in itertools.pairwise(path):
        expected = warp(expected, moved(depth, before, after, fields), "reflect")
    true = picture(cast(path[-1], SCENE, *SIZE))
    apart, theirs, ours = (expected - states[-1].image, expected - true, states[-1].image - true)
    assert oracle.asked == 3
    assert ours.abs().mean() < 1.1 * theirs.abs().mean()  # of what was hidden, both show something else
    assert apart.abs().amax(dim=1).flatten().quantile(0.8) < 0.01


def test_scale_and_zero_of_an_estimate_change_nothing(spec: FrameSpec) -> None:
    path = along(0.2, 0, 0.1)
    one, other = (rendered(path, Oracle(seed), spec)[-1] for seed in (1, 2))
    assert one.nearness is not None
    assert other.nearness is not None
    torch.testing.assert_close(one.nearness, other.nearness, atol=1e-4, rtol=1e-4)
    # an edge may fall on either side of a pixel
    assert (one.image - other.image).abs().amax(dim=1).flatten().quantile(0.995) < 1e-3


def test_an_estimate_lies_between_near_and_far_and_outliers_a_little_beyond() -> None:
    depth = Depth(kind="model", model="oracle", near=2.0, far=8.0)
    found = torch.linspace(3, 7, 10_000).view(1, 100, 100)
    found[0, 0, :20], found[0, 0, 20:40] = 1e6, -1e6
    nearness, level = estimated.first(found, depth)
    assert nearness.max() == 2 / depth.near
    assert nearness.min() == 1 / (2 * depth.far)
    middle = nearness.flatten().sort().values[300:-300]
    assert middle[0] == pytest.approx(1 / 8, abs=0.01)
    assert middle[-1] == pytest.approx(1 / 2, abs=0.01)
    torch.testing.assert_close(estimated.again(found, level, depth), nearness, atol=0.03, rtol=0)


def test_a_picture_in_which_all_is_equally_far_is_far() -> None:
    depth = Depth(kind="model", model="oracle", near=2.0, far=8.0)
    for value in (0.0, 1e-9, 5.0, -3e7):
        nearness, level = estimated.first(torch.full((2, 4, 4), value), depth)
        assert torch.equal(nearness, torch.full((2, 4, 4), 1 / 8))
        assert torch.equal(estimated.again(torch.full((2, 4, 4), value), level, depth), nearness)


def test_each_picture_has_a_room_of_its_own() -> None:
    both = torch.cat([nearness_of(camera(0, 0, 0)), nearness_of(camera(0.4, 0, 0.8))])
    images = torch.rand(2, 3, HEIGHT, WIDTH)
    move = RoomMove(depth=room(), before=view(camera(0, 0, 0)), after=view(camera(0.2, 0.1, 0.3, 2)))
    motions = [
        FrameMotion(transforms={"zoom": 1.1, "rotate": 3.0}, center=(0.4, 0.5), camera=move),
        FrameMotion(transforms={"pan_x": 0.1}, center=(0.5, 0.5), camera=replace(move, before=move.after)),
    ]
    displace = Motions()
    together = displace(images, motions, both)
    for number in range(2):
        own = both[number : number + 1]
        alone = displace(images[number : number + 1], motions, own)
        assert torch.equal(warp(images, together, "wrap")[number], warp(images[number : number + 1], alone, "wrap")[0])
        assert torch.equal(carried(together, both)[number], carried(alone, own)[0])
        points = torch.rand(1, 5, 7, 2, dtype=torch.float64) * HEIGHT
        seen, seen_alone = together.visible(points), alone.visible(points)
        assert seen is not None
        assert seen_alone is not None
        assert torch.equal(seen[number], seen_alone[0])
    back = warp(warp(images, together, "reflect"), together.inverse(), "reflect")
    assert back.shape == images.shape


def test_what_is_known_is_carried_along_with_the_picture() -> None:
    """Nearer as the camera drives on, and enlarged as the picture is."""
    start, end = camera(0, 0, 0), camera(0.1, 0, 0.3)
    move = RoomMove(depth=room(), before=view(start), after=view(end))
    image = torch.rand(1, 3, HEIGHT, WIDTH)
    driven = Motions()(image, [FrameMotion(transforms={}, center=(0.5, 0.5), camera=move)], nearness_of(start))
    apart = (carried(driven, nearness_of(start)) - nearness_of(end)).abs() / nearness_of(end)
    assert apart[..., 4:-4, 4:-4].flatten().quantile(0.9) < 0.01
    zoomed = Motions()(image, [FrameMotion(transforms={"zoom": 2.0}, center=(0.5, 0.5))])
    large = carried(zoomed, nearness_of(start))
    rows, columns = slice(HEIGHT // 4, -HEIGHT // 4), slice(WIDTH // 4, -WIDTH // 4)
    assert (large[0, ::2, ::2] / nearness_of(start)[0, rows, columns] - 1).abs().flatten().quantile(0.9) < 0.02


def test_frames_between_see_the_room_of_the_frame_that_they_start_from(spec: FrameSpec) -> None:
    """Of the model's one estimate, the frames between and the one after them are what the caster sees."""
    path = along(0.3, 0, 0.1)[:4]
    first_move, *others = moves(path, room())
    center = (0.5, 0.5)
    own = [FrameMotion(transforms={}, center=center, camera=move) for move in (first_move, *others)]
    key = replace(spec, size=SIZE, index=3, camera=own[2].camera, travelled=tuple(own[:2]))
    oracle = Oracle()
    renderer = Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU, estimates={"oracle": oracle})
    image = picture(cast(path[0], SCENE, *SIZE))
    begun = state = FrameState(index=0, image=image, latent=None, similarity=torch.zeros(1))
    for number in (1, 2):
        state = renderer.step(state, replace(key, index=number, camera=own[number - 1].camera, travelled=(), key=key))
        true = picture(cast(path[number], SCENE, *SIZE))
        assert (state.image - true).abs().mean() < 0.4 * (image - true).abs().mean()
    last = renderer.step(state, key)
    assert oracle.asked == 1
    again = Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU, estimates={"oracle": Oracle()})
    directly = again.step(begun, key)
    assert torch.equal(last.image, directly.image)
    assert last.nearness is not None
    assert directly.nearness is not None
    assert torch.equal(last.nearness, directly.nearness)


def test_a_camera_that_rests_leaves_the_range_and_forgets_the_room(spec: FrameSpec) -> None:
    state = rendered(along(0.1, 0, 0), Oracle(), spec)[-1]
    oracle = Oracle(4)
    renderer = Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU, estimates={"oracle": oracle})
    rested = renderer.step(state, replace(spec, size=SIZE, index=20))
    assert rested.nearness is None
    assert rested.level is not None
    move = RoomMove(depth=room(), before=view(camera(0, 0, 0)), after=view(camera(0.1, 0, 0)), estimate="again")
    going = renderer.step(rested, replace(spec, size=SIZE, index=21, camera=move))
    assert oracle.asked == 1
    assert going.level is not None
    assert torch.equal(going.level, rested.level)
    cut = renderer.step(going, replace(spec, size=SIZE, index=22, cut=True))
    assert (cut.nearness, cut.level) == (None, None)


def test_an_entry_of_the_catalogue_is_loaded_by_its_name(add_entry: AddEntry, spec: FrameSpec) -> None:
    oracle = Oracle()
    add_entry(estimators, "oracle", load=lambda files, device, dtype: oracle)
    renderer = load_renderer(
        registry.find_latent("pixels").files(),
        [(registry.find_perceptor("toy").files(), 1.0)],
        False,
        CPU,
        torch.float32,
        depths=[ModelFiles(name="oracle", entry="oracle")],
    )
    state = FrameState(index=0, image=torch.rand(1, 3, HEIGHT, WIDTH), latent=None, similarity=torch.zeros(1))
    move = next(moves(along(0.1, 0, 0), room()))
    found = renderer.step(state, replace(spec, size=SIZE, camera=move))
    assert oracle.asked == 1
    assert found.nearness is not None
    with pytest.raises(RunError, match="depth model 'other' was not loaded"):
        renderer.step(state, replace(spec, size=SIZE, camera=replace(move, depth=room(model="other"))))  # type: ignore[arg-type]


def test_every_entry_of_the_catalogue_says_what_it_loads() -> None:
    from render import catalogue

    for name in catalogue.names(estimators):
        assert callable(catalogue.load(estimators, name).load)
    assert {model.entry for model in registry.depths().values()} <= set(catalogue.names(estimators))
