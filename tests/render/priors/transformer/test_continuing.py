"""A transformer continues a picture to all sides."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from render import catalogue, priors
from render.latents import vqgan
from render.latents.vqgan import VQGAN
from render.priors import Continuing, Prior, Wanted
from render.renderer.continuing import continued
from render.sources import Loaded
from tests.second_stage import KINDS, SIDE, publish_second_stage

CPU = torch.device("cpu")
STRIDE = 4
HEIGHT, WIDTH = 6 * STRIDE, 8 * STRIDE


def loaded(kind: str, folder: Path) -> tuple[Prior, VQGAN]:
    files = publish_second_stage(KINDS[kind], folder)
    own = vqgan.load(files, CPU, torch.float32, quantize=True)
    prior: Prior = catalogue.load(priors, "transformer").load(files, own, (), CPU, torch.float32)
    return prior, own


def known_within(top: int, bottom: int, left: int, right: int) -> Tensor:
    """What is known if bands of so many codes are not."""
    known = torch.zeros(1, 1, HEIGHT, WIDTH)
    known[..., top * STRIDE : HEIGHT - bottom * STRIDE, left * STRIDE : WIDTH - right * STRIDE] = 1.0
    return known


def drawn(prior: Prior, picture: Tensor, known: Tensor, seed: int = 1) -> Tensor | None:
    assert isinstance(prior, Continuing)
    wanted = Wanted(targets=(), size=(WIDTH, HEIGHT), count=1)
    return prior.continued(picture * known, known, wanted, torch.Generator().manual_seed(seed))


@pytest.fixture
def picture(generator: torch.Generator) -> Tensor:
    return torch.rand(1, 3, HEIGHT, WIDTH, generator=generator)


@pytest.mark.parametrize("kind", ["celebahq", "faceshq"])
@pytest.mark.parametrize("bands", [(1, 1, 1, 1), (0, 0, 0, 2), (0, 0, 2, 0), (2, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 0)])
def test_the_unknown_is_drawn_and_the_known_kept(
    kind: str, bands: tuple[int, int, int, int], picture: Tensor, tmp_path: Path
) -> None:
    prior, _ = loaded(kind, tmp_path)
    known = known_within(*bands)
    found = drawn(prior, picture, known)
    assert found is not None
    inside = known.bool().expand_as(picture)
    assert torch.equal(found[inside], picture[inside])
    assert not (found[~inside] == 0).all() or not (~inside).any()
    again, other = drawn(prior, picture, known), drawn(prior, picture, known, seed=2)
    assert again is not None
    assert other is not None
    assert torch.equal(again, found)
    assert torch.equal(other, found) == bool(inside.all())


def test_what_it_cannot_continue_is_continued_by_copies(picture: Tensor, tmp_path: Path) -> None:
    """Too few codes, a side between two codes, a model of maps."""
    prior, own = loaded("celebahq", tmp_path)
    assert (
        drawn(prior, picture[..., : (SIDE - 1) * STRIDE], known_within(0, 0, 1, 0)[..., : (SIDE - 1) * STRIDE]) is None
    )
    assert drawn(prior, picture[..., :-1], known_within(0, 0, 1, 0)[..., :-1]) is None
    (tmp_path / "maps").mkdir()
    of_maps, own = loaded("coco", tmp_path / "maps")
    known = known_within(1, 1, 1, 1)
    assert drawn(of_maps, picture, known) is None
    ran = Loaded(latents=own, priors={"maps": of_maps})
    found = continued(picture * known, known, torch.Generator().manual_seed(1), lambda: ran)
    assert found.shape == picture.shape
    assert not torch.equal(found[..., 0, :], torch.zeros_like(found[..., 0, :]))


def test_the_first_prior_that_can_is_asked(picture: Tensor, tmp_path: Path) -> None:
    prior, own = loaded("celebahq", tmp_path)
    known = known_within(1, 1, 1, 1)
    ran = Loaded(latents=own, priors={"no": object(), "yes": prior})  # type: ignore[dict-item]
    found = continued(picture * known, known, torch.Generator().manual_seed(1), lambda: ran)
    wanted = drawn(prior, picture, known)
    assert wanted is not None
    assert torch.equal(found, wanted)
