"""Titles and folders that look like options, protocols or ffmpeg syntax are treated as plain text."""

from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from pipeline.video import formats
from pipeline.video.ffmpeg import assemble

TITLES = [
    *("-o", "-y", "--", "../../x", "/etc/passwd", "file:/etc/passwd", "concat:a|b", "@/etc/passwd", "pipe:1"),
    *("%d", "%06d.png", "%n%n%s", "$(touch made)", "`touch made`", "; touch made", "&& touch made", "a | tee made"),
    *("a=b", "title=x", "a;b", "# no comment", "back\\slash", "trailing\\", "'single'", '"double"', "[in][out]"),
    *("comment=x -metadata artist=y", "a:b=c,d", "{}", "two\nlines", "artist=x\nalbum=y", "\ta\r\n", ";FFMETADATA1"),
    *("[CHAPTER]\nSTART=0", "\x1b[2J\x1b]0;x\x07", "mer — 海 — 🌊", "x" * 10_000, "=", "\\", "-metadata"),
]

RECIPE = formats.find("h264").recipe()


@pytest.fixture(scope="module")
def ffmpeg() -> str:
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def frames(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for index in range(2):
        Image.fromarray(np.full((32, 48, 3), 90 * index, dtype=np.uint8)).save(folder / f"{index:06d}.png")
    return folder / "%06d.png"


def metadata(video: Path) -> dict[str, str]:
    with av.open(str(video.resolve())) as container:
        assert container.streams.video[0].frames == 2
        assert len(container.streams) == 1
        return dict(container.metadata)


@pytest.mark.parametrize("title", TITLES, ids=lambda title: repr(title[:20]))
def test_a_title_is_stored_literally_without_side_effects(
    title: str, tmp_path: Path, ffmpeg: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assemble(ffmpeg, frames(tmp_path / "run" / "frames"), 2, 12.0, title, tmp_path / "run" / "video.mp4", RECIPE)
    read = metadata(tmp_path / "run" / "video.mp4")
    assert read.pop("title") == title
    assert read.keys() <= {"major_brand", "minor_version", "compatible_brands", "encoder"}
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        *("000000.png", "000001.png", "frames", "run", "video.mp4"),
    ]


@pytest.mark.parametrize(
    "name",
    ["-y", "%d", "%05d%%", "concat:a|b", "pipe:1", "a;b", "$(touch made)", "'q'", "two\nlines", "[a]", "\\", "🌊"],
)
def test_a_folder_may_have_any_name(name: str, tmp_path: Path, ffmpeg: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path(name)
    assemble(ffmpeg, frames(folder / "frames"), 2, 12.0, "sea", folder / "video.mp4", RECIPE)
    assert metadata(folder / "video.mp4")["title"] == "sea"
    assert [path.name for path in tmp_path.iterdir()] == [name]
