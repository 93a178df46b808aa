"""A video does not drift: it looks the same after 300 frames as at the start."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from bench.steadiness import WINDOW, appearances, flight, mean_appearance, sharpness, slow_zoom
from pipeline.schedule.schedule import Schedule
from render.latents import vqgan
from render.models.registry import find_latent, find_perceptor
from render.motion.composed import Motions
from render.motion.displacements.homography import Homography, motion_matrix
from render.motion.warm_start import warm_start
from render.motion.warp import warp
from render.renderer.loading.load import load_renderer
from render.sources import noise
from render.spec import FrameSpec
from render.spec.camera import UNMOVED, Depth, RoomMove, View


def _without_guidance(index: int, size: tuple[int, int]) -> FrameSpec:
    return FrameSpec(
        index=index,
        seed=7,
        size=size,
        prompts=(),
        blend="weights",
        transforms={"zoom": 1.004} if index else {},
        center=(0.5, 0.5),
        border="reflect",
        losses={},
        num_steps=0,
        lr=0.15,
        num_cutouts=1,
        carry_optimizer=True,
    )


def test_300_frames_of_zoom_without_refinement_keep_the_brightness() -> None:
    """The first picture is a checkerboard of soft noise, so a zoom shows other parts of the same brightness."""
    renderer = load_renderer(
        find_latent("pixels").files(), [(find_perceptor("toy").files(), 1.0)], False, torch.device("cpu"), torch.float32
    )
    state = renderer.step(None, _without_guidance(0, (96, 54)))
    tile = state.image[..., :27, :48]
    across = torch.cat([tile, tile.flip(-1)], dim=-1)
    state.image = 0.25 + 0.5 * torch.cat([across, 1 - across.flip(-2)], dim=-2)
    start = float(state.image.mean())
    for index in range(1, 301):
        state = renderer.step(state, _without_guidance(index, (96, 54)))
        assert abs(float(state.image.mean()) - start) < 1 / 255


def test_300_frames_over_the_ground_do_not_smear_the_horizon() -> None:
    """A plain floor below a sky that gets brighter upwards stays as it is, however far the camera drives."""
    spec, size, displace = replace(_without_guidance(1, (96, 54)), transforms={}), (96, 54), Motions()
    start = torch.full((1, 3, size[1], size[0]), 0.3)
    start[:, :, :27] = torch.linspace(0.9, 0.4, 27).view(1, 1, 27, 1)
    image = start
    for index in range(300):
        before, after = (View(pose=(*UNMOVED[:11], -moment / 24), fov=65.0) for moment in (index, index + 1))
        move = RoomMove(depth=Depth(kind="ground"), before=before, after=after)
        image = warp(image, displace(image, [replace(spec, camera=move).motion]), "reflect")
    assert float((image - start).abs().max()) < 1 / 255


@pytest.mark.parametrize("seed", [1, 2])
def test_thirty_warm_starts_do_not_grow_stripes(seed: int) -> None:
    """A slow zoom and turn without guidance stays near pure warping; plain encoding is 0.4 away from it by then."""
    size = (96, 56)
    embedded = vqgan.load(find_latent("embedded").files(), torch.device("cpu"), torch.float32, quantize=False)
    motion = Homography(matrices=motion_matrix({"zoom": 1.004, "rotate": 0.2}, size, (0.5, 0.5))[None])
    picture = noise.soft(1, size, torch.Generator().manual_seed(seed))
    latent = warm_start(embedded, picture, None, picture, motion)
    image = only_warped = embedded.decode(latent)
    for _ in range(30):
        moved = warp(image, motion, "reflect")
        latent = warm_start(embedded, image, latent, moved, motion)
        image = embedded.decode(latent)
        only_warped = warp(only_warped, motion, "reflect")
    assert float((image - only_warped).abs().mean()) < 0.05
    assert sharpness(image) < 1.5 * sharpness(only_warped)


@pytest.mark.slow
@pytest.mark.parametrize("schedule", [slow_zoom, flight])
def test_300_refined_frames_stay_within_30_percent_in_sharpness_and_colour(
    schedule: Callable[[int], Schedule],
) -> None:
    """Compares windows of 25 frames with the second one; the first one contains the transition from noise."""
    seen = list(appearances(schedule(300)))
    windows = [mean_appearance(seen[start : start + WINDOW]) for start in range(WINDOW, 300, WINDOW)]
    start = windows[0]
    for window in windows:
        assert window.sharpness == pytest.approx(start.sharpness, rel=0.3)
        assert window.colourfulness == pytest.approx(start.colourfulness, rel=0.3)
        assert window.brightness == pytest.approx(start.brightness, abs=0.1)
