"""Making a bank of a folder: what is read, what is left out, and an interrupted run that continues."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from render.errors import InputError
from render.guidance.perceptors.toy import Toy
from render.latents.vqgan import VQGAN
from render.priors.bank.album import Unfinished, collect, picture_files
from render.priors.bank.building import Builder

CPU = torch.device("cpu")


def ignored(said: object) -> None:
    pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """40 pictures of different colours and shapes, the last of them twice; a hidden one, a text and a damaged one."""
    place = tmp_path / "pictures"
    (place / "more").mkdir(parents=True)
    random = np.random.default_rng(0)
    for number in range(40):
        colour = random.integers(0, 256, 3, dtype=np.uint8)
        Image.fromarray(np.broadcast_to(colour, (20 + number, 40, 3)).copy()).save(place / f"{number:02d}.png")
    (place / "10.txt").write_text("number ten", encoding="utf-8")
    (place / "more" / "again.png").write_bytes((place / "39.png").read_bytes())
    (place / ".hidden.png").write_bytes((place / "39.png").read_bytes())
    (place / "a.txt").write_text("no picture")
    (place / "bad.jpg").write_bytes(b"\xff\xd8\xff nothing")
    return place


def new(vqgan: VQGAN) -> Builder:
    return Builder(vqgan, Toy(CPU), (2, 3), CPU)


def test_a_folder_is_listed_by_name(folder: Path) -> None:
    found = [path.relative_to(folder).as_posix() for path in picture_files(folder)]
    assert found == [*(f"{number:02d}.png" for number in range(40)), "bad.jpg", "more/again.png"]


def test_a_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no pictures; looked for \.png"):
        picture_files(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        picture_files(tmp_path / "nothing")


def test_what_cannot_be_read_is_left_out_and_twice_counts_once(
    folder: Path, tmp_path: Path, embedded_vqgan: VQGAN
) -> None:
    builder, warnings, reported = new(embedded_vqgan), list[str](), list[int]()
    unfinished = Unfinished(tmp_path / "u", builder)
    files = picture_files(folder)
    done = collect(files, builder, unfinished, stop=lambda: False, report=reported.append, warn=warnings.append)
    assert done
    assert len(builder) == 40
    assert [warning.split(":")[1] for warning in warnings] == [f" {folder / 'bad.jpg'}"]
    assert reported == [16, 32, 42]


def test_an_interrupted_run_continues_to_the_same_bank(folder: Path, tmp_path: Path, embedded_vqgan: VQGAN) -> None:
    files = picture_files(folder)
    builder = new(embedded_vqgan)
    collect(files, builder, Unfinished(tmp_path / "a", builder), stop=lambda: False, report=ignored, warn=ignored)
    whole = builder.bank(latent="a", perceptor="b", made_of="c")

    first, answers = new(embedded_vqgan), itertools.chain([False], itertools.repeat(True))
    stopped = Unfinished(tmp_path / "b", first)
    assert not collect(files, first, stopped, stop=lambda: next(answers), report=ignored, warn=ignored)
    assert len(first) == 16
    second = new(embedded_vqgan)
    again = Unfinished(tmp_path / "b", second)
    assert len(second) == 16
    assert collect(files, second, again, stop=lambda: False, report=ignored, warn=ignored)
    made = second.bank(latent="a", perceptor="b", made_of="c")
    np.testing.assert_array_equal(made.codes, whole.codes)
    np.testing.assert_array_equal(made.embeddings, whole.embeddings)
    np.testing.assert_array_equal(made.words.vocabulary, whole.words.vocabulary)
    np.testing.assert_array_equal(made.words.counts, whole.words.counts)
    assert "ten" in made.words.known
    again.remove()
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("content", [b"", b"damaged", b"\x02\0\0\0\0\0\0\0{}"])
def test_an_unfinished_file_that_does_not_fit_is_ignored(content: bytes, tmp_path: Path, embedded_vqgan: VQGAN) -> None:
    (tmp_path / "u").write_bytes(content)
    builder = new(embedded_vqgan)
    assert Unfinished(tmp_path / "u", builder).digests == []
    assert len(builder) == 0


def test_what_other_models_collected_is_ignored(folder: Path, tmp_path: Path, embedded_vqgan: VQGAN) -> None:
    builder = new(embedded_vqgan)
    unfinished = Unfinished(tmp_path / "u", builder)
    collect(picture_files(folder), builder, unfinished, stop=lambda: False, report=ignored, warn=ignored)
    unfinished.save()
    other = Builder(embedded_vqgan, Toy(CPU), (3, 2), CPU)
    assert Unfinished(tmp_path / "u", other).digests == []
