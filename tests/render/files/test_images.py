"""Picture files of every kind, including malicious ones."""

import io
import re
import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from render.errors import InputError
from render.files.images import load_image, load_mask, require_image

RGB = [[(255, 0, 0), (0, 255, 0), (0, 0, 255)], [(0, 0, 0), (255, 255, 255), (51, 102, 204)]]


def picture(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(np.array(RGB, dtype=np.uint8)).convert(mode)


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def header(width: int, height: int, bits: int = 8, colour: int = 0) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.png", {}), ("a.bmp", {}), ("a.tif", {}), ("a.webp", {"lossless": True}), ("a.gif", {})],
)
def test_lossless_formats_give_the_same_pixels(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    path = tmp_path / name
    picture().save(path, **options)
    read = load_image(path)
    assert read.dtype == np.float32
    assert np.array_equal(read, np.array(RGB, dtype=np.float32) / np.float32(255))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpegs_are_read_within_compression_error(tmp_path: Path, mode: str) -> None:
    Image.new("RGB", (16, 16), (200, 200, 200)).convert(mode).save(tmp_path / "a.jpg", quality=95)
    assert load_image(tmp_path / "a.jpg") == pytest.approx(np.full((16, 16, 3), 200 / 255), abs=0.01)


def test_cmyk_colours_are_not_inverted(tmp_path: Path) -> None:
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "red.jpg", quality=95)
    assert load_image(tmp_path / "red.jpg")[8, 8] == pytest.approx([1, 0, 0], abs=0.02)


def test_the_format_is_detected_from_the_content_not_the_name(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.jpg", format="PNG")
    assert load_image(tmp_path / "a.jpg").shape == (2, 3, 3)


def test_16_bit_grey_keeps_its_depth(tmp_path: Path) -> None:
    levels = np.array([[0, 1, 257], [40000, 65534, 65535]], dtype=np.uint16)
    for name in ("a.png", "a.tif"):
        Image.fromarray(levels).save(tmp_path / name)
        assert load_image(tmp_path / name)[..., 1] == pytest.approx(levels / 65535, abs=1e-7)


def test_16_bit_colour_is_read_as_8_bit(tmp_path: Path) -> None:
    rows = b"\0" + struct.pack(">HHH", 65535, 32768, 0)
    content = png(header(1, 1, bits=16, colour=2), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    (tmp_path / "a.png").write_bytes(content)
    assert load_image(tmp_path / "a.png")[0, 0] == pytest.approx([1, 128 / 255, 0], abs=1e-6)


@pytest.mark.parametrize("mode", ["1", "L"])
def test_black_and_white_and_grey(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (2, 2), 255).save(tmp_path / "a.png")
    assert np.array_equal(load_image(tmp_path / "a.png"), np.ones((2, 2, 3)))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize(("cover", "level"), [(0, 1.0), (255, 0.0), (51, 0.8)])
def test_transparency_is_composited_over_white(tmp_path: Path, mode: str, cover: int, level: float) -> None:
    Image.new(mode, (2, 2), (0, 0, 0, cover) if mode == "RGBA" else (0, cover)).save(tmp_path / "a.png")
    assert load_image(tmp_path / "a.png") == pytest.approx(np.full((2, 2, 3), level), abs=1e-6)


def test_a_palette_with_a_transparent_entry(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putdata([0, 1])
    image.save(tmp_path / "a.png", transparency=0)
    assert load_image(tmp_path / "a.png").tolist() == [[[1, 1, 1], [0, 0, 1]]]


@pytest.mark.parametrize(("orientation", "turned"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_exif_turns_the_picture_upright(tmp_path: Path, orientation: int, turned: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture().save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(load_image(tmp_path / "a.png"), np.rot90(np.array(RGB, dtype=np.float32) / 255, turned))


@pytest.mark.parametrize("name", ["a.jpg", "a.tif", "a.webp"])
def test_exif_turns_photos_upright(tmp_path: Path, name: str) -> None:
    """Orientation 6, as a phone held upright writes it: the left of the stored picture is the top."""
    stored = Image.new("RGB", (64, 32), "blue")
    stored.paste("red", (0, 0, 32, 32))
    exif = Image.Exif()
    exif[0x0112] = 6
    stored.save(tmp_path / name, exif=exif)
    read = load_image(tmp_path / name)
    assert read.shape == (64, 32, 3)
    assert read[:24, :, 0].min() > 0.8 > 0.2 > read[40:, :, 0].max()


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0", b"Exif\0\0II*\0\xff\xff\xff\x7f"])
def test_a_damaged_exif_block_is_ignored(tmp_path: Path, exif: bytes) -> None:
    Image.new("RGB", (16, 8)).save(tmp_path / "a.jpg", exif=exif)
    assert load_image(tmp_path / "a.jpg").shape == (8, 16, 3)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.tif"])
def test_the_first_picture_of_several_is_used(tmp_path: Path, name: str) -> None:
    first, second = Image.new("RGB", (4, 4), "white"), Image.new("RGB", (4, 4), "black")
    first.save(tmp_path / name, save_all=True, append_images=[second])
    assert load_image(tmp_path / name).min() > 0.95


# what is refused


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_image(path)
    message = str(caught.value)
    with pytest.raises(InputError, match=re.escape(message)):
        load_mask(path)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert re.search("expected", message)
    return message.removeprefix(f"{path}: ")


def webp_header(width: int, height: int) -> bytes:
    canvas = struct.pack("<I", 0x10) + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    chunks = b"VP8X" + struct.pack("<I", 10) + canvas
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def bitmap_header(width: int, height: int) -> bytes:
    return struct.pack("<2sIHHI IiiHHIIiiII", b"BM", 54, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


def gif_header(width: int, height: int) -> bytes:
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", width, height, 0, 0, 0)
        + b","
        + struct.pack("<HHHHB", 0, 0, 1, 1, 0)
        + b"\x08\0;"
    )


def jpeg_header(width: int, height: int) -> bytes:
    content = io.BytesIO()
    picture().save(content, "JPEG")
    place = content.getvalue().index(b"\xff\xc0") + 5
    return content.getvalue()[:place] + struct.pack(">HH", height, width) + content.getvalue()[place + 4 :]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(png(header(100_000, 100_000), (b"IDAT", b"x")), id="png"),
        pytest.param(png(header(2**31 - 1, 2**31 - 1), (b"IDAT", b"x")), id="png of 4e18 pixels"),
        pytest.param(png(header(8_001, 8_000), (b"IDAT", b"x")), id="png a little over"),
        pytest.param(png(header(16_385, 1), (b"IDAT", b"x")), id="png too wide"),
        pytest.param(png(header(1, 16_385), (b"IDAT", b"x")), id="png too high"),
        pytest.param(jpeg_header(60_000, 60_000), id="jpeg"),
        pytest.param(gif_header(60_000, 60_000), id="gif"),
        pytest.param(bitmap_header(60_000, 60_000), id="bmp"),
    ],
)
def test_an_oversized_picture_is_refused_before_it_is_decoded(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bomb").write_bytes(content)
    tracemalloc.start()
    said = refused(tmp_path / "bomb")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert said.startswith("expected at most 64 million pixels and 16,384 on a side")
    assert peak < 4_000_000


def test_a_picture_at_the_limit_is_judged_by_its_pixels(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(header(16_384, 3_906), (b"IDAT", b"x"), (b"IEND", b"")))
    assert "million" not in refused(tmp_path / "a.png")


def test_a_canvas_that_webp_cannot_hold_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.webp").write_bytes(webp_header(2**24, 2**24))
    refused(tmp_path / "a.webp")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"just words\n", id="a text"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>", id="svg"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", id="a program for ghostscript"),
        pytest.param(b"\0" * 1000, id="zeros"),
        pytest.param(b"\x89PNG\r\n\x1a\n", id="only png's first bytes"),
    ],
)
def test_files_that_are_not_pictures_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    assert "a PNG, JPEG, WebP, BMP, TIFF or GIF picture" in refused(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.ppm", "a.ico", "a.tga", "a.pcx", "a.eps"])
def test_other_formats_are_refused(tmp_path: Path, name: str) -> None:
    picture().save(tmp_path / name)
    assert "expected a PNG, JPEG" in refused(tmp_path / name)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.bmp", "a.tif", "a.gif"])
def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path: Path, name: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    for share in (0.02, 0.3, 0.6, 0.9):
        (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
        refused(tmp_path / name)


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """200 MB of zeros in a few bytes."""
    squeeze = zlib.compressobj(1)
    return b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(200)) + squeeze.flush()


def test_a_png_that_inflates_to_more_pixels_than_it_declares(tmp_path: Path, bomb: bytes) -> None:
    (tmp_path / "a.png").write_bytes(png(header(8, 8), (b"IDAT", bomb), (b"IEND", b"")))
    tracemalloc.start()
    assert load_image(tmp_path / "a.png").shape == (8, 8, 3)  # the visible picture; the rest is never inflated
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP", b"iTXt"])
def test_compressed_text_chunks_cannot_exhaust_memory(tmp_path: Path, bomb: bytes, name: bytes) -> None:
    notes = b"note\0" + (b"\1\0\0\0" if name == b"iTXt" else b"\0") + bomb
    pixels = (b"IDAT", zlib.compress(b"\0\xff\xff\xff"))
    (tmp_path / "a.png").write_bytes(png(header(1, 1, colour=2), (name, notes), pixels, (b"IEND", b"")))
    tracemalloc.start()
    try:
        assert load_image(tmp_path / "a.png").tolist() == [[[1, 1, 1]]]
    except InputError as error:
        assert "expected" in str(error)  # noqa: PT017  either will do: it is read without the note, or refused
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_plain_text_chunks_are_ignored(tmp_path: Path) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("prompt", "../../etc/passwd\n\x1b[2J")
    picture().save(tmp_path / "a.png", pnginfo=notes)
    assert load_image(tmp_path / "a.png").shape == (2, 3, 3)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_32_bits_per_channel_are_refused(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (2, 2)).save(tmp_path / "a.tif")
    assert "8 or 16 are expected" in refused(tmp_path / "a.tif")


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path).startswith("not a file")
    assert refused(tmp_path / "a.png").startswith("no such file")


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n"
        + bytes.fromhex("0000000d49484452000000080000000808020000004b6d29dc")
        + (struct.pack(">I", 3) + b"tEXta\0b" + struct.pack(">I", zlib.crc32(b"tEXta\0b"))) * 200_000,
        b"\xff\xd8" + b"\xff\xfe\0\3a" * 200_000,
    ],
    ids=["png", "jpeg"],
)
def test_a_header_of_endless_chunks_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InputError, match="more than 100,000 reads"):
        load_image(tmp_path / "a")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(png(header(8, 8), (b"prVt", bytes(65_000_000)), (b"IDAT", b"x")), id="a chunk of a png"),
        pytest.param(b"RIFF" + struct.pack("<I", 70_000_000) + b"WEBPVP8X" + bytes(70_000_000), id="webp"),
    ],
)
def test_a_header_of_many_megabytes_is_refused_within_memory(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    tracemalloc.start()
    with pytest.raises(InputError, match="its header takes more than 64,000,000 bytes"):
        require_image(tmp_path / "a")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 200_000_000
