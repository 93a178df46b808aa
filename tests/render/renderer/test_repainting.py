"""Frames that begin from footage and the last result, moved as the footage moves."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from render.guidance.colour.spaces import oklab
from render.guidance.colour.statistics import measured
from render.guidance.perceptors.toy import Toy
from render.latents import Latent
from render.latents.pixels import Pixels
from render.latents.vqgan import VQGAN
from render.motion.displacements import Fields
from render.motion.displacements.flow import Field
from render.motion.warp import warp
from render.renderer.renderer import Renderer, Scorer
from render.renderer.state import FrameState
from render.spec import FrameSpec
from render.spec.colour import Colour
from render.spec.footage import Flow, SourceFrame, SourceImage
from render.spec.pictures import ImageFile
from render.spec.regions import Keep, Region
from tests.render.refinement.test_lockstep import alone, assert_close, together

CPU = torch.device("cpu")
SIZE = WIDTH, HEIGHT = 64, 48
FILE = ImageFile(path=Path("clip.mp4"), sha256="")
STEP = 3  # pixels that everything moves to the right in every frame
BAND = 20  # the rows above it are hidden in the picture before


def shown(image: SourceImage, size: tuple[int, int]) -> Tensor:
    """A clip of waves that move to the right by `STEP` a frame."""
    x, y = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="xy")
    x = x - STEP * (image.number or 0)
    waves = [torch.sin(x / 7 + y / 9), torch.cos(x / 5), torch.sin(y / 6 - x / 8)]
    return (0.5 + 0.4 * torch.stack(waves)).unsqueeze(0)


def found(flow: Flow, size: tuple[int, int]) -> Field:
    """Its motion; the uppermost rows are hidden in the picture before."""
    assert flow.before.number is not None
    assert flow.after.number is not None
    moved = torch.zeros(1, 2, size[1], size[0])
    moved[:, 0] = STEP * (flow.after.number - flow.before.number)
    seen = torch.ones(1, 1, size[1], size[0])
    seen[:, :, :BAND] = 0.0
    return Field(backward=-moved, forward=moved, seen=seen, seen_before=seen)


def renderer(latents: Latent) -> Renderer:
    return Renderer(latents, [Scorer(perceptor=Toy(CPU))], CPU, fields=Fields(flow=found), show=shown)


def frame(spec: FrameSpec, index: int, mix: float, **changes: object) -> FrameSpec:
    """The spec of a frame that shows the clip's frame of its number."""
    image = SourceImage(file=FILE, number=index)
    flow = Flow(before=SourceImage(file=FILE, number=index - 1), after=image) if index else None
    numbers = {"size": SIZE, "index": index, "flow": flow, "source": SourceFrame(image=image, mix=mix), **changes}
    return replace(spec, **numbers)  # type: ignore[arg-type]


def rendered(made: Renderer, specs: list[FrameSpec]) -> list[FrameState]:
    states: list[FrameState] = []
    for spec in specs:
        states.append(made.step(states[-1] if states else None, spec))
    return states


def painted(index: int = 0) -> FrameState:
    """A last result that is nothing like the clip."""
    image = 0.2 * shown(SourceImage(file=FILE, number=index), SIZE).flip(1)
    return FrameState(index=index, image=image, latent=None, similarity=torch.zeros(1))


def error(one: Tensor, other: Tensor) -> float:
    return float((one - other).square().mean())


def test_without_steps_and_mix_it_is_the_clip_as_the_vqgan_draws_it(embedded_vqgan: VQGAN, spec: FrameSpec) -> None:
    states = rendered(renderer(embedded_vqgan), [frame(spec, index, 0.0) for index in range(4)])
    for state in states:
        clip = shown(SourceImage(file=FILE, number=state.index), SIZE)
        with torch.no_grad():
            drawn = embedded_vqgan.decode(embedded_vqgan.encode(clip))
        torch.testing.assert_close(state.image, drawn)
        assert error(state.image, clip) == pytest.approx(error(drawn, clip))


def test_without_steps_the_last_result_follows_the_clip(spec: FrameSpec) -> None:
    """Where it is hidden, or enters the picture, the clip is seen, in the colours that it has elsewhere."""
    state = painted()
    after = renderer(Pixels()).step(state, frame(spec, 1, 1.0)).image
    clip = shown(SourceImage(file=FILE, number=1), SIZE)
    torch.testing.assert_close(after[..., BAND:, STEP:], state.image[..., BAND:, :-STEP])
    wanted = painted(1).image
    for hidden in ((..., slice(BAND), slice(None)), (..., slice(None), slice(STEP - 1))):
        assert float((after - wanted)[hidden].abs().mean()) < 0.1 * float((clip - wanted)[hidden].abs().mean())


@pytest.mark.parametrize("mix", [0.0, 0.3])
def test_it_is_mixed_with_the_clip(spec: FrameSpec, mix: float) -> None:
    state = painted()
    after = renderer(Pixels()).step(state, frame(spec, 1, mix)).image
    clip = shown(SourceImage(file=FILE, number=1), SIZE)
    wanted = torch.lerp(clip[..., BAND:, STEP:], state.image[..., BAND:, :-STEP], mix)
    torch.testing.assert_close(after[..., BAND:, STEP:], wanted)


def test_a_cut_starts_from_the_clip_and_a_start_of_its_own_comes_first(spec: FrameSpec) -> None:
    made = renderer(Pixels())
    cut = frame(spec, 3, 0.9, cut=True, flow=None)
    torch.testing.assert_close(made.step(painted(2), cut).image, shown(SourceImage(file=FILE, number=3), SIZE))


def test_nothing_is_worn_off_by_encoding_again_and_again(embedded_vqgan: VQGAN, spec: FrameSpec) -> None:
    """Refined frames are encoded in every frame. Steps of no length: what changes is what encoding does."""
    specs = [frame(spec, index, 0.9, num_steps=1, lr=1e-9) for index in range(16)]
    states = rendered(renderer(embedded_vqgan), specs)
    errors = [error(state.image, shown(SourceImage(file=FILE, number=state.index), SIZE)) for state in states]
    assert max(errors) < 3 * errors[0]
    for state in states[1:]:  # and what moves meets what is hidden without an edge
        before = state.image[..., BAND - 1, :] - state.image[..., BAND - 2, :]
        across = state.image[..., BAND, :] - state.image[..., BAND - 1, :]
        assert error(across, before) < 0.01


def test_the_loss_keeps_the_picture_near_the_moved_result_where_that_is_known(spec: FrameSpec) -> None:
    state = painted()
    motion = found(Flow(before=SourceImage(file=FILE, number=0), after=SourceImage(file=FILE, number=1)), SIZE)
    moved = warp(state.image, motion, "reflect")
    begun = frame(spec, 1, 0.5, num_steps=20, lr=0.02, prompts=(), losses={"temporal": 1.0})
    after = renderer(Pixels()).step(state, begun).image
    still = renderer(Pixels()).step(state, replace(begun, num_steps=0)).image
    known = (..., slice(BAND, None), slice(STEP, None))
    assert error(after[known], moved[known]) < 0.7 * error(still[known], moved[known])
    torch.testing.assert_close(after[..., : BAND - 1, :], still[..., : BAND - 1, :])


def test_the_loss_is_nothing_in_a_first_frame(spec: FrameSpec) -> None:
    made = renderer(Pixels())
    first = frame(spec, 0, 0.5, num_steps=3)
    with_loss = made.step(None, replace(first, losses={"prompt": 1.0, "temporal": 5.0}))
    assert torch.equal(with_loss.image, made.step(None, first).image)


def test_colours_are_matched_to_the_frames_own_picture(spec: FrameSpec) -> None:
    after = renderer(Pixels()).step(painted(), frame(spec, 1, 0.9, colour=Colour(match="source"))).image
    clip = shown(SourceImage(file=FILE, number=1), SIZE)
    torch.testing.assert_close(measured(oklab(after)).mean, measured(oklab(clip)).mean, atol=0.01, rtol=0)


def test_what_is_kept_is_the_clips(embedded_vqgan: VQGAN, spec: FrameSpec) -> None:
    keep = Keep(region=Region(kind="box", numbers=(0.25, 0.25, 0.75, 0.75)))
    specs = [frame(spec, index, 0.8, num_steps=2, keep=keep) for index in range(3)]
    for state in rendered(renderer(embedded_vqgan), specs):
        clip = shown(SourceImage(file=FILE, number=state.index), SIZE)
        inside = (..., slice(12, 36), slice(16, 48))
        assert float((state.image[inside] - clip[inside]).abs().max()) < 1 / 255


def test_between_two_refined_frames_the_motion_goes_both_ways(spec: FrameSpec) -> None:
    """Where neither neighbour shows a place, the clip itself is seen."""
    key = replace(frame(spec, 2, 0.9), travelled=(frame(spec, 1, 0.9).motion,))
    behind = painted()
    after = renderer(Pixels()).step(behind, frame(spec, 1, 0.9, key=key))
    assert after.ahead is not None
    inside = slice(16, -16)
    forwards, backwards = behind.image.roll(STEP, -1), after.ahead.image.roll(-STEP, -1)
    wanted = forwards.lerp(backwards, 0.5)[..., BAND:, inside]
    torch.testing.assert_close(after.image[..., BAND:, inside], wanted)
    clip = shown(SourceImage(file=FILE, number=1), SIZE)
    torch.testing.assert_close(after.image[..., : BAND - 1, :], clip[..., : BAND - 1, :])


def test_in_lockstep_with_others_it_is_the_same(spec: FrameSpec) -> None:
    """Beside a run that repaints nothing, one that has the same losses, and one without the loss `temporal`."""
    spec = replace(spec, num_steps=3, losses={"prompt": 1.0, "temporal": 2.0})
    source = [frame(spec, index, 0.8) for index in range(3)]
    other = [frame(spec, index, 0.5, seed=8, prompts=(replace(spec.prompts[0], text="blue"),)) for index in range(3)]
    plain = [replace(spec, index=index, size=SIZE, seed=9, transforms={"zoom": 1.1}) for index in range(3)]
    without = [replace(each, losses={"prompt": 1.0}) for each in source]
    runs = [source, other, plain, without]
    made = renderer(Pixels())
    assert_close(together(made, runs), alone(made, runs), atol=1e-5, rtol=1e-4)
