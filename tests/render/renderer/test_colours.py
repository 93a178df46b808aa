"""Colours of frames: matched before refinement, kept for later frames, locked after it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from render.guidance.colour.palettes import in_srgb
from render.guidance.colour.spaces import oklab
from render.guidance.colour.statistics import Statistics, measured
from render.guidance.perceptors.toy import Toy
from render.guidance.pictures import pixels
from render.latents.pixels import Pixels
from render.latents.vqgan import VQGAN
from render.models.model import sha256
from render.refinement.lockstep import Lockstep
from render.renderer.renderer import Renderer, Scorer
from render.renderer.staging import to_host
from render.renderer.state import FrameState
from render.spec import FrameSpec
from render.spec.colour import Colour
from render.spec.pictures import ImageFile
from render.spec.prompts import PromptWeight

CPU = torch.device("cpu")
PALETTE = ("#ff6347", "#123456", "#ffd700")
FIRST = Colour(match="first")


@pytest.fixture
def moving(spec: FrameSpec) -> FrameSpec:
    return replace(
        spec, size=(32, 24), transforms={"zoom": 1.1}, prompts=(PromptWeight(text="blue", weight=1.0),), num_steps=0
    )


def statistics(image: Tensor) -> Statistics:
    return measured(oklab(image))


def near(image: Tensor, wanted: Statistics, tolerance: float = 2e-3) -> bool:
    found = statistics(image)
    return bool((found.mean - wanted.mean).abs().max() < tolerance) and bool(
        (found.covariance - wanted.covariance).abs().max() < tolerance
    )


def rendered(renderer: Renderer, specs: list[FrameSpec]) -> list[FrameState]:
    states: list[FrameState] = []
    for spec in specs:
        states.append(renderer.step(states[-1] if states else None, spec))
    return states


def run(renderer: Renderer, spec: FrameSpec, count: int, colour: Colour | None) -> list[FrameState]:
    specs = [replace(spec, index=index, colour=colour) for index in range(count)]
    return rendered(renderer, [replace(specs[0], transforms={}), *specs[1:]])


def test_frames_that_are_only_moved_keep_the_first_ones_colours(toy_renderer: Renderer, moving: FrameSpec) -> None:
    plain, kept = (run(toy_renderer, moving, 8, colour) for colour in (None, FIRST))
    assert torch.equal(plain[0].image, kept[0].image)
    wanted = statistics(kept[0].image)
    assert near(kept[-1].image, wanted)
    assert not near(plain[-1].image, wanted)
    assert kept[0].colours is not None
    assert all(state.colours is kept[0].colours for state in kept)
    assert plain[-1].colours is None


def test_refined_frames_stay_near_the_first_ones_colours(toy_renderer: Renderer, moving: FrameSpec) -> None:
    """The prompt pulls to blue; the match pulls back before every frame."""
    refined = replace(moving, num_steps=2, lr=0.02)
    plain, kept = (run(toy_renderer, refined, 12, colour) for colour in (None, FIRST))
    start = statistics(kept[0].image).mean
    distances = [float((statistics(states[-1].image).mean - start).norm()) for states in (plain, kept)]
    assert distances[1] < 0.5 * distances[0]


def test_the_first_frame_after_a_cut_is_the_new_reference(toy_renderer: Renderer, moving: FrameSpec) -> None:
    specs = [replace(moving, index=index, colour=FIRST, cut=index == 2) for index in range(4)]
    states = rendered(toy_renderer, specs)
    assert torch.equal(states[1].colours, states[0].colours)  # type: ignore[arg-type]
    assert not torch.equal(states[2].colours, states[0].colours)  # type: ignore[arg-type]
    assert near(states[3].image, statistics(states[2].image))
    alone = rendered(toy_renderer, [replace(specs[2], cut=True), specs[3]])  # as a parallel range renders it
    assert torch.equal(alone[1].image, states[3].image)


def test_a_match_that_begins_later_is_to_the_frame_where_it_begins(toy_renderer: Renderer, moving: FrameSpec) -> None:
    specs = [replace(moving, index=index, colour=FIRST if index >= 2 else None) for index in range(4)]
    states = rendered(toy_renderer, specs)
    assert states[1].colours is None
    assert near(states[3].image, statistics(states[2].image))


def test_the_amount_is_how_far_colours_are_moved(toy_renderer: Renderer, moving: FrameSpec, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(1).integers(90, 140, (20, 20, 3), dtype=np.uint8)).save(path)
    picture = ImageFile(path=path, sha256=sha256(path))
    first = run(toy_renderer, moving, 1, None)[0]
    still = replace(moving, transforms={})
    none, quarter, whole = (
        oklab(toy_renderer.step(first, replace(still, colour=Colour(match=picture, amount=amount))).image)
        for amount in (0.0, 0.25, 1.0)
    )
    assert torch.equal(none, oklab(first.image))
    assert torch.allclose(quarter, none.lerp(whole, 0.25), atol=1e-3)
    assert torch.allclose(measured(whole).mean, measured(oklab(pixels(picture))).mean, atol=1e-3)


def test_a_first_frame_can_be_matched_to_a_palette(toy_renderer: Renderer, moving: FrameSpec) -> None:
    colour = Colour(match="palette", palette=PALETTE)
    state = run(toy_renderer, moving, 1, colour)[0]
    wanted = measured(oklab(in_srgb(PALETTE, CPU).T[None, :, None]))
    assert torch.allclose(statistics(state.image).mean, wanted.mean, atol=0.03)


def test_matching_to_the_previous_frame_keeps_its_colours(toy_renderer: Renderer, moving: FrameSpec) -> None:
    states = run(toy_renderer, moving, 2, Colour(match="previous"))
    assert near(states[1].image, statistics(states[0].image))
    assert states[1].colours is None


def test_the_contrast_is_set(toy_renderer: Renderer, moving: FrameSpec) -> None:
    states = run(toy_renderer, moving, 3, Colour(contrast=0.08))
    for state in states:
        assert float(statistics(state.image).covariance[0, 0, 0].sqrt()) == pytest.approx(0.08, abs=1e-3)


def test_histograms_are_matched_as_well(toy_renderer: Renderer, moving: FrameSpec) -> None:
    states = run(toy_renderer, moving, 4, Colour(match="first", method="histogram"))
    wanted, found = (statistics(state.image).histogram.cumsum(dim=2) for state in (states[0], states[-1]))
    assert float((wanted - found).abs().max()) < 0.05


@pytest.mark.parametrize("transforms", [{"zoom": 1.01}, {}])
def test_the_latent_shows_the_matched_picture(
    embedded_renderer: Renderer, embedded_vqgan: VQGAN, moving: FrameSpec, transforms: dict[str, float]
) -> None:
    """With a step too small to see, the frame is what refinement started from."""
    small = replace(moving, size=(64, 48), transforms=transforms, num_steps=1, lr=1e-6)
    colour = Colour(match="palette", palette=("#304060", "#806040", "#b0b0a0"), amount=0.3)
    first = run(embedded_renderer, small, 1, None)[0]
    expected = embedded_renderer.step(first, replace(small, colour=colour, num_steps=0)).image
    state = embedded_renderer.step(first, replace(small, colour=colour))
    assert state.latent is not None
    assert torch.allclose(embedded_vqgan.decode(state.latent), state.image, atol=1e-4)
    assert float((state.image - expected).abs().mean()) < 0.02


def test_a_locked_frame_has_the_palettes_colours_and_the_next_one_starts_from_the_other(
    toy_renderer: Renderer, moving: FrameSpec
) -> None:
    refined = replace(moving, num_steps=2)
    plain = run(toy_renderer, refined, 3, Colour(palette=PALETTE))
    locked = run(toy_renderer, refined, 3, Colour(palette=PALETTE, lock=True, dither=0.5))
    known = {tuple(colour) for colour in in_srgb(PALETTE, CPU).tolist()}
    for one, other in zip(plain, locked, strict=True):
        assert torch.equal(one.image, other.image)
        assert torch.equal(one.frame, one.image)
        assert {tuple(pixel) for pixel in other.frame[0].flatten(1).T.tolist()} <= known


def test_the_palette_loss_pulls_to_the_palette(toy_renderer: Renderer, moving: FrameSpec) -> None:
    colour = Colour(palette=PALETTE)
    base = replace(moving, transforms={}, num_steps=30, lr=0.05, losses={"palette": 1.0})
    start, end = run(toy_renderer, replace(base, num_steps=0), 1, colour)[0], run(toy_renderer, base, 1, colour)[0]
    palette = oklab(in_srgb(PALETTE, CPU).T[None, :, None])[0, :, 0].T
    distances = [
        float(torch.cdist(oklab(state.image)[0].flatten(1).T, palette).amin(dim=1).mean()) for state in (start, end)
    ]
    assert distances[1] < 0.5 * distances[0]


def test_in_lockstep_every_picture_has_its_own_palette_and_reference(moving: FrameSpec) -> None:
    renderer = Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU)
    losses = {"prompt": 1.0, "palette": 0.5}
    colours = [Colour(match="first", palette=colours) for colours in (PALETTE, ("#00ff00", "#0000ff", "#ffffff"))]
    colours.append(Colour(match="first", palette=PALETTE[:2]))  # of another length: refined beside the others
    runs = [
        [replace(moving, index=index, seed=seed, num_steps=2, losses=losses, colour=colour) for index in range(4)]
        for seed, colour in enumerate(colours)
    ]
    expected = [rendered(renderer, specs) for specs in runs]
    lockstep = Lockstep(8, print)
    scheduled = renderer.of_run(print, lockstep)
    found: list[list[FrameState]] = [[] for _ in runs]

    def frames(number: int):  # type: ignore[no-untyped-def]
        for spec in runs[number]:
            found[number].append(scheduled.step(found[number][-1] if found[number] else None, spec))
            yield found[number][-1]

    for _ in lockstep.run(frames(number) for number in range(len(runs))):
        pass
    for mine, theirs in zip(found, expected, strict=True):
        for one, other in zip(mine, theirs, strict=True):
            assert torch.allclose(one.image, other.image, atol=1e-5)


def test_the_new_tensors_are_copied_to_the_host(toy_renderer: Renderer, moving: FrameSpec) -> None:
    state = run(toy_renderer, moving, 1, replace(FIRST, palette=PALETTE, lock=True))[0]
    copied = to_host(state)().state
    assert copied is not None
    assert copied.colours is not None
    assert copied.shown is not None
    assert torch.equal(copied.frame, state.frame)
