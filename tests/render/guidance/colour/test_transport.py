"""Matching colours: what comes out has the statistics that were asked for."""

import pytest
import torch
from torch import Tensor

from render.guidance.colour.spaces import oklab
from render.guidance.colour.statistics import BINS, Statistics, measured
from render.guidance.colour.transport import by_histogram, by_statistics, with_spread


def picture(seed: int, low: tuple[float, ...], high: tuple[float, ...], size: tuple[int, int] = (40, 60)) -> Tensor:
    """OKLab of random colours, correlated between the channels of sRGB."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand(1, 3, *size, generator=generator)
    mixed = 0.7 * noise + 0.3 * noise.roll(1, dims=1)
    return oklab(torch.tensor(low).view(1, 3, 1, 1) + (torch.tensor(high) - torch.tensor(low)).view(1, 3, 1, 1) * mixed)


GREYISH = picture(1, (0.2, 0.25, 0.2), (0.5, 0.5, 0.6))
VIVID = picture(2, (0.4, 0.1, 0.0), (1.0, 0.5, 0.3), (33, 20))


def test_mean_and_covariance_are_those_of_the_target() -> None:
    found = measured(by_statistics(GREYISH, measured(GREYISH), measured(VIVID)))
    wanted = measured(VIVID)
    assert torch.allclose(found.mean, wanted.mean, atol=1e-5)
    assert torch.allclose(found.covariance, wanted.covariance, atol=2e-3 * float(wanted.covariance.abs().max()))


def test_the_covariance_is_that_of_all_pixels() -> None:
    expected = torch.cov(VIVID[0].flatten(1), correction=0)
    assert torch.allclose(measured(VIVID).covariance[0], expected, atol=1e-6)


def test_a_picture_matched_to_itself_stays() -> None:
    own = measured(VIVID)
    assert torch.allclose(by_statistics(VIVID, own, own), VIVID, atol=1e-5)
    assert torch.allclose(by_histogram(VIVID, own, own), VIVID, atol=1e-3)


def test_the_map_is_symmetric_as_the_optimal_one_is() -> None:
    """Of all linear maps with this result, the one that moves colours least is a symmetric positive matrix."""
    corners = torch.eye(3).view(1, 3, 1, 3)
    own, wanted = measured(GREYISH), measured(VIVID)
    origin = by_statistics(torch.zeros(1, 3, 1, 1), own, wanted)
    matrix = (by_statistics(corners, own, wanted) - origin)[0, :, 0]
    assert torch.allclose(matrix, matrix.T, atol=1e-5)
    assert bool((torch.linalg.eigvalsh(matrix) > 0).all())


def test_one_channel_alone_is_scaled_and_shifted() -> None:
    """For a diagonal covariance the closed form is known: the ratio of the standard deviations."""
    pixels = torch.randn(1, 3, 100, 100, generator=torch.Generator().manual_seed(3)) * 0.05
    plain = Statistics(mean=torch.zeros(1, 3), covariance=0.01 * torch.eye(3)[None], histogram=torch.zeros(1, 3, BINS))
    other = Statistics(mean=torch.ones(1, 3), covariance=0.04 * torch.eye(3)[None], histogram=torch.zeros(1, 3, BINS))
    assert torch.allclose(by_statistics(pixels, plain, other), 1 + 2 * pixels, atol=1e-4)


def test_the_noise_of_a_grey_picture_is_not_made_colourful() -> None:
    grey = torch.tensor([0.5, 0.0, 0.0]).view(1, 3, 1, 1) + 1e-5 * torch.randn(
        1, 3, 30, 30, generator=torch.Generator().manual_seed(4)
    )
    matched = by_statistics(grey, measured(grey), measured(VIVID))
    assert torch.allclose(matched.mean(dim=(2, 3)), measured(VIVID).mean, atol=1e-4)
    assert float(matched.std(dim=(2, 3)).max()) < 0.01


def test_a_batch_is_matched_picture_by_picture() -> None:
    both = torch.cat([GREYISH, GREYISH.flip(1)])
    matched = by_statistics(both, measured(both), measured(VIVID))
    for number in range(2):
        one = both[number : number + 1]
        assert torch.allclose(matched[number], by_statistics(one, measured(one), measured(VIVID))[0], atol=1e-5)


def test_histograms_are_those_of_the_target_and_the_order_is_kept() -> None:
    matched = by_histogram(GREYISH, measured(GREYISH), measured(VIVID))
    found, wanted = measured(matched).histogram.cumsum(dim=2), measured(VIVID).histogram.cumsum(dim=2)
    assert float((found - wanted).abs().max()) < 0.02
    for channel in range(3):
        ranked = matched[0, channel].flatten()[GREYISH[0, channel].flatten().argsort()]
        assert bool((ranked.diff() >= -1e-6).all())


def test_a_histogram_counts_every_pixel_once() -> None:
    assert torch.allclose(measured(VIVID).histogram.sum(dim=2), torch.ones(1, 3))


@pytest.mark.parametrize("spread", [0.0, 0.05, 0.3])
def test_the_spread_of_lightness_is_what_was_asked_for(spread: float) -> None:
    found = measured(with_spread(VIVID, measured(VIVID), spread))
    assert float(found.covariance[0, 0, 0].sqrt()) == pytest.approx(spread, abs=1e-5)
    assert torch.allclose(found.mean, measured(VIVID).mean, atol=1e-5)


def test_packed_statistics_are_unpacked_to_the_same() -> None:
    own = measured(VIVID)
    again = Statistics.unpacked(own.packed())
    assert all(torch.equal(getattr(own, name), getattr(again, name)) for name in ("mean", "covariance", "histogram"))
