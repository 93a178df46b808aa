"""What copies of cells continue."""

import pytest
import torch
from torch import Tensor

from render.latents.pixels import Pixels
from render.motion.canvas.continuing import by_copies, continued

ROWS, COLUMNS, BAND = 16, 24, 2


def beside(top: int = BAND, bottom: int = BAND, left: int = BAND, right: int = BAND) -> Tensor:
    """What is unknown: bands along the sides of the grid."""
    unknown = torch.ones(ROWS, COLUMNS, dtype=torch.bool)
    unknown[top : ROWS - bottom, left : COLUMNS - right] = False
    return unknown


def drawn(latent: Tensor, unknown: Tensor, seed: int = 1) -> Tensor:
    return continued(latent * ~unknown, unknown, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "unknown", [beside(0, 0, 0), beside(0, 0, BAND, 0), beside(BAND, 0, 0, 0), beside(0, BAND, 0, 0)]
)
def test_a_pattern_that_repeats_is_continued(unknown: Tensor, generator: torch.Generator) -> None:
    tile = torch.randn(1, 6, 3, 3, generator=generator)
    pattern = tile.repeat(1, 1, 6, 8)[..., :ROWS, :COLUMNS]
    torch.testing.assert_close(drawn(pattern, unknown), pattern)


def test_what_is_known_stays_and_every_new_cell_is_a_copy(generator: torch.Generator) -> None:
    latent, unknown = torch.randn(1, 5, ROWS, COLUMNS, generator=generator), beside()
    found = drawn(latent, unknown)
    assert torch.equal(found[..., ~unknown], latent[..., ~unknown])
    known = {tuple(cell.tolist()) for cell in latent[0, :, ~unknown].T}
    assert all(tuple(cell.tolist()) in known for cell in found[0, :, unknown].T)


def test_a_horizon_stays_at_its_height(generator: torch.Generator) -> None:
    """Sky above and sea below, each with some texture."""
    latent = 0.2 * torch.randn(1, 4, ROWS, COLUMNS, generator=generator)
    latent[:, 0, :8] += 1.0
    latent[:, 0, 8:] -= 1.0
    found = drawn(latent, beside())[0, 0]
    assert (found[:8] > 0).all()
    assert (found[8:] < 0).all()


def test_what_there_is_only_one_of_is_not_copied(generator: torch.Generator) -> None:
    latent = 0.1 * torch.randn(1, 4, ROWS, COLUMNS, generator=generator)
    latent[:, 1, 6:9, 18:20] = 3.0
    assert float(drawn(latent, beside())[0, 1, beside()].max()) < 1.0


def test_a_seed_gives_the_same_again_and_another_something_else(generator: torch.Generator) -> None:
    latent = torch.randn(1, 5, ROWS, COLUMNS, generator=generator)
    assert torch.equal(drawn(latent, beside()), drawn(latent, beside()))
    assert not torch.equal(drawn(latent, beside()), drawn(latent, beside(), seed=2))


def test_two_known_rows_are_too_few_to_copy_from(generator: torch.Generator) -> None:
    latent = torch.randn(1, 5, ROWS, COLUMNS, generator=generator)
    unknown = beside(top=0, bottom=ROWS - 2)
    assert torch.equal(drawn(latent, unknown), latent * ~unknown)


def test_a_grey_picture_is_continued_in_grey() -> None:
    known = (~beside()).float()[None, None]
    grey = torch.full((1, 3, ROWS, COLUMNS), 0.25)
    torch.testing.assert_close(by_copies(Pixels(), grey, known, torch.Generator()), grey)
