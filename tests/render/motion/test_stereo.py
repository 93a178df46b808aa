"""Pictures for two eyes, against the geometry of two parallel cameras."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from render.motion.displacements import Fields
from render.motion.stereo import Eyes, anaglyph, nearness_in, seen_by_both, side_by_side
from render.spec.camera import UNMOVED, Depth, Seen, View
from render.spec.pictures import ImageFile

WIDTH, HEIGHT, FOV = 96, 48, 60.0
FOCAL = WIDTH / 2 / math.tan(math.radians(FOV) / 2)
MARGIN = 12


def smooth_noise() -> Tensor:
    rough = torch.rand(1, 3, HEIGHT // 4, WIDTH // 4, generator=torch.Generator().manual_seed(1))
    return torch.nn.functional.interpolate(rough, (HEIGHT, WIDTH), mode="bicubic").clamp(0, 1)


def wall(distance: float) -> tuple[Seen, Fields]:
    """A wall at a distance, as a picture of depth that is white."""
    file = ImageFile(path=Path("wall.png"), sha256="")
    depth = Depth(kind="picture", near=distance, far=100.0, file=file, fov=FOV)
    fields = Fields(grey=lambda size, file, seconds: torch.ones(size[1], size[0]))
    return Seen(depth=depth, view=View(pose=UNMOVED, fov=FOV)), fields


def moved(picture: Tensor, across: float) -> Tensor:
    """The picture moved to the right, by the Fourier transform: an oracle that shares nothing with the code."""
    wave = torch.fft.fftfreq(WIDTH)
    turned = torch.fft.fft(picture) * torch.exp(-2j * math.pi * wave * across)
    back: Tensor = torch.fft.ifft(turned).real
    return back


@pytest.mark.parametrize(("distance", "screen"), [(1.0, 4.0), (2.0, 2.0), (8.0, 2.0)])
def test_a_wall_is_shifted_by_its_parallax(distance: float, screen: float) -> None:
    picture = smooth_noise()
    seen, fields = wall(distance)
    left, right = seen_by_both(picture, seen, Eyes(apart=0.06, screen=screen), fields)
    parallax = FOCAL * 0.06 * (1 / screen - 1 / distance)
    inside = (..., slice(MARGIN, WIDTH - MARGIN))
    for found, share in ((left, -0.5), (right, 0.5)):
        expected = moved(picture, share * parallax)
        assert (found - expected)[inside].abs().mean() < 0.01
    if distance != screen:
        assert (left - right)[inside].abs().mean() > 0.03


def test_the_ground_is_nearer_below_and_the_sky_far() -> None:
    pose = (1.0, 0, 0, 0, 0, 1.0, 0, 0.5, 0, 0, 1.0, 0)  # half as high again above the ground
    seen = Seen(depth=Depth(kind="ground", horizon=0.4), view=View(pose=pose, fov=FOV))
    found = nearness_in(seen, (WIDTH, HEIGHT), Fields())
    row = HEIGHT - 1
    below = (row + 0.5 - 0.4 * HEIGHT) / FOCAL
    assert found[row, 3].item() == pytest.approx(below / 1.5, rel=1e-5)
    assert found[: int(0.4 * HEIGHT)].max() < 1e-5


def test_a_zoom_since_the_room_was_seen_moves_its_depth() -> None:
    zoomed = (2.0, 0, -0.5, 0, 2.0, -0.5, 0, 0, 1.0)
    depth, view = Depth(kind="ground", horizon=0.5), View(pose=UNMOVED, fov=FOV)
    plain, found = (
        nearness_in(Seen(depth=depth, view=view, motion=motion), (WIDTH, HEIGHT), Fields()) for motion in ((), zoomed)
    )
    # A row of the enlarged picture shows what was half as far from the middle.
    assert found[HEIGHT - 1, 0].item() == pytest.approx(plain[HEIGHT - 12 : HEIGHT, 0].min().item(), rel=0.06)


def test_both_pictures_lie_side_by_side() -> None:
    left, right = torch.zeros(1, 3, 4, 6), torch.ones(1, 3, 4, 6)
    found = side_by_side(left, right)
    assert found.shape == (1, 3, 4, 12)
    assert torch.equal(found[..., :6], left)
    assert torch.equal(found[..., 6:], right)


def test_an_anaglyph_of_equal_greys_is_grey_and_its_red_is_the_left_eye() -> None:
    grey = torch.full((1, 3, 4, 6), 0.5)
    assert (anaglyph(grey, grey) - 0.5).abs().max() < 0.01
    black = torch.zeros_like(grey)
    red, green, blue = anaglyph(grey, black)[0, :, 0, 0].tolist()
    assert red > 0.4
    assert max(green, blue) < 0.01
