"""PNG files as every reader understands them."""

import io
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from pipeline.storage.png import Bytes, encode
from pipeline.video.ffmpeg import find_binary
from render.files.images import load_image
from tests.waiting import PATIENCE


def soft(height: int = 72, width: int = 128) -> Bytes:
    """A picture with soft shapes and fine noise."""
    y, x = np.mgrid[:height, :width]
    waves = np.stack([np.sin(x / 9 + y / 14), np.sin(x / 7 - y / 11), np.cos(x * y / 900)], -1)
    noise = np.random.default_rng(0).normal(0, 3, waves.shape)
    return np.clip(128 + 100 * waves + noise, 0, 255).astype(np.uint8)


def dithered() -> Bytes:
    """Four colours in the pattern of ordered dithering."""
    y, x = np.mgrid[:72, :128]
    threshold = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])[y % 4, x % 4] / 16
    colours = np.array([[10, 20, 60], [200, 80, 30], [240, 200, 120], [255, 250, 240]], np.uint8)
    pixels: Bytes = colours[np.clip((1.5 + 1.5 * np.sin(x / 30 + y / 40) + threshold).astype(int), 0, 3)]
    return pixels


PICTURES = {
    "soft": soft(),
    "dithered": dithered(),
    "noise": np.random.default_rng(1).integers(0, 256, (40, 33, 3), dtype=np.uint8),
    "flat": np.full((40, 33, 3), 255, np.uint8),
    "one pixel": np.array([[[1, 2, 3]]], np.uint8),
    "one row": soft(1, 50),
    "one column": soft(50, 1),
    "of a larger one": soft()[5:60:2, 3:99, ::-1],
}


def size_of_pillows(pixels: Bytes) -> int:
    """With zlib's level 3."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=3)
    return len(file.getvalue())


@pytest.mark.parametrize("name", PICTURES)
def test_pillow_and_our_reader_see_the_same_pixels(tmp_path: Path, name: str) -> None:
    pixels, path = PICTURES[name], tmp_path / "picture.png"
    path.write_bytes(encode(pixels, {"one": "a text", "other": "0.25"}))
    with Image.open(path) as image:
        image.verify()
    with Image.open(path) as image:
        assert (image.format, image.mode, image.info) == ("PNG", "RGB", {"one": "a text", "other": "0.25"})
        assert np.array_equal(np.asarray(image), pixels)
    assert np.array_equal(np.rint(load_image(path) * 255), pixels)


@pytest.mark.parametrize("binary", sorted({find_binary(None), imageio_ffmpeg.get_ffmpeg_exe()}))
@pytest.mark.parametrize("name", ["soft", "dithered", "one pixel"])
def test_ffmpeg_sees_the_same_pixels(name: str, binary: str) -> None:
    command = [binary, "-v", "error", "-f", "png_pipe", "-i", "-", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(command, input=encode(PICTURES[name], {}), capture_output=True, timeout=PATIENCE, check=True)
    assert done.stdout == PICTURES[name].tobytes()
    assert not done.stderr


def test_the_order_of_rows_and_their_neighbours_is_that_of_the_format() -> None:
    """Rows that are like those above them, then rows that are like their left neighbours; differences wrap around."""
    across, down = np.arange(31 * 3, dtype=np.uint8) * 37, np.arange(24, dtype=np.uint8) * 91
    pixels = np.concatenate([np.tile(across, (24, 1)), np.repeat(down[:, None], 93, 1)]).reshape(48, 31, 3)
    with Image.open(io.BytesIO(encode(pixels, {}))) as image:
        assert np.array_equal(np.asarray(image), pixels)


@pytest.mark.parametrize("name", ["soft", "dithered", "noise", "flat"])
def test_files_are_no_larger_than_those_of_pillow(name: str) -> None:
    assert len(encode(PICTURES[name], {})) <= 1.1 * size_of_pillows(PICTURES[name])
