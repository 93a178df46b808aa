"""Words of captions: what counts as the same word, and how much a word tells; captions of the pictures of a folder."""

import math
from pathlib import Path

import numpy as np
import pytest

from render.errors import InputError
from render.priors.bank.captions import caption
from render.priors.bank.words import MOST_WORDS, UNASKED, collected, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A cat on the window-sill", ["cat", "window", "sill"]),
        ("Two CATS, two foxes & cherries", ["two", "cat", "fox", "cherry"]),
        ("glass churches; 4k, f/2.8", ["glass", "church"]),
        ("Füchse im Schnee, 雪", ["füchse", "im", "schnee", "雪"]),
        ("of the in", []),
        ("x" * 33 + " sea", ["sea"]),
        ("", []),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_rare_word_weighs_more() -> None:
    words = collected([["the sea"], ["a sea", "a ship on the sea"], ["seas"], []])
    sea, ship = math.log(4 / 3), math.log(4)
    np.testing.assert_allclose(words.match("a ship at sea"), [sea, ship + sea, sea, 0], rtol=1e-6)
    np.testing.assert_allclose(words.match("sea"), [sea, sea - UNASKED * ship, sea, 0], rtol=1e-6)
    assert not words.match("a robot").any()
    assert not words.match("").any()


def test_a_word_that_all_pictures_have_tells_nothing() -> None:
    assert not collected([["the sea"], ["a sea"]]).match("the sea").any()


def test_no_captions_are_no_words() -> None:
    words = collected([[], ()])
    assert (len(words.known), len(words.counts), len(words.mentions)) == (0, 2, 0)
    assert words.match("the sea").tolist() == [0, 0]


def test_too_many_words_are_cut() -> None:
    alphabet = "abcdefghijklmnopqrst"
    many = " ".join(a + b for a in alphabet for b in alphabet if a + b not in ("an", "as", "at", "of", "on"))
    words = collected([[many], ["aa"]])
    assert words.counts.tolist() == [MOST_WORDS, 1]
    assert words.match("aa")[1] == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("red-fox_2.jpg", "red fox"),
        ("Sunset over the sea.png", "Sunset over the sea"),
        ("IMG_2031.jpg", ""),
        ("9f3ab2-11e.png", ""),
        ("DSC01234.JPG", ""),
        ("Fuchs im Schnee.webp", "Fuchs Schnee"),
    ],
)
def test_a_name_that_reads_like_words_is_a_caption(name: str, said: str, tmp_path: Path) -> None:
    assert caption(tmp_path / name) == said


def test_a_text_beside_the_picture_is_its_caption(tmp_path: Path) -> None:
    (tmp_path / "IMG_1.txt").write_text("a red fox\nin the snow", encoding="utf-8")
    assert caption(tmp_path / "IMG_1.jpg") == "a red fox\nin the snow"


@pytest.mark.parametrize(
    ("content", "message"), [(b"\xff\xfe\x00", "in UTF-8"), (b"a" * 70_000, "more than 65,536 bytes")]
)
def test_a_hostile_text_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "fox.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        caption(tmp_path / "fox.jpg")
