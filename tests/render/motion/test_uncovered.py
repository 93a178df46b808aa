"""What a motion uncovers takes larger steps, and nothing else does."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from render.guidance.perceptors.toy import Toy
from render.latents.pixels import Pixels
from render.motion.displacements import Fields
from render.motion.displacements.flow import Field
from render.motion.uncovered import STEPS
from render.renderer.renderer import Renderer, Scorer
from render.renderer.state import FrameState
from render.spec import FrameSpec
from render.spec.footage import Flow, SourceImage
from tests.render.refinement.test_lockstep import alone, together
from tests.render.renderer.test_repainting import BAND, CPU, FILE, HEIGHT, SIZE, STEP, WIDTH, shown


def found(flow: Flow, size: tuple[int, int]) -> Field:
    """Everything moves to the right by `STEP`; the uppermost rows are hidden in the picture before."""
    moved = torch.zeros(1, 2, size[1], size[0])
    moved[:, 0] = STEP
    seen = torch.ones(1, 1, size[1], size[0])
    seen[:, :, :BAND] = 0.0
    return Field(backward=-moved, forward=moved, seen=seen, seen_before=seen)


@pytest.fixture
def renderer() -> Renderer:
    return Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU, fields=Fields(flow=found), show=shown)


def frames(spec: FrameSpec, count: int, **changes: object) -> list[FrameSpec]:
    """A picture that moves as `found` says."""
    image = SourceImage(file=FILE)
    first = replace(spec, index=0, size=SIZE, num_steps=2)
    flow = Flow(before=image, after=replace(image, number=1))
    return [first, *(replace(first, index=index, flow=flow, **changes) for index in range(1, count))]  # type: ignore[arg-type]


def states(made: Renderer, specs: list[FrameSpec]) -> list[FrameState]:
    found: list[FrameState] = []
    for spec in specs:
        found.append(made.step(found[-1] if found else None, spec))
    return found


def test_only_what_is_uncovered_moves_farther(renderer: Renderer, spec: FrameSpec) -> None:
    """After one step, whose gradient is the same: three times as far there, and to the bit as far elsewhere."""
    first, plain = frames(spec, 2, num_steps=1, lr=0.002)
    before = renderer.step(None, first)
    each = (replace(plain, lr=0.0), plain, replace(plain, uncovered=3.0))
    start, once, thrice = (latent for one in each if (latent := renderer.step(before, one).latent) is not None)
    one, three = once - start, thrice - start
    old = (slice(None), slice(None), slice(BAND, None), slice(STEP, None))
    assert torch.equal(one[old], three[old])
    inside = (slice(None), slice(None), slice(0, BAND), slice(STEP, None))
    clear = (one[inside].abs() > 1e-4) & ((start[inside] - 0.5).abs() < 0.4)  # away from where it is clamped
    assert clear.any()
    torch.testing.assert_close(
        three[inside][clear] / one[inside][clear], torch.full_like(one[inside][clear], 3.0), rtol=0.02, atol=0
    )


def test_newness_moves_with_the_picture_and_wears_off(renderer: Renderer, spec: FrameSpec) -> None:
    """After two frames with two steps each, the strip that came in at the left has moved on and another follows."""
    *_, last = states(renderer, frames(spec, 3, uncovered=2.0))
    assert last.uncovered is not None
    assert last.uncovered.shape == (1, 1, HEIGHT, WIDTH)
    rows = last.uncovered[0, 0, BAND + 4 :].mean(dim=0)
    worn = torch.exp(torch.tensor(-2 / STEPS))
    torch.testing.assert_close(rows[:2], worn.expand(2), rtol=0, atol=0.02)
    torch.testing.assert_close(rows[STEP + 1], worn**2, rtol=0, atol=0.1)
    assert float(rows[2 * STEP + 2 :].abs().max()) < 1e-6


@pytest.mark.parametrize("border", ["wrap", "paint"])
def test_what_is_wrapped_around_is_not_new(border: str, renderer: Renderer, spec: FrameSpec) -> None:
    pan = replace(spec, transforms={"pan_x": 0.125}, border=border, uncovered=2.0, num_steps=1)
    *_, last = states(renderer, [replace(spec, index=0), pan])
    assert last.uncovered is not None
    assert bool(last.uncovered.any()) == (border == "paint")


def test_with_one_nothing_is_kept_and_the_spec_says_nothing(renderer: Renderer, spec: FrameSpec) -> None:
    *_, last = states(renderer, frames(spec, 2))
    assert last.uncovered is None
    assert "uncovered" not in spec.to_json()
    assert '"uncovered": 2.0' in replace(spec, uncovered=2.0).to_json()


def test_in_lockstep_each_has_its_own(renderer: Renderer, spec: FrameSpec) -> None:
    """Beside one without, and one whose steps are another number of times as large."""
    runs = [frames(replace(spec, seed=seed), 3, uncovered=amount) for seed, amount in ((1, 4.0), (2, 1.0), (3, 2.0))]
    for mine, theirs in zip(_all(together(renderer, runs)), _all(alone(renderer, runs)), strict=True):
        assert torch.equal(mine, theirs)


def _all(runs: list[list[FrameState]]) -> Iterator[Tensor]:
    for state in (state for run in runs for state in run):
        yield state.image
        if state.uncovered is not None:
            yield state.uncovered
