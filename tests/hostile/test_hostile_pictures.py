"""Malicious pictures at every key that names one: `render check` refuses each with its location, at once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.render.files.test_images import bitmap_header, gif_header, header, jpeg_header, png, webp_header

KEYS = {
    "prompts": "prompts: [{image: a.png}]\n",
    "start": "prompts: a sea\nstart: {image: a.png}\n",
    "start of a shot": "prompts: a sea\nshots: [{length: 1s, start: {image: a.png}}]\n",
    "guides": "prompts: a sea\nguides: {end: {image: a.png}}\n",
}
PICTURES = {
    "png of 10,000 million pixels": png(header(100_000, 100_000), (b"IDAT", b"x")),
    "png too wide": png(header(16_385, 1), (b"IDAT", b"x")),
    "jpeg": jpeg_header(60_000, 60_000),
    "gif": gif_header(60_000, 60_000),
    "bmp": bitmap_header(60_000, 60_000),
    "webp": webp_header(2**24, 2**24),
    "nothing": b"",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
    "a program for ghostscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "a playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n",
    "only png's first bytes": b"\x89PNG\r\n\x1a\n",
}


@pytest.mark.parametrize("content", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize("schedule", KEYS.values(), ids=KEYS)
def test_a_malicious_picture_is_refused(
    tmp_path: Path, refused: Callable[[Path, str], None], schedule: str, content: bytes
) -> None:
    (tmp_path / "a.png").write_bytes(content)
    (tmp_path / "s.yaml").write_text(schedule)
    refused(tmp_path / "s.yaml", r"a\.png: (expected|cannot be read|does not fit)")


@pytest.mark.parametrize("schedule", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("path", ["../a.png", "/etc/hostname", "http://localhost/a.png"])
def test_a_picture_elsewhere_is_refused(
    tmp_path: Path, refused: Callable[[Path, str], None], schedule: str, path: str
) -> None:
    (tmp_path / "s.yaml").write_text(schedule.replace("a.png", path))
    refused(tmp_path / "s.yaml", "no such file|outside|--allow-paths")
