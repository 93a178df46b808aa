"""Frames between two refined ones: where they come from, and that the refined ones do not notice them."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from render.motion.composed import Motions
from render.motion.warp import warp
from render.renderer.between import between
from render.renderer.renderer import Renderer
from render.renderer.state import FrameState
from render.spec import FrameMotion, FrameSpec

SIZE = (64, 48)
ZOOM = {"zoom": 1.06, "rotate": 2.0}


def waves(size: tuple[int, int] = SIZE) -> Tensor:
    """A smooth picture, which interpolation hardly changes."""
    x, y = torch.meshgrid(torch.arange(size[0]) / 7, torch.arange(size[1]) / 5, indexing="xy")
    return torch.stack([0.5 + 0.3 * torch.sin(x + y), 0.5 + 0.3 * torch.cos(x), 0.5 + 0.3 * torch.sin(y)]).unsqueeze(0)


def group(spec: FrameSpec, moves: list[dict[str, float]], border: str = "reflect") -> list[FrameSpec]:
    """The specs of a group: frames 1 to N, of which the last one is refined."""
    own = replace(spec, size=SIZE, border=border, index=0)
    motions = tuple(FrameMotion(transforms=each, center=own.center) for each in moves)
    key = replace(own, index=len(moves), transforms=moves[-1], travelled=motions[:-1])
    betweens = [replace(own, index=i + 1, transforms=moves[i], key=key, num_steps=0) for i in range(len(moves) - 1)]
    return [*betweens, key]


@pytest.mark.parametrize("moves", [[ZOOM] * 4, [{"zoom": 0.95}] * 4, [{"pan_x": 0.05}, {}, {"pan_y": -0.1}]])
@pytest.mark.parametrize("border", ["reflect", "black"])
def test_a_picture_that_only_moves_is_where_it_is_at_that_moment(
    spec: FrameSpec, moves: list[dict[str, float]], border: str
) -> None:
    """With a neighbour that does not show a place, the other one fills it: no border is seen twice."""
    specs = group(spec, moves, border)
    behind = waves()
    ahead = warp(behind, Motions()(behind, specs[-1].motions), border)
    for asked in specs[:-1]:
        until = replace(asked, travelled=specs[-1].travelled[: asked.index - 1])
        wanted = warp(behind, Motions()(behind, until.motions), border)
        made = between(behind, ahead, asked, Motions())
        difference = (made - wanted).abs().amax(dim=1)[0]
        assert float(difference[6:-6, 6:-6].max()) < 0.03
        assert float(difference.mean()) < 0.01


def test_without_motion_it_is_the_mean_by_time(spec: FrameSpec) -> None:
    behind, ahead = torch.rand(2, 1, 3, SIZE[1], SIZE[0])
    for asked in group(spec, [{}] * 4)[:-1]:
        torch.testing.assert_close(between(behind, ahead, asked, Motions()), behind.lerp(ahead, asked.index / 4))


def test_what_enters_comes_from_ahead(spec: FrameSpec) -> None:
    """A pan to the right by half the picture: the left part has never been seen by the frame behind."""
    behind, ahead = torch.zeros(1, 3, SIZE[1], SIZE[0]), torch.ones(1, 3, SIZE[1], SIZE[0])
    (asked, _) = group(spec, [{"pan_x": 0.25}] * 2)
    made = between(behind, ahead, asked, Motions())
    assert float(made[..., :14].min()) > 0.99
    assert float(made[..., -14:].max()) < 0.01
    middle = made[..., 30:34]
    torch.testing.assert_close(middle, torch.full_like(middle, 0.5))


def test_refined_frames_do_not_depend_on_those_between(toy_renderer: Renderer, spec: FrameSpec) -> None:
    *betweens, key = group(replace(spec, num_steps=2, losses={"prompt": 1.0}), [ZOOM] * 3)
    first = toy_renderer.step(None, replace(key, index=0, travelled=()))
    direct = toy_renderer.step(first, key)
    state = first
    for asked in betweens:
        state = toy_renderer.step(state, asked)
        assert (state.index, state.latent, state.optimizer_state) == (asked.index, None, {})
        assert state.behind is first.image
        assert state.similarity.isfinite().all()
    last = toy_renderer.step(state, key)
    same(last, direct)
    again = toy_renderer.step(first, betweens[1])  # from any earlier state: what is between depends on no other
    assert torch.equal(again.image, state.image)


def same(a: FrameState, b: FrameState) -> None:
    assert a.index == b.index
    assert torch.equal(a.image, b.image)
    assert a.latent is not None
    assert b.latent is not None
    assert torch.equal(a.latent, b.latent)
    assert a.optimizer_state.keys() == b.optimizer_state.keys()
    assert all(torch.equal(a.optimizer_state[name], b.optimizer_state[name]) for name in a.optimizer_state)
