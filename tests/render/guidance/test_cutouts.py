import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from render.guidance import cutouts
from render.guidance.augment import STRENGTHS

LIGHT = STRENGTHS["light"]
ASPECTS = [1.0, 16 / 9, 9 / 16, 4.0]


def scales(views: Tensor) -> Tensor:
    """Half the side of each cutout in the picture's coordinates, whatever its rotation: (B, N, 2)."""
    lengths: Tensor = torch.linalg.vector_norm(views[..., :2, :2], dim=-1)
    return lengths


def map_of_places(height: int, width: int) -> Tensor:
    """A picture whose red is the horizontal position and whose green is the vertical one, both from 0 to 1."""
    x = (torch.arange(width) + 0.5) / width
    y = (torch.arange(height) + 0.5) / height
    return torch.stack([x.expand(height, width), y[:, None].expand(height, width), torch.zeros(height, width)])[None]


def crop(x: float, y: float, scale_x: float, scale_y: float) -> Tensor:
    return torch.tensor([[scale_x, 0.0, x], [0.0, scale_y, y], [0.0, 0.0, 1.0]])[None, None]


@pytest.mark.parametrize(("count", "num_whole"), [(1, 1), (2, 1), (4, 1), (8, 2), (24, 6)])
def test_the_first_quarter_are_whole_views(count: int, num_whole: int, generator: torch.Generator) -> None:
    views = cutouts.draw(3, count, 16 / 9, LIGHT, generator)
    assert views.shape == (3, count, 3, 3)
    whole = (scales(views) > 1 - 1e-6).all(dim=-1) & (views[..., :2, 2] == 0).all(dim=-1)
    assert whole[:, :num_whole].all()
    assert not whole[:, num_whole:].any()


@pytest.mark.parametrize("aspect", ASPECTS)
def test_crops_lie_inside_the_picture_and_reach_its_borders(aspect: float, generator: torch.Generator) -> None:
    views = cutouts.draw(2, 2000, aspect, LIGHT, generator)
    reach = views[..., :2, 2].abs() + scales(views)
    assert float(reach.max()) <= 1 + 1e-5
    for side in (-1, 1):
        assert ((side * views[..., :2, 2] + scales(views)).amax(dim=(0, 1)) > 0.98).all()


@pytest.mark.parametrize("aspect", ASPECTS)
def test_crops_are_square_in_pixels_and_45_to_100_percent_of_the_shorter_side(
    aspect: float, generator: torch.Generator
) -> None:
    views = cutouts.draw(2, 2000, aspect, LIGHT, generator)[:, 500:]
    sides = scales(views) * torch.tensor([aspect, 1.0]) / min(aspect, 1.0)
    torch.testing.assert_close(sides[..., 0], sides[..., 1])
    assert 0.45 - 1e-6 <= float(sides.min()) < 0.46
    assert 0.99 < float(sides.max()) <= 1 + 1e-6


def test_each_picture_of_a_batch_and_each_draw_gets_its_own_views(generator: torch.Generator) -> None:
    first, second = cutouts.draw(2, 8, 1.0, LIGHT, generator)
    assert not torch.equal(first, second)
    assert not torch.equal(cutouts.draw(2, 8, 1.0, LIGHT, generator)[0], first)


def test_equal_generators_give_equal_views() -> None:
    one, other = (cutouts.draw(2, 8, 1.0, LIGHT, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(one, other)


def test_the_identity_view_reproduces_a_picture_of_its_size(generator: torch.Generator) -> None:
    picture = torch.rand(2, 3, 16, 16, generator=generator)
    looks = cutouts.sample(picture, torch.eye(3).expand(2, 1, 3, 3), 16)
    torch.testing.assert_close(looks[:, 0], picture, atol=1e-5, rtol=0)


def test_a_mirrored_view_shows_the_mirror_image(generator: torch.Generator) -> None:
    picture = torch.rand(1, 3, 16, 16, generator=generator)
    looks = cutouts.sample(picture, crop(0, 0, -1, 1), 16)
    torch.testing.assert_close(looks[:, 0], picture.flip(-1), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("height", "width", "side"),
    [(16, 16, 16), (24, 40, 32), (56, 112, 20), (144, 256, 64), (64, 64, 16), (48, 32, 8)],
)
def test_a_view_shows_the_region_it_describes(height: int, width: int, side: int) -> None:
    assert float(misplacement(height, width, side)) < 2e-3


def misplacement(height: int, width: int, side: int) -> Tensor:
    """The largest error in the positions seen by two cutouts, as a fraction of the picture."""
    picture = map_of_places(height, width)
    views = torch.cat([crop(-0.3, 0.4, 0.4, 0.3), crop(0.3, -0.4, 0.3, 0.4)], dim=1)
    looks = cutouts.sample(picture, views, side)
    corners = (2 * torch.arange(side) + 1) / side - 1
    v, u = torch.meshgrid(corners, corners, indexing="ij")
    places = torch.einsum("bnij,jhw->bnihw", views, torch.stack([u, v, torch.ones_like(u)]))
    return (looks[:, :, :2] - (places[:, :, :2] + 1) / 2).abs().max()


def test_cutouts_reflect_outside_the_picture() -> None:
    picture = map_of_places(16, 16)
    looks = cutouts.sample(picture, crop(1.0, 0.0, 1.0, 1.0), 16)  # its right half is outside
    torch.testing.assert_close(looks[0, 0, :, :, 8:], looks[0, 0, :, :, :8].flip(-1), atol=1e-5, rtol=0)


def test_sampling_a_larger_picture_does_not_alias() -> None:
    checkerboard = (torch.arange(64)[:, None] + torch.arange(64)) % 2 * torch.ones(1, 3, 1, 1)
    looks = cutouts.sample(checkerboard, torch.eye(3)[None, None], 8)
    torch.testing.assert_close(looks, torch.full_like(looks, 0.5), atol=0.05, rtol=0)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (36, 64), (96, 54)])
def test_every_region_of_the_picture_gets_a_gradient(height: int, width: int, generator: torch.Generator) -> None:
    picture = torch.rand(1, 3, height, width, generator=generator).requires_grad_()
    views = cutouts.draw(1, 32, width / height, LIGHT, generator)
    (gradient,) = torch.autograd.grad(cutouts.sample(picture, views, 16).sum(), picture)
    regions = F.adaptive_avg_pool2d(gradient, (9, 9))
    assert (regions > 0).all()


def test_cutouts_of_a_batch_equal_those_of_its_single_pictures(generator: torch.Generator) -> None:
    pictures = torch.rand(2, 3, 36, 64, generator=generator)
    views = cutouts.draw(2, 6, 64 / 36, LIGHT, generator)
    together = cutouts.sample(pictures, views, 16)
    alone = [cutouts.sample(pictures[i : i + 1], views[i : i + 1], 16) for i in range(2)]
    assert together.shape == (2, 6, 3, 16, 16)
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-6, rtol=0)


def test_the_whole_view_averages_the_pixels_it_merges(generator: torch.Generator) -> None:
    picture = torch.rand(2, 3, 8, 8, generator=generator).repeat_interleave(8, dim=2).repeat_interleave(4, dim=3)
    view = cutouts.whole(picture, 8)
    assert view.shape == (2, 1, 3, 8, 8)
    assert float((view[:, 0] - picture[..., ::8, ::4]).abs().mean()) < 0.15  # antialiasing widens the kernel
    torch.testing.assert_close(view.mean(), picture.mean(), atol=0.02, rtol=0)


def test_a_tilted_view_shows_the_region_of_its_homography() -> None:
    tilt = torch.tensor([[0.5, 0.1, 0.1], [0.0, 0.6, -0.1], [0.1, -0.05, 1.0]])[None, None]
    looks = cutouts.sample(map_of_places(64, 64), tilt, 32)
    corners = (2 * torch.arange(32) + 1) / 32 - 1
    v, u = torch.meshgrid(corners, corners, indexing="ij")
    x, y, w = torch.einsum("ij,jhw->ihw", tilt[0, 0], torch.stack([u, v, torch.ones_like(u)]))
    wanted = (torch.stack([x / w, y / w]) + 1) / 2
    torch.testing.assert_close(looks[0, 0, :2], wanted, atol=5e-3, rtol=0)
