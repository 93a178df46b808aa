"""The mark of pictures for two eyes: read back by ffmpeg, and nothing else of the file changes."""

import shutil
import subprocess
from pathlib import Path

import av
import imageio_ffmpeg
import pytest

from pipeline.video.containers.stereoscopic import mark
from render.errors import EncodingError

PROGRAMS = sorted({imageio_ffmpeg.get_ffmpeg_exe(), *filter(None, [shutil.which("ffmpeg")])})


def ffmpeg(program: str, *arguments: str) -> str:
    made = subprocess.run([program, "-hide_banner", *arguments], capture_output=True, text=True, check=False)
    return made.stdout + made.stderr


@pytest.mark.parametrize("name", ["begins.mp4", "ends.mp4", "ends.mov"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_marked_file_plays_the_same_and_says_what_it_shows(program: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    sources = ["-f", "lavfi", "-i", "testsrc=s=64x32:r=8:d=1", "-f", "lavfi", "-i", "sine=d=1"]
    place = ["-movflags", "+faststart"] if name.startswith("begins") else []
    ffmpeg(program, *sources, "-c:v", "libx264", "-c:a", "aac", *place, str(path))
    decoded = ffmpeg(program, "-loglevel", "error", "-i", str(path), "-f", "framemd5", "-")
    assert decoded.count("\n0,") == 8
    mark(path)
    assert ffmpeg(program, "-loglevel", "error", "-i", str(path), "-f", "framemd5", "-") == decoded
    told = ffmpeg(program, "-i", str(path))
    assert "side by side" in told
    assert told.count("side by side") == 1
    with av.open(str(path)) as opened:
        assert len(opened.streams.audio) == 1


def test_a_file_without_an_index_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x08mdat")
    with pytest.raises(EncodingError, match="no index"):
        mark(path)
