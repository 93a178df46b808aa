"""What the entry `transformer` of the catalogue of priors proposes."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from render import catalogue, priors
from render.errors import InputError, RunError, UnknownNameError
from render.guidance.perceptors import Perceptor
from render.guidance.prompts import Targets
from render.latents import Latent, pixels, vqgan
from render.models.class_names import imagenet_classes
from render.models.model import ModelFiles, sha256
from render.priors import Candidates, Prior, Wanted
from render.spec.pictures import ImageFile
from tests.second_stage import KINDS, SIDE, publish_second_stage

CPU = torch.device("cpu")
SIZE = (16, 16)  # SIDE codes of 4 pixels


class Words:
    """A perceptor whose embedding of a text is the numbers of its letters."""

    side = 8

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        counts = [[text.count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]
        return torch.nn.functional.normalize(torch.tensor(counts, dtype=torch.float32), dim=-1)

    def encode_image(self, images: Tensor) -> Tensor:
        raise NotImplementedError


def loaded(files: ModelFiles, latents: Latent | None = None, perceptors: Sequence[Perceptor] = ()) -> Prior:
    own = vqgan.load(files, CPU, torch.float32, quantize=True)
    prior: Prior = catalogue.load(priors, "transformer").load(files, latents or own, perceptors, CPU, torch.float32)
    return prior


def proposed(prior: Prior, wanted: Wanted, seed: int = 1) -> Candidates:
    return prior.propose(wanted, torch.Generator().manual_seed(seed))


def wanted(count: int = 3, size: tuple[int, int] = SIZE, **settings: float | str | ImageFile) -> Wanted:
    return Wanted(targets=(), size=size, count=count, settings=settings)


def of_class(name: str, count: int = 3) -> Wanted:
    return Wanted(targets=(), size=SIZE, count=count, settings={"class": name})


def test_a_seed_gives_its_candidates_and_one_does_not_depend_on_the_others(tmp_path: Path) -> None:
    prior = loaded(publish_second_stage(KINDS["celebahq"], tmp_path))
    first = proposed(prior, wanted(10))
    assert first.latents.shape == (10, 8, SIDE, SIDE)
    assert first.scores is None  # the perceptors rank them
    assert torch.equal(proposed(prior, wanted(10)).latents, first.latents)
    assert torch.equal(proposed(prior, wanted(2)).latents, first.latents[:2])
    assert not torch.equal(proposed(prior, wanted(10), seed=2).latents, first.latents)
    assert len({tuple(each.flatten().tolist()) for each in first.latents}) == 10


def test_settings_say_how_freely_it_draws(tmp_path: Path) -> None:
    prior = loaded(publish_second_stage(KINDS["celebahq"], tmp_path))
    for settings in (wanted(temperature=0.0), wanted(top_k=1), wanted(top_p=1e-9, top_k=0)):
        alike = proposed(prior, settings).latents
        assert torch.equal(alike, alike[:1].expand_as(alike))


def test_with_the_codebook_of_the_schedules_vqgan_candidates_are_entries(tmp_path: Path) -> None:
    files = publish_second_stage(KINDS["celebahq"], tmp_path)
    own = vqgan.load(files, CPU, torch.float32, quantize=True)
    latents = proposed(loaded(files, own), wanted()).latents
    assert torch.equal(own.nearest(latents), latents)


def test_for_another_vqgan_its_pictures_are_encoded(tmp_path: Path) -> None:
    """`pixels` is a representation without codes: it shows the pictures that the transformer's own VQGAN decodes."""
    files = publish_second_stage(KINDS["celebahq"], tmp_path)
    own = vqgan.load(files, CPU, torch.float32, quantize=True)
    other = pixels.load(ModelFiles(name="pixels", entry="pixels"), CPU, torch.float32, False)
    entries = proposed(loaded(files, own), wanted()).latents
    found = other.decode(proposed(loaded(files, other), wanted()).latents)
    torch.testing.assert_close(found, own.decode(entries).clamp(0, 1), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("kind", "size", "grid"),
    [
        ("celebahq", (16, 16), (4, 4)),
        ("celebahq", (128, 64), (4, 8)),
        ("celebahq", (8, 12), (6, 4)),
        ("faceshq", (128, 64), (16, 32)),
        ("faceshq", (8, 12), (6, 4)),
    ],
)
def test_the_grid_is_the_pictures_or_as_large_as_what_it_was_trained_on(
    kind: str, size: tuple[int, int], grid: tuple[int, int], tmp_path: Path
) -> None:
    prior = loaded(publish_second_stage(KINDS[kind], tmp_path))
    assert proposed(prior, wanted(1, size)).latents.shape[-2:] == grid


def test_a_map_is_followed_and_needed(tmp_path: Path) -> None:
    prior = loaded(publish_second_stage(KINDS["sflckr"], tmp_path))
    found = []
    for label in (1, 4):
        path = tmp_path / f"{label}.png"
        Image.fromarray(np.full((16, 16), label, np.uint8)).save(path)
        found.append(proposed(prior, wanted(2, map=ImageFile(path=path, sha256=sha256(path)))).latents)
    assert not torch.equal(*found)
    with pytest.raises(InputError, match="needs a picture of segmentation; expected map: PATH"):
        proposed(prior, wanted())
    with pytest.raises(RunError, match=r"4\.png: changed since the schedule was read"):
        proposed(prior, wanted(map=ImageFile(path=tmp_path / "4.png", sha256="0")))


def test_a_class_is_named_or_numbered(tmp_path: Path) -> None:
    prior = loaded(publish_second_stage(KINDS["imagenet"], tmp_path))
    seven = proposed(prior, of_class("7")).latents
    assert not torch.equal(proposed(prior, of_class("2")).latents, seven)
    with pytest.raises(InputError, match="class 10: expected at most 9"):
        proposed(prior, of_class("10"))
    with pytest.raises(InputError, match="expected class: a name or a number"):
        proposed(prior, wanted())


@pytest.fixture
def of_imagenet(tmp_path: Path) -> Prior:
    config = copy.deepcopy(KINDS["imagenet"])
    config["params"]["cond_stage_config"]["params"]["n_classes"] = 1000
    config["params"]["transformer_config"]["params"]["vocab_size"] = 1000
    return loaded(publish_second_stage(config, tmp_path), perceptors=[Words()])


def test_the_thousand_classes_have_names(of_imagenet: Prior) -> None:
    names = imagenet_classes()
    assert (len(names), names.index("volcano"), names.index("goldfish")) == (1000, 980, 1)
    named = proposed(of_imagenet, of_class("volcano")).latents
    assert torch.equal(proposed(of_imagenet, of_class("980")).latents, named)
    with pytest.raises(UnknownNameError, match="unknown class 'volcanoes'; did you mean 'volcano'"):
        proposed(of_imagenet, of_class("volcanoes"))


def test_without_a_class_candidates_are_of_those_whose_names_are_near_to_the_prompts(of_imagenet: Prior) -> None:
    targets = Targets(embeddings=Words().encode_text(["a photo of a volcano."]), weights=torch.ones(1))
    near = proposed(of_imagenet, replace(wanted(5), targets=(targets,))).latents
    named = proposed(of_imagenet, of_class("volcano", 5)).latents
    assert torch.equal(near[[0, 4]], named[[0, 4]])
    assert not torch.equal(near[1:4], named[1:4])
