"""Numbered pictures: in the order of their numbers, alike in size."""

from pathlib import Path

import pytest
from PIL import Image

from render.errors import InputError
from render.footage import sequences
from render.footage.sequences import numbered


def pictures(folder: Path, *names: str, size: tuple[int, int] = (8, 6)) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        Image.new("RGB", size).save(folder / name)


def test_numbers_are_in_their_order(tmp_path: Path) -> None:
    pictures(tmp_path / "frames", "a10.png", "a2.png", "a1.png", "b3.png", ".a4.png", "a5.jpg")
    assert [path.name for path in numbered(tmp_path, "frames/a*.png")] == ["a1.png", "a2.png", "a10.png"]
    assert [path.name for path in numbered(tmp_path, "frames/*.png")] == ["a1.png", "a2.png", "a10.png", "b3.png"]
    assert numbered(tmp_path / "frames", "a?.jpg") == [tmp_path / "frames" / "a5.jpg"]
    pictures(tmp_path / "zeros", "0009.png", "0010.png", "0100.png")
    assert [path.stem for path in numbered(tmp_path, "zeros/*.png")] == ["0009", "0010", "0100"]


def test_what_cannot_be_a_sequence_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(tmp_path / "a", "1.png", "2.png")
    pictures(tmp_path / "a", "3.png", size=(9, 6))
    pictures(tmp_path / "b", "1.png", "01.png")
    pictures(tmp_path / "c", "1.png")
    (tmp_path / "c" / "2.png").write_text("hello")
    for pattern, message in {
        "a/*.png": r"expected pictures of one size: 1\.png has 8 × 6 pixels, 3\.png 9 × 6",
        "b/*.png": r"1\.png and 0?1\.png have the same number",
        "c/*.png": r"2\.png: expected a PNG, JPEG",
        "a/*.jpg": r"no file in .* matches",
        "d/*.png": r"no such folder",
        "*/1.png": r"expected \* only in the file's name",
    }.items():
        with pytest.raises(InputError, match=message):
            numbered(tmp_path, pattern)
    monkeypatch.setattr(sequences, "MAX_PICTURES", 1)
    with pytest.raises(InputError, match=r"at most 1 pictures"):
        numbered(tmp_path, "a/*.png")


def test_the_size_is_that_of_the_upright_picture(tmp_path: Path) -> None:
    pictures(tmp_path / "a", "1.jpg", size=(6, 8))
    turned = Image.new("RGB", (8, 6))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "a" / "2.jpg", exif=exif)
    assert len(numbered(tmp_path, "a/*.jpg")) == 2


def test_a_bomb_among_them_is_refused_by_its_header(tmp_path: Path) -> None:
    from tests.render.files.test_images import header, png

    pictures(tmp_path / "a", "1.png")
    (tmp_path / "a" / "2.png").write_bytes(png(header(100_000, 100_000), (b"IDAT", b"x")))
    with pytest.raises(InputError, match=r"2\.png: expected at most 64 million pixels"):
        numbered(tmp_path, "a/*.png")
