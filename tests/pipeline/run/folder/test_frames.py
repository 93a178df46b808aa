import dataclasses
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.run.folder.frames import FrameFolder, FrameRecord, Pixels, checksum
from render.errors import CheckpointError

PIXELS = np.random.default_rng(0).integers(0, 256, (18, 32, 3), dtype=np.uint8)
RECORD = FrameRecord(hash="ab" * 32, similarity=0.1 + 0.2, pixels=checksum(PIXELS))


@pytest.fixture
def folder(tmp_path: Path) -> FrameFolder:
    return FrameFolder(tmp_path / "frames")


@pytest.fixture
def pixels() -> Pixels:
    """Every channel is different, and width differs from height, so that no two axes can be confused."""
    return PIXELS


def test_pixels_are_read_back_unchanged(folder: FrameFolder, pixels: Pixels) -> None:
    folder.write(7, pixels, RECORD)
    assert np.array_equal(folder.read(7), pixels)


def test_the_file_is_a_png_named_by_six_digits(folder: FrameFolder, pixels: Pixels) -> None:
    folder.write(7, pixels, RECORD)
    assert [path.name for path in folder.folder.iterdir()] == ["000007.png"]
    with Image.open(folder.path(7)) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (32, 18))


@pytest.mark.parametrize("similarity", [0.1 + 0.2, -1.0, 1e-17, 0.0, None])
def test_the_record_is_read_back_exactly(folder: FrameFolder, pixels: Pixels, similarity: float | None) -> None:
    record = FrameRecord(hash="cd" * 32, similarity=similarity, pixels="ef" * 32)
    folder.write(0, pixels, record)
    assert folder.record(0) == record


def test_equal_frames_give_equal_files(tmp_path: Path, pixels: Pixels) -> None:
    first, second = FrameFolder(tmp_path / "a"), FrameFolder(tmp_path / "b")
    first.write(0, pixels, RECORD)
    second.write(0, pixels.copy(), dataclasses.replace(RECORD))
    assert first.path(0).read_bytes() == second.path(0).read_bytes()


def test_missing_frame_has_no_record(folder: FrameFolder) -> None:
    assert folder.record(0) is None


def test_foreign_files_have_no_record(folder: FrameFolder, pixels: Pixels) -> None:
    folder.folder.mkdir()
    Image.fromarray(pixels).save(folder.path(0))
    folder.path(1).write_text("not a picture")
    folder.path(2).write_bytes(b"")
    Image.fromarray(pixels).save(folder.path(3), format="JPEG")
    folder.path(4).mkdir()
    assert [folder.record(index) for index in range(5)] == [None] * 5


def test_a_truncated_frame_has_no_record(folder: FrameFolder, pixels: Pixels) -> None:
    folder.write(0, pixels, RECORD)
    whole = folder.path(0).read_bytes()
    for length in range(0, len(whole), 41):
        folder.path(0).write_bytes(whole[:length])
        assert folder.record(0) is None, f"after {length} of {len(whole)} bytes"


def test_a_frame_truncated_before_its_record_has_none(folder: FrameFolder, pixels: Pixels) -> None:
    folder.write(0, pixels, RECORD)
    whole = folder.path(0).read_bytes()
    for length in range(whole.index(b"frame_hash") + len(b"frame_hash")):
        folder.path(0).write_bytes(whole[:length])
        assert folder.record(0) is None, f"after {length} bytes"


# whether the pixels are the ones that were written


def damage(folder: FrameFolder, index: int) -> str:
    with pytest.raises(CheckpointError) as caught:
        folder.verify(index)
    return str(caught.value)


def test_an_undamaged_frame_passes_verification(folder: FrameFolder, pixels: Pixels) -> None:
    folder.write(3, pixels, RECORD)
    assert folder.verify(3) == RECORD


def test_a_missing_frame_is_reported(folder: FrameFolder) -> None:
    assert "000003.png: is missing" in damage(folder, 3)


def test_overwritten_pixels_are_detected(folder: FrameFolder, pixels: Pixels) -> None:
    folder.write(3, 255 - pixels, RECORD)
    assert folder.record(3) == RECORD, "reading the record does not read the pixels"
    assert "000003.png: damaged" in damage(folder, 3)


def test_every_flipped_bit_is_detected_or_harmless(folder: FrameFolder, pixels: Pixels) -> None:
    """Whatever is accepted has the record and pixels that were written; the rest is damaged, and nothing crashes."""
    folder.write(0, pixels, RECORD)
    whole = folder.path(0).read_bytes()
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << place % 8
        folder.path(0).write_bytes(flipped)
        folder.record(0)
        try:
            record = folder.verify(0)
        except CheckpointError:
            continue
        assert record == RECORD, f"byte {place}"
        assert np.array_equal(folder.read(0), pixels), f"byte {place}"


def test_a_decompression_bomb_is_not_a_frame(folder: FrameFolder, pixels: Pixels) -> None:
    """A header that claims 65,500 x 65,500 pixels."""
    folder.write(0, pixels, RECORD)
    bomb = bytearray(folder.path(0).read_bytes())
    bomb[16:24] = struct.pack(">II", 65_500, 65_500)
    bomb[29:33] = struct.pack(">I", zlib.crc32(bomb[12:29]))
    folder.path(0).write_bytes(bomb)
    assert folder.record(0) is None
    assert "000000.png: damaged" in damage(folder, 0)


def test_present_lists_the_numbers_of_the_files(folder: FrameFolder, pixels: Pixels) -> None:
    for index in (12, 3, 100):
        folder.write(index, pixels, RECORD)
    (folder.folder / "notes.png").touch()
    (folder.folder / ".000004.partial.png").touch()
    assert folder.present() == [3, 12, 100]
